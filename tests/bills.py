"""Compares bills with registers: energy and peak of every billing period that has registers at both ends.

    bills.py READINGS OUT TIME_ZONE MINUTES

READINGS is a Parquet file with meter, time and imp; OUT is a folder of outputs with demand.parquet and
intervals.parquet; MINUTES is the length of an interval and of a block. The exit code is the answer.
"""

import sys

import polars as pl

readings, out, zone, minutes = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
registers = (
    pl.scan_parquet(readings)
    .select(pl.col("meter").cast(pl.String), pl.col("time").cast(pl.Datetime("ms", "UTC")), pl.col("imp").cast(pl.Int64))
    .drop_nulls()
    .unique(["meter", "time"])
    .sort("meter", "time")
    .collect()
)
local = registers.with_columns(local=pl.col("time").dt.convert_time_zone(zone))
# The reading at the end of a period is the one at the start of the next.
edges = local.filter(pl.col("local") == pl.col("local").dt.truncate("1mo"))
periods = edges.with_columns(
    end=pl.col("time").shift(-1).over("meter"),
    last=pl.col("imp").shift(-1).over("meter"),
    month=pl.col("local").dt.offset_by("1mo").dt.convert_time_zone("UTC"),
).filter(pl.col("end") == pl.col("month"))
periods = periods.select("meter", start="time", end="end", registered=pl.col("last") - pl.col("imp"))

# The highest block between two registers that are one block apart.
blocks = local.with_columns(
    wh=pl.col("imp").diff().over("meter"), apart=pl.col("time").diff().over("meter")
).filter(pl.col("apart") == pl.duration(minutes=minutes))
blocks = blocks.with_columns(
    start=(pl.col("local") - pl.duration(minutes=minutes)).dt.truncate("1mo").dt.convert_time_zone("UTC")
)
peaks = blocks.group_by("meter", "start").agg(peak=pl.col("wh").max() * 60 / minutes)

utc = lambda name: pl.col(name).cast(pl.Datetime("ms", "UTC"))
demand = pl.read_parquet(f"{out}/demand.parquet").with_columns(utc("start"), utc("end"))
demand = demand.filter(pl.col("zone").cast(pl.String) == "all").with_columns(pl.col("meter").cast(pl.String))
bills = periods.join(demand, on=["meter", "start", "end"], how="left").join(peaks, on=["meter", "start"], how="left")

valid = pl.read_parquet(f"{out}/intervals.parquet", columns=["meter", "start", "valid_wh", "quality"])
valid = valid.with_columns(pl.col("meter").cast(pl.String), utc("start"))
by_month = valid.with_columns(
    start=pl.col("start").dt.convert_time_zone(zone).dt.truncate("1mo").dt.convert_time_zone("UTC")
)
by_month = by_month.group_by("meter", "start").agg(pl.col("valid_wh").sum())
bills = bills.join(by_month, on=["meter", "start"], how="left")

wrong_energy = bills.filter(pl.col("energy_wh").fill_null(-1) != pl.col("registered"))
wrong_valid = bills.filter(pl.col("valid_wh").fill_null(-1) != pl.col("registered"))
wrong_peak = bills.filter((pl.col("block_w").fill_null(-1) - pl.col("peak")).abs() > pl.col("peak") * 1e-6)
print(f"{len(bills):,} months of {bills['meter'].n_unique()} meters with registers at both ends: "
      f"{len(wrong_energy)} with another energy_wh, {len(wrong_valid)} with another sum of valid_wh, "
      f"{len(wrong_peak)} with another peak")
for wrong in (wrong_energy, wrong_valid, wrong_peak):
    if len(wrong):
        print(wrong.select("meter", "start", "registered", "energy_wh", "valid_wh", "block_w", "peak", "estimated_hours"))
sys.exit(bool(len(wrong_energy) + len(wrong_valid) + len(wrong_peak)) or not len(bills))
