#!/usr/bin/env python3
"""Compares what meters sent, and what the engine made of it, with what really flowed: see scripts/meter-check.

  meters.py FOLDER [--repeats]    of the check: readings.ndjson, serial.csv, modbus.csv, out/

With --repeats a reading may be there twice: a topic has some again that a killed gateway had not noted as sent.
"""

import csv
import json
import sys
from collections import defaultdict
from datetime import datetime
from pathlib import Path

# Class 0.5 S, and a register that shows whole Wh.
CLASS, WH = 0.005, 1.0

folder = Path(sys.argv[1])
failed = []


def check(holds, text):
    print(("  " if holds else "WRONG  ") + text)
    if not holds:
        failed.append(text)


def rows(path):
    with open(path, newline="") as file:
        yield from csv.DictReader(file)


def seconds(text):
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


truth = {}
for name in ("serial.csv", "modbus.csv"):
    for row in rows(folder / name):
        truth[row["meter"], int(row["end"])] = float(row["metered_wh"])

registers, events, sent, live = {}, defaultdict(set), defaultdict(int), defaultdict(list)
for line in open(folder / "readings.ndjson"):
    reading = json.loads(line)
    key = reading["meter"], reading["time"] // 1000
    events[reading["meter"]].update(reading.get("ev", []))
    if "p" in reading:
        live[reading["meter"]].append((key[1], reading["imp"]))
    else:
        sent[key] += 1
        registers[key] = reading["imp"]

# On Modbus there are live readings alone.
serial = {key for key in truth if key[0] != "M000003"}
check(set(registers) == serial, f"registers of each interval came: {len(registers)} of {len(serial)}")
if "--repeats" not in sys.argv:
    check(all(count == 1 for count in sent.values()), "none of them was sent on twice")
for key in sorted(registers):
    error = registers[key] - truth.get(key, float("nan"))
    check(
        abs(error) <= CLASS * truth.get(key, 0) + WH,
        f"{key[0]} at {key[1]}: {registers[key]} Wh of {truth.get(key, float('nan')):.1f} Wh",
    )
check(len(live["M000003"]) > 300, f"{len(live['M000003'])} readings by Modbus")

totals, begin = defaultdict(float), {}
for row in rows(folder / "out/csv/intervals.csv"):
    if row["imp_wh"]:
        totals[row["meter"], seconds(row["end"])] = float(row["imp_wh"])
for meter in sorted({meter for meter, _ in truth}):
    end = max(end for name, end in truth if name == meter)
    counted = sum(wh for (name, at), wh in totals.items() if name == meter and at <= end)
    flowed = truth[meter, end]
    check(
        abs(counted - flowed) <= CLASS * flowed + 2 * WH,
        f"{meter}: the engine's intervals add up to {counted:.0f} Wh of {flowed:.1f} Wh",
    )

check(69 in events["M000001"], "the earth return is event 69")
check(not events["M000003"] & {69, 65, 51}, "an honest meter has no such event")
check({301, 302} <= events["M000002"], "the relay that opened and closed is two events")
cases = [row for row in rows(folder / "out/csv/cases.csv")]
mine = [row for row in cases if "M000001" in row["target"] or "M000001" in row["id"]]
check(any("phase-neutral" in row["id"] for row in mine), f"the earth return opened its case: {[row['id'] for row in mine]}")
check(not [row for row in cases if row not in mine], "and no other meter has one")
sys.exit(1 if failed else 0)
