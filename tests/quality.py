"""Prints how many intervals and meters each rule of data quality has flagged. See scripts/quality-check.

    quality.py INTERVALS
"""

import sys

import polars as pl

RULES = ["zero-run", "flat", "spike", "high", "low", "reverse", "unit", "power-factor"]

rows = pl.read_parquet(sys.argv[1], columns=["meter", "imp_wh", "quality"]).cast({"quality": pl.String})
print(f"{len(rows):,} intervals of {rows['meter'].n_unique()} meters")
for rule in RULES:
    flagged = rows.filter(pl.col("quality").str.split(",").list.contains(rule))
    few = flagged.filter(pl.col("imp_wh") <= 2)
    print(f"{rule:13} {len(flagged):6} intervals, {1e6 * len(flagged) / len(rows):7.1f} in a million, "
          f"{flagged['meter'].n_unique():3} meters; {len(few)} of them of 2 Wh or less")
