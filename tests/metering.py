"""Computes daily energy, profiles and demand again, with polars, and compares them. See scripts/metering-check.

    metering.py DIR ZONE SLOT BLOCK INTERVAL READINGS [whole]   DIR is the folder of a replay; `whole`: no reading is lost,
                                                               so that the registers give the energy of a day
    metering.py groups DIR ZONE BLOCK INTERVAL TOPOLOGY         demand of transformers, feeders and all; no meter is missing
    metering.py registers HALF_HOURS OUT                        energies of half-hours become readings of registers
"""

import sys

import polars as pl

HALF_LIFE, LOW_PF = 20, 0.85
HOLIDAYS = ["2024-01-26", "2013-12-25", "2013-12-26"]
ZONES = {"all": (0, 1440), "evening": (1080, 1320), "night": (1320, 360)}
METERS = 400
FLAWS = ["estimated", "partial", "gap", "reset", "swap", "suspect", "spike"]


def minutes(text):
    number, unit = text.split()
    return int(number) * {"min": 1, "h": 60}[unit]


def compare(what, ours, theirs, keys, exact, close, scale=None):
    """Rows are the same; numbers differ by a millionth at most, of the scale or of themselves."""
    both = ours.join(theirs, on=keys, how="full", coalesce=True, suffix="_theirs")
    assert len(both) == len(ours) == len(theirs), f"{what}: {len(ours)} rows, polars has {len(theirs)}"
    for name in exact:
        off = both.filter(~pl.col(name).eq_missing(pl.col(f"{name}_theirs")))
        assert off.is_empty(), f"{what}.{name}: {len(off)} rows differ\n{off.select(*keys, name, f'{name}_theirs')}"
    worst = {}
    for name in close:
        a, b = pl.col(name), pl.col(f"{name}_theirs")
        assert both.filter(a.is_null() != b.is_null()).is_empty(), f"{what}.{name}: known to one side only"
        size = pl.max_horizontal(*[pl.col(one).abs() for one in (scale or [name])], pl.lit(1.0))
        worst[name] = both.select(((a - b).abs() / size).max()).item() or 0.0
        assert worst[name] <= 1e-6, f"{what}.{name}: off by {worst[name]:.1e}"
    differences = ", ".join(f"{name} {off:.0e}" for name, off in worst.items())
    print(f"{what}: {len(ours)} rows equal; {', '.join(exact) or 'nothing'} exactly; most off: {differences or '-'}")


def local(intervals, zone):
    start = pl.col("start").dt.convert_time_zone(zone)
    day = start.dt.date()
    holiday = day.cast(pl.String).is_in(HOLIDAYS)
    flawed = pl.any_horizontal(*[pl.col("quality").str.contains(flaw) for flaw in FLAWS])
    return intervals.with_columns(
        day=day,
        month=day.dt.truncate("1mo"),
        minute=start.dt.hour().cast(pl.Int32) * 60 + start.dt.minute(),
        day_type=pl.when(holiday | (day.dt.weekday() == 7)).then(pl.lit("sunday"))
        .when(day.dt.weekday() == 6).then(pl.lit("saturday")).otherwise(pl.lit("weekday")),
        whole=pl.col("imp_wh").is_not_null() & ~flawed,
    ).sort("meter", "end")


def daily_energy(rows, readings, some, zone):
    """Of each local day with registers at both ends."""
    at = pl.scan_parquet(readings).select("meter", "time", "imp").filter(some).drop_nulls()
    midnight = pl.col("time").dt.convert_time_zone(zone)
    at = at.filter(midnight.dt.time() == pl.time(0, 0, 0)).unique(["meter", "time"], keep="any").collect()
    at = at.sort("meter", "time").with_columns(day=midnight.dt.date())
    next_day = pl.col("day").shift(-1).over("meter") == pl.col("day").dt.offset_by("1d")
    days = at.with_columns(imp_wh=pl.col("imp").shift(-1).over("meter") - pl.col("imp")).filter(next_day)
    days = days.select("meter", "day", pl.col("imp_wh").cast(pl.Int64))
    ours = rows.group_by("meter", "day").agg(pl.col("imp_wh").sum()).join(days.select("meter", "day"), on=["meter", "day"])
    compare("energy of days", ours, days, ["meter", "day"], ["imp_wh"], [])


