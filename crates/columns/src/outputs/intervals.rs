//! What the engine makes of the readings.

use super::{About, Columns, Output, Sent, Wanted};
use crate::intervals::IntervalsFile;
use crate::value::{Cell, Value};
use pipeline::{Outputs, Plan};
use reading::Interval;
use units::{Amperes, Ratio};

/// `intervals.parquet`, with the columns that a plan may ask for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Intervals {
    /// `valid_wh`: the imported energy to bill by, see [`Interval::valid`].
    pub valid: bool,
    /// `pf_true`, see [`features::true_power_factor`].
    pub pf_true: bool,
    /// `unbalance`, see [`features::voltage_unbalance`].
    pub unbalance: bool,
    /// `candidate`, with the share and the floor of [`features::candidate`].
    pub candidate: Option<(Ratio, Amperes)>,
}

impl Intervals {
    /// Without any of them.
    pub const PLAIN: Self = Self { valid: false, pf_true: false, unbalance: false, candidate: None };

    /// With the columns that the plan asks for.
    pub fn of_plan(plan: &Plan) -> Self {
        Self {
            valid: plan.quality.is_some(),
            pf_true: plan.pf_true,
            unbalance: plan.unbalance,
            candidate: plan.candidate.map(|candidate| (candidate.share, candidate.floor)),
        }
    }
}

impl Output for Intervals {
    const ABOUT: About = About {
        file: "intervals.parquet",
        row: "a meter and interval; with `intervals = \"arrow\"` in `[output]`, a message is an Arrow IPC stream with \
              the rows of a transformer and tick of one partition of the readings",
        key: "METER/END, with Arrow TRANSFORMER/END/PARTITION",
        section: "`[intervals]`",
        only: "intervals",
        sent: Sent::ByPartition,
    };

    type Row<'a> = &'a Interval;
    type File = IntervalsFile;

    fn of(plan: &Plan) -> Option<Self> {
        Some(Self::of_plan(plan))
    }

    fn with_all_columns() -> Self {
        let candidate = Some((Ratio(0.1), Amperes(0.5)));
        Self { valid: true, pf_true: true, unbalance: true, candidate }
    }

    /// Everything else comes from intervals.
    fn leave_out(_plan: &mut Plan, _wanted: Wanted<'_>) {}

    fn rows(out: &Outputs) -> impl Iterator<Item = &Interval> + Clone {
        out.intervals.iter()
    }

    fn key<'a>(&'a self, one: &'a Interval) -> impl IntoIterator<Item = Value<'a>> {
        [(&one.meter).value(), one.end.value()]
    }

    fn columns<'a>(&'a self, to: &mut impl Columns<&'a Interval>) {
        energy(to);
        measured(to);
        quality(to);
        self.asked_for(to);
    }
}

fn energy<'a>(to: &mut impl Columns<&'a Interval>) {
    to.column("meter", "", "the meter", "the meter, as its messages name it", |one| &one.meter);
    to.column(
        "start",
        "",
        "when the interval starts, UTC; a reading stamped with it belongs to the interval before",
        "an interval is (start, end]",
        |one| one.start,
    );
    to.column(
        "end",
        "",
        "when the interval ends, UTC; a reading stamped with it belongs to the interval",
        "an interval is (start, end]",
        |one| one.end,
    );
    to.column(
        "imp_wh",
        "Wh",
        "imported energy: register at the end less register at the start. Across a silence, the interval's share of \
         the advance (`estimated`); without a register, mean power times time (`power`); of a meter's first interval, \
         what the registers show (`partial`). Null if it is not known",
        "the register is believed: what it advanced stands in the intervals to the Wh",
        |one| one.imp,
    );
    to.column(
        "exp_wh",
        "Wh",
        "exported energy up to the last export register of the interval; of a meter without registers, what mean power \
         below zero says. Null if neither is there: the interval of the next register then has it",
        "the register is believed: what it advanced stands in the intervals to the Wh",
        |one| one.exp,
    );
}

fn measured<'a>(to: &mut impl Columns<&'a Interval>) {
    to.column(
        "avg_w",
        "W",
        "mean of the readings' active power, else net energy over the time; negative is export",
        "kernel `mean_power`",
        features::mean_power,
    );
    to.column(
        "max_w",
        "W",
        "highest active power of a reading, else `avg_w`",
        "kernel `max_power`",
        features::max_power,
    );
    to.column(
        "pf",
        "",
        "sum of p over the root of (sum of p)^2 + (sum of q)^2 of the readings, negative on export; null unless each \
         reading with active power carries reactive power too, or if both sums are zero",
        "kernel `power_factor`: displacement, where a meter's reactive power is that of the fundamental",
        features::power_factor,
    );
    to.column("v_min", "V", "lowest phase voltage of a reading", "kernel `v_min`", features::v_min);
    to.column("v_max", "V", "highest phase voltage of a reading", "kernel `v_max`", features::v_max);
    to.column(
        "i_avg",
        "A",
        "mean phase current of the readings; of three phases, of their mean",
        "kernel `mean_current`",
        features::mean_current,
    );
    to.column(
        "imbalance_avg",
        "A",
        "mean of |phase - neutral| of the readings that carry both currents of a single phase; null without one",
        "kernel `mean_imbalance`",
        features::mean_imbalance,
    );
    to.column(
        "imbalance_max",
        "A",
        "largest |phase - neutral| of a reading that carries both currents of a single phase; null without one",
        "kernel `max_imbalance`",
        features::max_imbalance,
    );
}

fn quality<'a>(to: &mut impl Columns<&'a Interval>) {
    to.column(
        "readings",
        "",
        "how many readings the interval has, without repeats and late ones; 0 in a gap",
        "of readings of one meter and time, the first counts",
        |one| one.sums.readings,
    );
    to.column(
        "quality",
        "",
        "how the energy came about and what is odd about it, names joined by commas: estimated, interpolated, \
         partial, gap, power, reset, rollover, swap, disagrees, suspect, garbled; with `[quality]` also zero-run, flat, spike, high, low, reverse, \
         unit, power-factor; `measured` if there is nothing of these",
        "the rules of data quality, each with an entry of its own",
        |one| one.quality,
    );
}

impl Intervals {
    fn asked_for<'a>(&'a self, to: &mut impl Columns<&'a Interval>) {
        if self.valid {
            to.column(
                "valid_wh",
                "Wh",
                "imported energy to bill by: `imp_wh`; if that is `suspect`, or a `spike` of `power` that no register \
                 counted, what the load profile has for the slot, at least zero, or null if the profile does not know \
                 the slot. With `[quality]`",
                "VEE (validation, estimation, editing): the register is believed unless it contradicts itself",
                Interval::valid,
            );
        }
        if self.pf_true {
            to.column(
                "pf_true",
                "",
                "mean active power over mean voltage times mean current of all phases, at most 1, negative on export; \
                 null without power, voltage or current. With `pf_true = true`",
                "kernel `true_power_factor`: distortion included",
                features::true_power_factor,
            );
        }
        if self.unbalance {
            to.column(
                "unbalance",
                "",
                "highest less lowest phase voltage of a reading over the middle of the two, the largest of the \
                 interval; null without three phases. With `unbalance = true`",
                "kernel `voltage_unbalance`",
                features::voltage_unbalance,
            );
        }
        if let Some((share, floor)) = self.candidate {
            to.column(
                "candidate",
                "",
                "whether `imbalance_avg` is above a share of `i_avg` and above a floor; no if a current is not known. \
                 With `candidate` in `[intervals]`",
                "kernel `candidate`",
                move |one| features::candidate(one, share, floor),
            );
        }
    }
}
