"""Runs `gridwarden lab backtest` on public loads and compares its scores with their limits.

The limits are what a backtest of two years ago must not lose: the better of a direct ridge, a LightGBM and their mean
on the same protocol, or the aim beyond them.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

LAB, DATA, WORK = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
DECILES = ".1,.2,.3,.4,.5,.6,.7,.8,.9"
CENTILES = [f"0.{centile:02}" for centile in range(1, 100)]
failed = False


def row(what, value, limit, is_good):
    global failed
    failed |= not is_good
    print(f"{what:58} {value:>9.4f}   {limit:14} {'' if is_good else 'WORSE'}", flush=True)


def at_most(what, value, limit):
    row(what, value, f"at most {limit}", value <= limit)


def backtest(name, series, *options, quantiles=DECILES):
    out = WORK / name
    command = [LAB, "-q", "backtest", "--series", series, "--out", out, "--quantiles", quantiles, *options]
    subprocess.run([str(part) for part in command], check=True)
    return json.loads((out / "scores.json").read_text()), out


def victoria(path):
    year = ["--from", "2013-12-31T13:00:00Z", "--to", "2014-12-31T13:00:00Z"]
    common = ["--target", "mw", "--zone", "Australia/Melbourne", "--step", "30m", *year]
    day = ["--horizon", "1d", "--every", "1d"]
    weather = ["--known", "temp_c,holiday"]
    scores, _ = backtest("victoria", path, *common, *day, *weather)
    at_most("Victoria 2014, a day ahead: MAPE %", scores["overall"]["mape"], 2.20)
    at_most("  WQL", scores["overall"]["wql"], 0.0181)
    at_most("  CPU seconds", scores["cpu_seconds"], 20)
    at_most("  80 % interval: coverage away from .80", abs(scores["overall"]["coverage_80"] - 0.8), 0.02)
    scores, _ = backtest("victoria-ridge", path, *common, *day, *weather, "--models", "ridge")
    at_most("  ridge alone: MAPE %", scores["overall"]["mape"], 2.35)
    at_most("  ridge alone: WQL", scores["overall"]["wql"], 0.0193)
    at_most("  ridge alone: CPU seconds", scores["cpu_seconds"], 1)
    scores, _ = backtest("victoria-calendar", path, *common, *day, "--known", "holiday")
    at_most("  without temperature: MAPE %", scores["overall"]["mape"], 3.2)
    scores, _ = backtest("victoria-6h", path, *common, "--horizon", "6h", "--every", "6h", *weather)
    at_most("  six hours ahead: MAPE %", scores["overall"]["mape"], 1.6)
    months = ["--from", "2014-01-01", "--to", "2014-12-31", "--horizon", "1mo", "--every", "1mo"]
    common[-len(year) :] = months
    unknown = ["--known", "holiday", "--covariates", "temp_c"]
    scores, out = backtest("victoria-months", path, *common, *unknown, quantiles=",".join(CENTILES))
    at_most("  a month ahead: pinball over that of last year", months_over_last_year(path, out), 0.8)
    at_most("  a month ahead: CPU seconds", scores["cpu_seconds"], 20)


def months_over_last_year(path, out):
    """The pinball loss of 99 quantiles, over that of the load 364 days before with its errors of the year before.

    The errors are those of the same month of 2013 against 2012, by half hour.
    """
    levels = np.array([float(level) for level in CENTILES])
    rows = pq.read_table(out / "backtest.parquet")
    actual = rows["actual"].to_numpy().astype(float)
    start = rows["start"].cast(pa.int64()).to_numpy()
    table = pq.read_table(path)
    load = table["mw"].to_numpy().astype(float)
    first = table["start"].cast(pa.timestamp("ms", "UTC")).cast(pa.int64()).to_numpy()[0]
    at = (start - first) // 1_800_000
    year = 364 * 48

    def before(places):
        return np.where(places >= 0, load[np.maximum(places, 0)], np.nan)

    usual = np.full((len(at), 99), np.nan)
    month = start.astype("datetime64[ms]").astype("datetime64[M]")
    for same in np.unique(month):
        for slot in range(48):
            places = np.flatnonzero((month == same) & (at % 48 == slot))
            errors = before(at[places] - year) - before(at[places] - 2 * year)
            errors = errors[~np.isnan(errors)]
            if len(errors):
                usual[places] = before(at[places] - year)[:, None] + np.quantile(errors, levels)

    def pinball(quantiles):
        over = actual[:, None] - quantiles
        return np.where(over >= 0, levels * over, (levels - 1) * over).mean(1)

    own = np.stack([rows[f"q{level}"].to_numpy() for level in CENTILES], 1)
    losses = np.stack([pinball(own), pinball(usual)])
    losses = losses[:, ~np.isnan(losses).any(0)]
    return losses[0].mean() / losses[1].mean()


def long_form(path):
    """One row a building and hour, with the rating at the 95th percentile of 2018."""
    table = pq.read_table(path)
    names = [name for name in table.column_names if name.endswith("_kwh")]
    parts = []
    for name in names:
        load = table[name].to_numpy().astype(float)
        rows = len(load)
        parts.append(
            pa.table(
                {
                    "time": table["start"],
                    "id": pa.array([name] * rows),
                    "kwh": load,
                    "temp_c": table["temp_c"].to_numpy().astype(float),
                    "holiday": table["holiday"].to_numpy().astype(float),
                    "rating": np.full(rows, np.nanquantile(load[:8760], 0.95)),
                    "group": pa.array(["all buildings"] * rows),
                }
            )
        )
    WORK.mkdir(parents=True, exist_ok=True)
    written = WORK / "cambridge.parquet"
    pq.write_table(pa.concat_tables(parts), written)
    return table, names, written


def brier_skill(table, names, out):
    """Of the probability that an hour is above the rating, over the share of 2018 in the same month and hour."""
    rows = pq.read_table(out / "overloads.parquet")
    found = dict(zip(names, [[] for _ in names]))
    starts = rows["start"].cast(pa.int64()).to_numpy()
    first = table["start"].cast(pa.timestamp("ms", "UTC")).cast(pa.int64()).to_numpy()
    for name, start, chance in zip(rows["series"].to_pylist(), starts, rows["p_block"].to_numpy()):
        found[name].append(((start - first[0]) // 3_600_000, chance))
    stamps = first.astype("datetime64[ms]")
    slot = stamps.astype("datetime64[M]").astype(int) % 12 * 24 + (first // 3_600_000) % 24
    chances, usual, came = [], [], []
    for name in names:
        load = table[name].to_numpy().astype(float)
        rating = np.nanquantile(load[:8760], 0.95)
        seen = ~np.isnan(load[:8760])
        over = (load[:8760] > rating)[seen]
        hits = np.bincount(slot[:8760][seen], over, 288)
        share = hits / np.maximum(np.bincount(slot[:8760][seen], minlength=288), 1)
        place, chance = (np.array(column) for column in zip(*found[name]))
        known = ~np.isnan(load[place.astype(int)])
        place, chance = place.astype(int)[known], chance[known]
        chances.append(chance)
        usual.append(share[slot[place]])
        came.append(load[place] > rating)
    chances, usual, came = (np.concatenate(column) for column in (chances, usual, came))
    reliable = 0.0
    for low in np.arange(0, 1, 0.1):
        inside = (chances >= low) & (chances < low + 0.1)
        if inside.sum() >= 100:
            reliable = max(reliable, abs(chances[inside].mean() - came[inside].mean()))
    return 1 - np.mean((chances - came) ** 2) / np.mean((usual - came) ** 2), reliable


def cambridge(path):
    table, names, series = long_form(path)
    options = ["--target", "kwh", "--id", "id", "--known", "temp_c,holiday", "--zone", "Europe/London"]
    options += ["--step", "1h", "--horizon", "1d", "--every", "1d", "--from", "2019-01-01", "--to", "2020-01-01"]
    scores, out = backtest("cambridge", series, *options, "--rating", "rating", "--group", "group")
    every = [scores["series"][name] for name in names]
    rows = sum(one["rows"] for one in every)
    load = sum(one["mae"] * one["rows"] / one["wape"] for one in every)
    wql = sum(one["wql"] * one["mae"] * one["rows"] / one["wape"] for one in every) / load
    covered = [one["coverage_80"] for one in every]
    at_most("Cambridge 2019, 65 buildings a day ahead: MASE", np.mean([one["mase"] for one in every]), 0.64)
    at_most("  WQL of all rows", wql, 0.0417)
    at_most("  80 % interval: distance of its mean coverage from .80", abs(np.mean(covered) - 0.8), 0.02)
    good = sum(0.7 <= one <= 0.9 for one in covered)
    row("  buildings covered between .70 and .90", good, "at least 60", good >= 60)
    at_most("  reconciled total: WAPE %", scores["series"]["all buildings"]["wape"], 2.15)
    skill, reliable = brier_skill(table, names, out)
    row("  overloads: Brier skill over month and hour", skill, "at least .50", skill >= 0.5)
    at_most("  overloads: worst decile off by", reliable, 0.05)
    print(f"  {rows} rows, {scores['cpu_seconds']:.0f} CPU seconds")


checked = 0
for name, check in (("victoria_2012_2014_halfhourly", victoria), ("cambridge_2018_2019_hourly", cambridge)):
    path = DATA / f"{name}.parquet"
    if path.exists():
        check(path)
        checked += 1
    else:
        print(f"skipped: {path} is missing")
sys.exit(1 if failed else 0 if checked else 2)
