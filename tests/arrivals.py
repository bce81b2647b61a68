"""The readings of an area as real meters deliver them, and whether the results stay whole. See scripts/arrivals-check.

    arrivals.py write ORDERLY TOPOLOGY FOLDER     writes a file of readings for each way of delivery
    arrivals.py gasps ORDERLY FOLDER              the same for a town with outages, whose last gasps come at once
    arrivals.py compare WAY ORDERLY OUT TRUTH     compares the results of a way with those of the orderly file
"""

import csv
import json
import random
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import polars as pl

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


def moment(ms):
    return datetime.fromtimestamp(ms / 1000, timezone.utc)


def stamp(time):
    return round(time.timestamp() * 1000)


def places(topology):
    with open(topology, newline="") as file:
        return {row["meter"]: row for row in csv.DictReader(file)}


def concentrator(topology):
    """The meters of one concentrator: those of the first two transformers."""
    rows = places(topology)
    first = sorted({row["transformer"] for row in rows.values() if row["transformer"]})[:2]
    return {meter for meter, row in rows.items() if row["transformer"] in first}


def bursts(readings, chance):
    """30 % of the meters deliver once a day, 3 % after three days, each in its own order. Messages that hold an event alone
    come at once."""
    meters = sorted({meter for meter, _, _ in readings})
    chance.shuffle(meters)
    daily = set(meters[: len(meters) * 30 // 100])
    seldom = set(meters[len(daily) : len(daily) + max(1, len(meters) * 3 // 100)])
    offset = {meter: chance.random() * DAY for meter in meters}
    first = min(time for _, time, _ in readings)

    def arrival(meter, time, line):
        every = DAY if meter in daily else 3 * DAY if meter in seldom else None
        if every is None or '"imp"' not in line:
            return time + 5 * SECOND
        passed = (time - first - offset[meter]) // every + 1
        return first + offset[meter] + passed * every

    # The sort keeps the order of each meter.
    return sorted(readings, key=lambda one: arrival(*one))


def seconds_off(readings, chance):
    """Every meter stamps 1 to 50 s after the quarter, each by its own number of seconds."""
    off = {}
    for meter, time, line in readings:
        late = off.setdefault(meter, chance.randint(1, 50))
        raw = json.loads(line)
        raw["time"] = stamp(time + late * SECOND)
        yield time + late * SECOND, json.dumps(raw)


def missing(readings, topology, chance):
    """From the third day on, a tenth of the consumers send nothing any more."""
    rows = places(topology)
    consumers = sorted({meter for meter, _, _ in readings if rows[meter]["role"] == "consumer"})
    gone = set(chance.sample(consumers, len(consumers) // 10))
    since = min(time for _, time, _ in readings) + 3 * DAY
    return (line for meter, time, line in readings if meter not in gone or time < since)


def read(orderly):
    for line in Path(orderly).read_text().splitlines():
        raw = json.loads(line)
        yield raw["meter"], moment(raw["time"]), line


def put_into(folder, way, lines):
    (Path(folder) / f"{way}.ndjson").write_text("\n".join(lines) + "\n")


def write_gasps(orderly, folder):
    readings = list(read(orderly))
    put_into(folder, "outages", (line for _, _, line in readings))
    put_into(folder, "gasps", (line for _, _, line in bursts(readings, random.Random(13))))


def write(orderly, topology, folder):
    readings = list(read(orderly))
    chance = random.Random(13)

    def put(way, lines):
        put_into(folder, way, lines)

    put("orderly", (line for _, _, line in readings))
    put("bursts", (line for _, _, line in bursts(readings, chance)))
    put("by-meter", (line for _, _, line in sorted(readings, key=lambda one: one[0])))
    put("missing", missing(readings, topology, random.Random(14)))
    fast, ahead = concentrator(topology), []
    for meter, time, line in readings:
        if meter in fast:
            raw = json.loads(line)
            raw["time"] = stamp(time + timedelta(hours=1))
            line = json.dumps(raw)
        ahead.append(line)
    put("ahead", ahead)
    future = [line for _, _, line in readings]
    names = sorted({meter for meter, _, _ in readings})[:4]
    for place in range(16):
        at = len(future) // 2 + place * 40
        time = datetime(2099, 1, 1, place, tzinfo=timezone.utc)
        absurd = {"meter": names[place % 4], "time": stamp(time), "imp": 1000 + place}
        future.insert(at, json.dumps(absurd))
    put("future", future)
    put("seconds", (line for _, line in sorted(seconds_off(readings, chance), key=lambda one: one[0])))


def thieves(out, truth):
    with open(truth, newline="") as file:
        guilty = {row["meter"] for row in csv.DictReader(file) if row["guilty"] == "true"}
    cases = pl.read_parquet(out / "cases.parquet")
    found = {target.rsplit("/", 1)[-1] for target in cases["target"].cast(pl.String).to_list()}
    return len(guilty & found), len(guilty), len(found - guilty)


def cases_that_differ(orderly, out):
    """How many cases one of the two has and the other has not, with all their numbers and evidence."""
    def read(folder, name):
        rows = pl.read_parquet(folder / name)
        return {json.dumps(row, default=str, sort_keys=True) for row in rows.to_dicts()}
    both = [read(orderly, name) ^ read(out, name) for name in ["cases.parquet", "evidence.parquet"]]
    return len(both[0] | both[1])


def intervals(out):
    rows = pl.read_parquet(out / "intervals.parquet", columns=["meter", "end", "imp_wh", "readings", "quality"])
    return rows.with_columns(pl.col("meter").cast(pl.String), pl.col("quality").cast(pl.String))


def balances_that_differ(orderly, out):
    """How many balances have other sums than in order, and how many there are."""
    def read(folder):
        rows = pl.read_parquet(folder / "balance.parquet")
        return rows.with_columns(pl.col("transformer").cast(pl.String))
    both = read(orderly).join(read(out), on=["transformer", "end"], how="left", suffix="_now")
    same = pl.lit(True)
    for column in ["supplied_wh", "consumed_wh", "meters", "reporting"]:
        same &= pl.col(column).eq_missing(pl.col(column + "_now"))
    return both.filter(~same).height, both.height


def demand(out):
    """Demand of groups, and what rows of meters say about the others."""
    rows = pl.read_parquet(out / "demand.parquet").with_columns(pl.col("meter").cast(pl.String), pl.col("zone").cast(pl.String))
    is_group = (pl.col("meter") == "system") | pl.col("meter").str.contains("/")
    # Whether late rows could still have joined when the run ended depends on the order.
    groups = rows.filter(is_group).drop("final")
    meters = rows.filter(~is_group & (pl.col("zone") == "all"))
    return groups, meters.select("meter", "start", "zone", "coincident_w", "peer_ratio")


def rows_that_differ(before, now):
    """How many rows one of the two has and the other has not, by their key."""
    key = ["meter", "start", "zone"]
    both = before.join(now, on=key, how="full", suffix="_now", coalesce=True)
    same = pl.lit(True)
    for column in before.columns:
        if column not in key:
            same &= pl.col(column).eq_missing(pl.col(column + "_now"))
    return both.filter(~same).height, both.height


def compare_missing(orderly, out):
    """How near the estimates for missing consumers come to what these really used."""
    columns = ["transformer", "end", "consumed_wh", "estimated_wh", "gap_wh", "gap_low_wh", "gap_high_wh", "meters", "reporting"]
    def read(folder):
        rows = pl.read_parquet(Path(folder) / "balance.parquet", columns=columns)
        return rows.with_columns(pl.col("transformer").cast(pl.String))
    short = read(out).filter(pl.col("reporting") < pl.col("meters"))
    both = short.join(read(orderly), on=["transformer", "end"], suffix="_true").filter(
        pl.col("reporting_true") == pl.col("meters_true"))
    known = both.filter(pl.col("gap_wh").is_not_null() & pl.col("gap_wh_true").is_not_null())
    within = known.filter(
        (pl.col("gap_low_wh") <= pl.col("gap_wh_true")) & (pl.col("gap_wh_true") <= pl.col("gap_high_wh"))).height
    used = (known["consumed_wh_true"] - known["consumed_wh"]).sum()
    estimated = known["estimated_wh"].sum()
    print(f"missing   {known.height:,} of {both.height:,} balances with someone missing have a gap; the true one is within "
          f"the bounds of {100 * within / known.height:.1f} %; estimated {estimated / 1000:,.0f} of {used / 1000:,.0f} kWh")
    if within < 0.95 * known.height:
        print("error: missing: less than 95 % of the true gaps are within the bounds")
        return False
    return True


def compare(way, orderly, out, truth):
    orderly, out = Path(orderly), Path(out)
    before, now = intervals(orderly), intervals(out)
    summary = json.loads((out / "summary.json").read_text())
    if way == "ahead":
        fast = concentrator(truth.replace("truth.csv", "topology.csv"))
        hour = pl.when(pl.col("meter").is_in(list(fast))).then(timedelta(hours=1)).otherwise(timedelta())
        before = before.with_columns(pl.col("end") + hour)
    both = before.join(now, on=["meter", "end"], how="left", suffix="_now")
    same = pl.lit(True)
    for column in ["imp_wh", "readings", "quality"]:
        same &= pl.col(column).eq_missing(pl.col(column + "_now"))
    wrong = both.filter(~same)
    balances = pl.read_parquet(out / "balance.parquet")
    partial = balances.filter((pl.col("quality").cast(pl.String) == "measured") & (pl.col("reporting") < pl.col("meters")))
    other_sums, all_balances = balances_that_differ(orderly, out)
    found, guilty, others = thieves(out, truth)
    other_cases = cases_that_differ(orderly, out)
    (groups_before, meters_before), (groups_now, meters_now) = demand(orderly), demand(out)
    other_groups, all_groups = rows_that_differ(groups_before, groups_now)
    other_shares, all_shares = rows_that_differ(meters_before, meters_now)
    measured = now.filter(pl.col("quality").is_in(["measured", "disagrees"])).height
    energy = lambda rows: rows.group_by("meter").agg(pl.col("imp_wh").sum()).sort("meter")
    print(f"{way:9} {wrong.height:7,} of {before.height:,} intervals lost or wrong; "
          f"{100 * measured / now.height:5.1f} % measured; {summary['late']:6,} late; "
          f"{partial.height:5,} balances measured in part, {other_sums:,} of {all_balances:,} with other sums; {found} of {guilty} thieves, {others} others, "
          f"{other_cases} rows of cases and evidence differ; {other_groups} of {all_groups} rows of demand of groups differ, "
          f"{other_shares} of {all_shares} of meters in coincident_w or peer_ratio")
    failures = []
    if partial.height:
        failures.append("a balance is called measured although a consumer is missing")
    if way in ["bursts", "future", "gasps"] and other_sums:
        failures.append("balances do not end at the sums of the orderly file")
    if way in ["bursts", "future", "gasps"] and other_cases:
        failures.append("cases are not those of the orderly file")
    if way in ["bursts", "future", "gasps"] and (other_groups or not all_groups):
        failures.append("demand of groups is not that of the orderly file")
    if way == "seconds":
        if measured < 0.9 * now.height:
            failures.append("less than 90 % of the intervals are measured")
        if not energy(before).equals(energy(now)):
            failures.append("the energy of a meter is not that of its registers")
    elif wrong.height:
        failures.append("intervals are lost or wrong")
        print(wrong.head(5))
    for failure in failures:
        print(f"error: {way}: {failure}")
    return not failures


if sys.argv[1] == "write":
    write(*sys.argv[2:5])
elif sys.argv[1] == "gasps":
    write_gasps(*sys.argv[2:4])
elif not (compare_missing(*sys.argv[3:5]) if sys.argv[2] == "missing" else compare(*sys.argv[2:6])):
    sys.exit(1)
