"""J2 by polars: quarter-hours to profile, peak demand, load factor and the 5th percentile of the power factor of each
meter, streaming; then compares with what a replay made of them. See scripts/j2.

    j2.py READINGS OUT      OUT is that of a replay of pipelines/j2.toml
"""

import json
import resource
import sys
import time

import polars as pl

readings, out = sys.argv[1:]
began = time.perf_counter()


def of_phases(name):
    return pl.coalesce(pl.col(name), pl.sum_horizontal(*[f"{name}_{phase}" for phase in "abc"], ignore_nulls=False)).cast(pl.Float64)


# A reading holds the mean power of the quarter of an hour before it.
rows = pl.scan_parquet(readings).select("meter", "time", p=of_phases("p"), q=of_phases("q"))
start = (pl.col("time") - pl.duration(minutes=15)).dt.convert_time_zone("Asia/Kolkata")
weekday = start.dt.weekday()
rows = rows.with_columns(
    hour=start.dt.hour(),
    day_type=pl.when(weekday == 7).then(pl.lit("sunday")).when(weekday == 6).then(pl.lit("saturday")).otherwise(pl.lit("weekday")),
    month=start.dt.month(),
    imp=pl.max_horizontal("p", 0.0),
    pf=pl.when(pl.col("p") >= 0).then(pl.col("p") / (pl.col("p") ** 2 + pl.col("q") ** 2).sqrt()),
)
profiles = rows.group_by("meter", "day_type", "hour").agg(pl.col("p").mean().alias("mean_w"))
demand = rows.group_by("meter", "month").agg(
    block_w=pl.col("imp").max(), mean_w=pl.col("imp").mean(), pf_p05=pl.col("pf").quantile(0.05, "linear"),
).with_columns(load_factor=pl.col("mean_w") / pl.col("block_w"))
profiles, demand = pl.collect_all([profiles, demand], engine="streaming")
wall, used = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
cpu = used.ru_utime + used.ru_stime
count = pl.scan_parquet(readings).select(pl.len()).collect().item()
with open(f"{out}/summary.json") as file:
    summary = json.load(file)


def row(who, cpu, wall, memory):
    print(f"{who}: {count / cpu / 1e6:.2f} M readings a CPU second, {wall:.1f} s, {memory / 1e6:.0f} MB")


print(f"J2: {count} readings of {len(demand.select('meter').unique())} meters")
row("gridwarden", summary["cpu_s"], summary["wall_s"], summary["peak_rss_bytes"])
row(f"polars {pl.__version__}, streaming", cpu, wall, used.ru_maxrss * 1024)
print(f"ratio: {cpu / summary['cpu_s']:.2f} times the readings a CPU second, {used.ru_maxrss * 1024 / summary['peak_rss_bytes']:.0f} times less memory")



def check(what, ours, theirs, keys, name, allowed):
    """Rows are the same; no number is further off than it may be, but one in a hundred of what is only estimated."""
    both = ours.join(theirs, on=keys, how="full", suffix="_theirs", coalesce=True)
    assert len(both) == len(ours) == len(theirs), f"{what}: {len(ours)} rows, polars has {len(theirs)}"
    off = (pl.col(name) - pl.col(f"{name}_theirs")).abs()
    far = both.filter(off > allowed)
    most = 0.01 if name == "pf_p05" else 0.0
    assert len(far) <= most * len(both), f"{what}.{name}: {len(far)} of {len(both)} are off\n{far.select(*keys, name, f'{name}_theirs')}"
    print(f"{what}.{name}: {len(both)} rows, most off {both.select(off.max()).item():.1g}, 99 % within {both.select(off.quantile(0.99)).item():.1g}")


# Two neighbouring whole watt-hours of a quarter of an hour differ by 4 W. With a half-life of 1,000 days the profile is nearly a
# plain mean.
text = {"meter": pl.String, "day_type": pl.String, "slot": pl.String}
ours = pl.read_parquet(f"{out}/profiles.parquet").cast(text)
theirs = profiles.with_columns(slot=pl.format("{}:00", pl.col("hour").cast(pl.String).str.zfill(2)))
spread = 2.0 + 0.02 * (pl.col("spread_w") + pl.col("mean_w").abs())
check("profiles", ours, theirs, ["meter", "day_type", "slot"], "mean_w", spread)
month = pl.col("start").dt.convert_time_zone("Asia/Kolkata").dt.month()
ours = pl.read_parquet(f"{out}/demand.parquet").cast({"meter": pl.String}).with_columns(month=month)
check("demand", ours, demand, ["meter", "month"], "block_w", 2.01)
check("demand", ours, demand, ["meter", "month"], "load_factor", 2.01 / pl.col("block_w"))
# Classes are 0.005 wide.
check("demand", ours, demand, ["meter", "month"], "pf_p05", 0.005)