def profiles(rows, slot, length, ours):
    rows = rows.with_columns(slot_start=pl.col("minute") // slot * slot)
    # A slot counts if all its intervals are there, in a row, and measured.
    begins = (pl.col("minute") % slot == 0).cum_sum().over("meter")
    net = (pl.col("imp_wh") - pl.col("exp_wh").fill_null(0)) * (60 / length)
    days = rows.with_columns(run=begins, net=net).group_by("meter", "run", maintain_order=True).agg(
        pl.col("day", "day_type", "slot_start").first(),
        pl.col("net").head(slot // length).mean(),
        pl.len().alias("found"),
        whole=pl.col("whole").head(slot // length).all() & (pl.len() >= slot // length)
        & (pl.col("minute").first() % slot == 0)
        & (pl.col("start").head(slot // length).diff().drop_nulls() == pl.duration(minutes=length)).all(),
    )
    days = days.filter("whole")
    means = dict(half_life=HALF_LIFE, adjust=True, ignore_nulls=True)
    keep = 0.5 ** (1 / HALF_LIFE)
    theirs = days.group_by("meter", "day_type", "slot_start", maintain_order=True).agg(
        mean_w=pl.col("net").ewm_mean(**means).last(),
        spread_w=pl.col("net").ewm_var(bias=True, **means).last().fill_null(0.0).sqrt(),
        weight=(1 - keep ** pl.len()) / (1 - keep),
    )
    clock = pl.format("{}:{}", (pl.col("slot_start") // 60).cast(pl.String).str.zfill(2), (pl.col("slot_start") % 60).cast(pl.String).str.zfill(2))
    theirs = theirs.with_columns(slot=clock).drop("slot_start").with_columns(pl.col("spread_w").fill_nan(0.0))
    keys = ["meter", "day_type", "slot"]
    compare("profiles", ours, theirs, keys, [], ["mean_w", "spread_w", "weight"], ["mean_w", "spread_w"])


def demand(rows, block, length, ours):
    width, hours = block // length, length / 60
    apparent = pl.when(pl.col("pf") != 0).then((pl.col("avg_w") / pl.col("pf")).abs())
    # While a meter exports, its demand is zero.
    billed = pl.coalesce("valid_wh", pl.when(~pl.col("quality").str.contains("spike")).then("imp_wh")) if "valid_wh" in rows.columns else pl.col("imp_wh")
    stands_in = pl.col("quality").str.contains("spike|suspect") & (pl.col("valid_wh").is_not_null() if "valid_wh" in rows.columns else pl.lit(False))
    rows = rows.with_columns(billed=billed, estimated=billed.is_not_null() & (stands_in | pl.col("quality").str.contains("estimated")))
    rows = rows.with_columns(w=pl.col("imp_wh") / hours, va=pl.when(pl.col("avg_w") < 0).then(apparent * 0).otherwise(apparent))
    rows = rows.with_columns(
        q=pl.when(apparent.is_not_null()).then((apparent ** 2 - pl.col("avg_w") ** 2).clip(lower_bound=0).sqrt()),
    )
    rolling = dict(window_size=width, min_samples=width)
    in_a_row = (pl.col("start").shift(width - 1) + pl.duration(minutes=length * (width - 1)) == pl.col("start")).over("meter")
    usable = pl.col("whole").cast(pl.Int8).rolling_min(**rolling).over("meter") == 1
    same_month = (pl.col("month").shift(width - 1) == pl.col("month")).over("meter")
    rows = rows.with_columns(
        usable=in_a_row & usable & same_month,
        sliding=pl.col("w").rolling_mean(**rolling).over("meter"),
        sliding_va=pl.col("va").rolling_mean(**rolling).over("meter"),
        ends=(pl.col("minute") + length) % block == 0,
    )
    imports = (pl.col("avg_w") >= 0) & pl.col("va").is_not_null()
    theirs = []
    for zone, (start, end) in ZONES.items():
        held = (pl.col("minute") >= start) & (pl.col("minute") < end) if start < end else (pl.col("minute") >= start) | (pl.col("minute") < end)
        zoned = rows.with_columns(held=held).with_columns(
            all_held=pl.col("held").cast(pl.Int8).rolling_min(**rolling).over("meter") == 1)
        slides = pl.col("usable") & pl.col("all_held")
        blocks = slides & pl.col("ends")

        def most(value, where):
            return pl.col(value).filter(where).max()

        def when(value, where):
            return pl.col("end").filter(where & pl.col(value).is_not_null()).get(pl.col(value).filter(where & pl.col(value).is_not_null()).arg_max(), null_on_oob=True)

        months = zoned.group_by("meter", "month").agg(
            energy_wh=pl.col("billed").filter("held").sum(),
            block_w=most("sliding", blocks), block_end=when("sliding", blocks),
            sliding_w=most("sliding", slides), sliding_end=when("sliding", slides),
            block_va=most("sliding_va", blocks), sliding_va=most("sliding_va", slides),
            hours=pl.col("billed").is_not_null().sum() * hours,
            estimated_hours=pl.col("estimated").sum() * hours,
            exp_wh=pl.col("exp_wh").fill_null(0).sum(),
            active=pl.col("avg_w").filter(imports).sum(), apparent=pl.col("va").filter(imports).sum(),
            low_pf_hours=(imports & (pl.col("pf") < LOW_PF)).sum() * hours,
        )
        theirs.append(months.with_columns(zone=pl.lit(zone)))
    theirs = pl.concat(theirs)
    of_all = pl.col("zone") == "all"
    theirs = theirs.with_columns(
        load_factor=pl.when(of_all & (pl.col("block_w") > 0)).then(pl.col("energy_wh") / pl.col("hours") / pl.col("block_w")),
        estimated_hours=pl.when(of_all).then("estimated_hours"),
        pf=pl.when(of_all & (pl.col("apparent") > 0)).then(pl.col("active") / pl.col("apparent")),
        exp_wh=pl.when(of_all).then("exp_wh"), hours=pl.when(of_all).then("hours"), low_pf_hours=pl.when(of_all).then("low_pf_hours"),
    )
    # If the mean is above the peak, the real peak was not measured.
    unmeasured = (pl.col("load_factor") > 1) & (pl.col("estimated_hours") > 0)
    theirs = theirs.with_columns(load_factor=pl.when(~unmeasured).then("load_factor"))
    zone = ours.schema["start"].time_zone
    ours = ours.with_columns(month=pl.col("start").dt.convert_time_zone(ZONE).dt.date())
    theirs = theirs.with_columns(pl.col("block_end", "sliding_end").dt.convert_time_zone(zone))
    # A month cannot be checked if the file lacks the apparent power of an interval (its power factor is exactly zero).
    zero = rows.group_by("meter", "month").agg(unknown=(pl.col("pf") == 0).any()).filter("unknown").select("meter", "month")
    ours, theirs = (one.join(zero, on=["meter", "month"], how="anti") for one in (ours, theirs))
    keys = ["meter", "month", "zone"]
    compare("demand", ours, theirs, keys, ["energy_wh", "exp_wh", "block_end", "sliding_end", "hours", "estimated_hours", "low_pf_hours"],
            ["block_w", "sliding_w", "block_va", "sliding_va", "load_factor", "pf"])


def groups(rows, topology, block, length, ours):
    """Net energy of all consumers of a group, interval by interval; import is what of it is above zero."""
    width, hours = block // length, length / 60
    places = pl.read_csv(topology).filter(pl.col("role") == "consumer").select("meter", "transformer", "feeder")
    rows = rows.filter((pl.col("minute") // block * block + block <= 1440)).join(places, on="meter").with_columns(
        net=pl.col("valid_wh" if "valid_wh" in rows.columns else "imp_wh") - pl.col("exp_wh").fill_null(0))
    rows = rows.filter(pl.col("net").is_not_null())
    names = {"transformer": pl.format("transformer/{}", "transformer"), "feeder": pl.format("feeder/{}", "feeder"), "system": pl.lit("system")}

    def blocks(of):
        """By meter or group: mean power over whole blocks, imported and net, by their ends."""
        of = of.sort("who", "end").with_columns(imp=pl.col("net").clip(lower_bound=0) if "imp" not in of.columns else "imp")
        rolling = dict(window_size=width, min_samples=width)
        of = of.with_columns(
            w=(pl.col("imp") / hours).rolling_mean(**rolling).over("who"), net_w=(pl.col("net") / hours).rolling_mean(**rolling).over("who"),
            known=pl.col("whole").cast(pl.Int8).rolling_min(**rolling).over("who") == 1,
            same=(pl.col("month").shift(width - 1) == pl.col("month")).over("who"))
        return of.filter(((pl.col("minute") + length) % block == 0) & pl.col("known") & pl.col("same"))

    sums = []
    for name in names.values():
        group = rows.with_columns(who=name).group_by("who", "month", "minute", "end").agg(
            pl.col("net").sum(), whole=pl.col("whole").mean() >= 0.95, meters=pl.len().cast(pl.Int64))
        sums.append(group)
    sums = pl.concat(sums)
    of_groups = blocks(sums)
    of_meters = blocks(rows.with_columns(who=pl.col("meter"), imp="imp_wh").select("who", "month", "minute", "end", "imp", "net", "whole"))
    peaks = of_groups.sort("who", "end").group_by("who", "month", maintain_order=True).agg(
        block_w=pl.col("w").max(), block_end=pl.col("end").get(pl.col("w").arg_max()))
    peak = peaks.filter(pl.col("who") == "system").select("month", at="block_end")
    both = pl.concat([of_groups.select("who", "month", "end", "net_w"), of_meters.select("who", "month", "end", "net_w")])
    coincident = both.join(peak, on="month").filter(pl.col("end") == pl.col("at")).select("who", "month", coincident_w="net_w")
    highest = of_meters.group_by("who", "month").agg(most=pl.col("w").max())
    members = pl.concat([places.with_columns(group=name).select("meter", "group") for name in names.values()])
    diverse = members.join(highest, left_on="meter", right_on="who").group_by("group", "month").agg(pl.col("most").sum())
    energy = sums.group_by("who", "month").agg(energy_wh=pl.col("net").clip(lower_bound=0).sum(), meters=pl.col("meters").max())
    theirs = energy.join(peaks, on=["who", "month"]).join(diverse, left_on=["who", "month"], right_on=["group", "month"]).join(coincident, on=["who", "month"], how="left")
    theirs = theirs.with_columns(diversity=pl.col("most") / pl.col("block_w"))
    zone = ours.schema["block_end"].time_zone
    theirs = theirs.with_columns(pl.col("block_end").dt.convert_time_zone(zone)).rename({"who": "meter"})
    ours = ours.filter(pl.col("zone") == "all").with_columns(month=pl.col("start").dt.convert_time_zone(ZONE).dt.date())
    is_group = pl.col("meter").str.contains("/") | (pl.col("meter") == "system")
    compare("groups", ours.filter(is_group), theirs, ["meter", "month"], ["energy_wh", "block_end", "meters"], ["block_w", "coincident_w", "diversity"])
    of_consumers = ours.join(places, on="meter")
    theirs = of_consumers.select("meter", "month").join(coincident.rename({"who": "meter"}), on=["meter", "month"], how="left")
    compare("consumers at the peak of all", of_consumers, theirs, ["meter", "month"], [], ["coincident_w"])
    total = of_consumers.group_by("month").agg(pl.col("coincident_w").sum())
    of_all = ours.filter(pl.col("meter") == "system").select("month", "coincident_w")
    compare("their sum", total, of_all, ["month"], [], ["coincident_w"])


def registers(half_hours, out):
    """A register that starts anywhere and rises by the energy of each half-hour that is known."""
    rows = pl.read_parquet(half_hours).cast({"meter": pl.String}).sort("meter", "start")
    first = rows.group_by("meter", maintain_order=True).agg(pl.col("start").first()).with_columns(imp=pl.lit(1000, pl.Int64))
    first = first.select("meter", pl.col("start").alias("time"), "imp")
    rest = rows.select("meter", (pl.col("start") + pl.duration(minutes=30)).alias("time"),
                       (1000 + pl.col("wh").cum_sum().over("meter")).cast(pl.Int64).alias("imp"))
    readings = pl.concat([first.cast({"time": rest.schema["time"]}), rest]).sort("time", "meter")
    readings.with_columns(pl.col("time").cast(pl.Datetime("ms", "UTC"))).write_parquet(out)


if sys.argv[1] == "registers":
    registers(*sys.argv[2:])
elif sys.argv[1] == "groups":
    folder, ZONE, block, interval, topology = sys.argv[2:]
    length = minutes(interval)
    # The first interval of a meter is only half known, so leave it out, also for its group.
    rows = local(pl.read_parquet(f"{folder}/intervals.parquet").cast({"quality": pl.String}), ZONE).filter(pl.col("imp_wh").is_not_null())
    groups(rows, topology, minutes(block), length, pl.read_parquet(f"{folder}/demand.parquet"))
else:
    folder, ZONE, slot, block, interval, readings, whole = sys.argv[1:]
    length = minutes(interval)
    every = pl.scan_parquet(f"{folder}/intervals.parquet").select("meter").unique().collect()["meter"].cast(pl.String).sort().to_list()
    # As many meters at once as fit into memory with a year of data.
    for first in range(0, len(every), METERS):
        some = pl.col("meter").cast(pl.String).is_in(every[first:first + METERS])
        if len(every) > METERS:
            print(f"meters {first + 1} to {min(first + METERS, len(every))} of {len(every)}")
        rows = local(pl.scan_parquet(f"{folder}/intervals.parquet").filter(some).collect().cast({"quality": pl.String}), ZONE)
        if whole:
            daily_energy(rows, readings, some, ZONE)
        profiles(rows, minutes(slot), length, pl.scan_parquet(f"{folder}/profiles.parquet").filter(some).collect())
        demand(rows, minutes(block), length, pl.scan_parquet(f"{folder}/demand.parquet").filter(some).collect())
