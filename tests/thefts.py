"""Compares the cases of simulated towns with the truth about them. See scripts/theft-check.

    thefts.py DAYS TOWN...

A TOWN is a folder with topology.csv, truth.csv and out/csv/cases.csv.
"""

import csv
import math
import sys
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

# At least so much of the thefts of a kind must be found, where a detector looks for the kind.
LEAST_FOUND = {
    "neutral-bypass": 0.9,
    "earth-return": 0.9,
    "missing-neutral": 0.9,
    "magnet": 0.8,
    "cover-then-drop": 0.6,
    "potential-link-open": 0.9,
    "reversed-ct": 0.9,
    "ct-open": 0.9,
    "use-after-disconnection": 0.9,
    "under-registration": 0.9,
    "zeroed-window": 0.8,
    "night-bypass": 0.6,
}
# At most so many of the meters with an innocent cause may get a case; one of them in any town.
MOST_ACCUSED = 0.02
# A theft counts from this share of the use and this much energy a day on; less is in the column `small`.
SHARE, WH_A_DAY = 0.15, 1000
# These take no energy that any register of theirs should have counted.
WITHOUT_LOSS = {"tariff-misuse", "unindexed", "hooking"}
# A case of these kinds names an innocent cause that wants mending, and accuses nobody.
MENDING = {
    "wrong-transformer", "wrong-multiplier", "solar-unregistered", "generator-backfeed", "swapped-wires",
    "shared-neutral", "meter-error", "communication-gap",
}
# A case may open on what was measured before the theft ended.
AFTER = timedelta(days=3)
DAY = timedelta(days=1)


