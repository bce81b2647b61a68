"""Outages of a simulated town as real meters show them, and how near the indices come to the truth. See
scripts/supply-check.

    outages.py write READINGS FOLDER [SEED]    writes a file of readings for each way of delivery
    outages.py compare WAY TOWN OUT            compares the results of a way with TOWN/outages.csv
"""

import csv
import json
import random
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import polars as pl

# How far an index may be off, in percent.
LIMIT = 3
DAY = timedelta(days=1)
MOMENTARY = timedelta(minutes=5)
# An interruption is known to the interval where no message shows more.
NEAR = timedelta(minutes=30)


def moment(ms):
    return datetime.fromtimestamp(ms / 1000, timezone.utc)


def write(readings, folder, seed="17"):
    chance, folder = random.Random(int(seed)), Path(folder)
    rows = []
    for line in Path(readings).read_text().splitlines():
        if not line.startswith("{"):
            continue
        raw = json.loads(line)
        time = raw["time"]
        time = moment(time) if isinstance(time, int) else datetime.fromisoformat(time)
        rows.append((raw["meter"], time, raw, line))
    meters = sorted({meter for meter, *_ in rows})
    (folder / "orderly.ndjson").write_text("\n".join(line for *_, line in rows) + "\n")
    # A quarter of the meters report neither a failure of supply nor its return.
    mute = set(chance.sample(meters, len(meters) // 4))
    with open(folder / "silent.ndjson", "w") as file:
        for meter, _, raw, line in rows:
            if meter in mute and "ev" in raw:
                raw = {key: value for key, value in raw.items() if key != "ev"}
                if len(raw) <= 2:
                    continue
                line = json.dumps(raw)
            file.write(line + "\n")
    # No meter reports anything.
    with open(folder / "mute.ndjson", "w") as file:
        for *_, raw, line in rows:
            if "ev" in raw:
                raw = {key: value for key, value in raw.items() if key != "ev"}
                line = json.dumps(raw)
            if len(raw) > 2:
                file.write(line + "\n")
    # 30 % deliver once a day, 3 % after three days, each in its own order.
    chance.shuffle(meters)
    daily = set(meters[: len(meters) * 30 // 100])
    seldom = set(meters[len(daily) : len(daily) + max(1, len(meters) * 3 // 100)])
    offset = {meter: chance.random() * DAY for meter in meters}
    first = min(time for _, time, *_ in rows)

    def arrival(row):
        meter, time = row[0], row[1]
        every = DAY if meter in daily else 3 * DAY if meter in seldom else None
        if every is None:
            return time
        return first + offset[meter] + ((time - first - offset[meter]) // every + 1) * every

    rows.sort(key=arrival)
    (folder / "bursts.ndjson").write_text("\n".join(line for *_, line in rows) + "\n")


def compare(way, town, out):
    town, out = Path(town), Path(out)
    with open(town / "topology.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    consumers = sum(row["role"] == "consumer" for row in rows)
    above = {row["meter"]: {("consumer", row["meter"]), ("transformer", row["transformer"]), ("feeder", row["feeder"])}
             for row in rows if row["role"] == "consumer"}
    below = {}
    for row in rows:
        if row["role"] == "consumer":
            below.setdefault(("transformer", row["transformer"]), ("feeder", row["feeder"]))
    truth = []
    with open(town / "outages.csv", newline="") as file:
        for row in csv.DictReader(file):
            begin, end = datetime.fromisoformat(row["from"]), datetime.fromisoformat(row["to"])
            truth.append((row["role"], row["target"], begin, end, int(row["consumers"])))
    sustained = [(begin, end, number) for *_, begin, end, number in truth if end - begin > MOMENTARY]
    saidi = sum(number * (end - begin) / timedelta(minutes=1) for begin, end, number in sustained) / consumers
    saifi = sum(number for *_, number in sustained) / consumers

    def is_true(role, target, start, end):
        own = above.get(target) if role == "consumer" else {(role, target), below.get((role, target))}
        inside = lambda true_role, true_target: (true_role, true_target) in own or (
            role == "feeder" and below.get((true_role, true_target)) == (role, target))
        return any(inside(true_role, true_target) and start <= until + NEAR and end >= begin - NEAR
                   for true_role, true_target, begin, until, _ in truth)

    rows, interruptions, invented = 0, 0, 0
    for row in pl.read_parquet(out / "outages.parquet").iter_rows(named=True):
        if row["kind"] != "sustained":
            continue
        rows, interruptions = rows + 1, interruptions + row["consumers"]
        if not is_true(row["role"], row["target"], row["start"], row["end"]):
            invented += row["consumers"]
            print("never was:", row["role"], row["target"], row["start"], row["end"], row["cause"])
    months = pl.read_parquet(out / "supply.parquet").filter(pl.col("area").cast(pl.String) == "all")
    now = [months["saidi_min"].sum(), months["saifi"].sum()]
    now.append(now[0] / max(now[1], 1e-9))
    off = [100 * (one / other - 1) for one, other in zip(now, [saidi, saifi, saidi / saifi])]
    print(f"{way:8} SAIDI {now[0]:7.1f} min ({off[0]:+5.1f} %)  SAIFI {now[1]:6.3f} ({off[1]:+5.1f} %)  "
          f"CAIDI {now[2]:6.1f} min ({off[2]:+5.1f} %)  {100 * invented / max(interruptions, 1):.2f} % invented; "
          f"{rows} rows of {len(sustained)} sustained outages")
    return all(abs(one) <= LIMIT for one in off) and invented <= interruptions / 100


if sys.argv[1] == "write":
    write(*sys.argv[2:])
elif not compare(*sys.argv[2:5]):
    sys.exit(1)