def time(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class Town:
    def __init__(self, folder):
        self.truth = rows(folder / "truth.csv")
        self.meters = {row["meter"] for row in rows(folder / "topology.csv") if row["role"] == "consumer"}
        self.cases = defaultdict(list)
        for case in rows(folder / "out/csv/cases.csv"):
            if case["kind"] not in MENDING:
                self.cases[case["target"].partition("/")[2]].append((time(case["opened"]), case["kind"]))

    def guilty(self):
        return [row for row in self.truth if row["guilty"] == "true"]

    def innocent(self):
        thieves = {row["meter"] for row in self.guilty()}
        return [row for row in self.truth if row["guilty"] != "true" and row["meter"] not in thieves]

    def cases_of(self, row):
        targets = {row["meter"]}
        if row["kind"] in ("hooking", "unindexed"):
            targets.add(row["transformer"])
        return sorted(case for target in targets for case in self.cases.get(target, []))


def is_small(row):
    if row["kind"] in WITHOUT_LOSS or not row["wh_used"]:
        return False
    days = (time(row["to"]) - time(row["from"])) / DAY
    lost, used = int(row["wh_lost"]), int(row["wh_used"])
    return lost < SHARE * used or lost < WH_A_DAY * days


class Theft:
    """The thefts of one kind, and how soon each got a case."""

    def __init__(self):
        self.delays, self.watched, self.small, self.by = [], [], 0, defaultdict(int)

    def add(self, town, row):
        if is_small(row):
            self.small += 1
            return
        begin, end = time(row["from"]), time(row["to"])
        inside = [(opened, kind) for opened, kind in town.cases_of(row) if begin < opened <= end + AFTER]
        self.watched.append((end - begin) / DAY)
        self.delays.append((inside[0][0] - begin) / DAY if inside else None)
        if inside:
            self.by[inside[0][1]] += 1

    def found(self):
        return [delay for delay in self.delays if delay is not None]

    def within(self, days):
        """How many were found in so many days, of those that were seen for as long or found sooner."""
        soon = [delay is not None and delay <= days for delay in self.delays]
        seen = [is_soon or watched >= days for is_soon, watched in zip(soon, self.watched)]
        return f"{sum(soon)} of {sum(seen)}"

    def line(self, kind):
        found = self.found()
        delay = f"{median(found):.1f} d" if found else "-"
        by = ", ".join(sorted(self.by, key=lambda name: -self.by[name]))
        counts = f"{len(self.delays):7} | {len(found):5}"
        in_time = " | ".join(f"{self.within(days):>10}" for days in (2, 14, 30))
        return f"| {kind:23} | {counts} | {in_time} | {delay:>6} | {self.small:5} | {by} |"


def poisson(count):
    """The exact 95 % interval of a Poisson mean, by bisection."""

    def below(mean, most):
        return sum(math.exp(-mean + k * math.log(mean) - math.lgamma(k + 1)) for k in range(most + 1))

    def solve(reached):
        low, high = 1e-9, 3 * count + 20
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (low, middle) if reached(middle) else (middle, high)
        return low

    low = solve(lambda mean: 1 - below(mean, count - 1) >= 0.025) if count else 0.0
    return low, solve(lambda mean: below(mean, count) <= 0.025)


def print_thefts(towns):
    thefts = defaultdict(Theft)
    for town in towns:
        for row in town.guilty():
            thefts[row["kind"]].add(town, row)
    print("| theft                   | present | found |  in 2 days | in 14 days | in 30 days | median | small | by |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for kind in sorted(thefts, key=lambda kind: (-len(thefts[kind].found()), kind)):
        print(thefts[kind].line(kind))
    return thefts


def print_innocent(towns):
    present, accused, by = defaultdict(set), defaultdict(set), defaultdict(set)
    for number, town in enumerate(towns):
        for row in town.innocent():
            present[row["kind"]].add((number, row["meter"]))
            for _, kind in town.cases_of(row):
                accused[row["kind"]].add((number, row["meter"]))
                by[row["kind"]].add(kind)
    print("\n| innocent cause          | present | with a case | by |\n| --- | --- | --- | --- |")
    for kind in sorted(present, key=lambda kind: (-len(accused[kind]), kind)):
        print(f"| {kind:23} | {len(present[kind]):7} | {len(accused[kind]):11} | {', '.join(sorted(by[kind]))} |")
    return len(set().union(*present.values())), len(set().union(*accused.values()))


def print_false(towns, days):
    """Cases at meters about which the truth has nothing to say, and at others before their theft began."""
    honest, early = [], 0
    for town in towns:
        known = {row["meter"] for row in town.truth}
        transformers = {row["transformer"] for row in town.truth}
        for target, cases in town.cases.items():
            if target not in known and target not in transformers:
                honest += [f"{target} {kind} {opened}" for opened, kind in cases]
        for row in town.guilty():
            early += sum(opened <= time(row["from"]) for opened, _ in town.cases_of(row))
    meters = sum(len(town.meters) for town in towns)
    months = meters / 1000 * days / 30.4
    low, high = poisson(len(honest) + early)
    rate = f"{(len(honest) + early) / months:.2f} (95 %: {low / months:.2f} to {high / months:.2f})"
    print(f"\n{meters:,} meters, {days} days, towns: {len(towns)}")
    print(f"cases at plain honest meters: {len(honest)}; cases before a theft began: {early}")
    print(f"false cases for 1,000 meters and a month of 30.4 days: {rate}")
    return honest


def main():
    days, towns = int(sys.argv[1]), [Town(Path(folder)) for folder in sys.argv[2:]]
    thefts = print_thefts(towns)
    present, accused = print_innocent(towns)
    honest = print_false(towns, days)
    wrong = [f"a plain honest meter has a case: {case}" for case in honest]
    if accused > max(1, MOST_ACCUSED * present):
        wrong.append(f"{accused} of {present} innocent meters have a case, at most {MOST_ACCUSED:.0%} may")
    for kind, least in LEAST_FOUND.items():
        found, all_of = len(thefts[kind].found()), len(thefts[kind].delays)
        if all_of - found > math.floor((1 - least) * all_of + 1e-9):
            wrong.append(f"{kind}: {found} of {all_of} are found, {least:.0%} must be")
    print("\n".join(["", *wrong]) if wrong else "\nall is as it must be")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
