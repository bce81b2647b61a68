//! What each meter and group used in a billing period, and its peaks.

use super::profiles::without_empty_metering;
use super::{About, Columns, Output, Sent, Wanted};
use crate::files::TableFile;
use crate::value::{Cell, Value};
use metering::{DemandRow, DemandRule, PfSpread};
use pipeline::{Outputs, Plan};
use reading::time::HOUR;
use reading::{Grid, Target};
use units::Ratio;

/// `demand.parquet`, with the rule that names the zones.
#[derive(Debug)]
pub struct Demand {
    rule: DemandRule,
}

impl Demand {
    /// The output under this rule.
    pub fn new(rule: DemandRule) -> Self {
        Self { rule }
    }
}

/// Whose demand it is: a meter by its name alone, a group as forecasts name it.
fn demand_name(target: Target) -> String {
    match target {
        Target::Meter(meter) => meter.to_string(),
        group => group.to_string(),
    }
}

impl Output for Demand {
    const ABOUT: About = About {
        file: "demand.parquet",
        row: "a meter or group, billing period and zone; of a group when its sums are settled, and when a run ends",
        key: "METER/START/ZONE",
        section: "`[demand]`",
        only: "demand",
        sent: Sent::WithTick,
    };

    type Row<'a> = &'a DemandRow;
    type File = TableFile<Self>;

    fn of(plan: &Plan) -> Option<Self> {
        plan.metering.as_ref().and_then(|rules| rules.demand.clone()).map(Self::new)
    }

    fn with_all_columns() -> Self {
        let grid = Grid::new(HOUR).expect("an hour is one whole hour");
        let rule =
            DemandRule::new(HOUR, vec![], 1, Ratio(0.9), grid).and_then(|rule| rule.with_pf_classes(10));
        Self::new(rule.expect("a rule as plans have it"))
    }

    fn leave_out(plan: &mut Plan, wanted: Wanted<'_>) {
        plan.groups = None;
        // An alert about a demand above what was agreed needs the blocks of demand.
        let for_alerts = plan.above_sanctioned.is_some() && wanted.has(&super::Alerts::ABOUT);
        if let Some(rules) = plan.metering.as_mut().filter(|_| !for_alerts) {
            rules.demand = None;
        }
        without_empty_metering(plan);
    }

    fn rows(out: &Outputs) -> impl Iterator<Item = &DemandRow> + Clone {
        out.metering.demand.iter()
    }

    fn key<'a>(&'a self, row: &'a DemandRow) -> impl IntoIterator<Item = Value<'a>> {
        [demand_name(row.target()).value(), row.start.value(), self.rule.zone_name(row.zone).value()]
    }

    fn columns<'a>(&'a self, to: &mut impl Columns<&'a DemandRow>) {
        self.peaks(to);
        apparent(to);
        energies(to);
        self.power_factor(to);
        hours(to);
        among(to);
        if self.rule.pf_classes() > 0 {
            power_factor_classes(to);
        }
    }
}

impl Demand {
    fn peaks<'a>(&'a self, to: &mut impl Columns<&'a DemandRow>) {
        to.column(
            "meter",
            "",
            "the meter by its name, or the group: `transformer/T1`, `feeder/F1`, `system` for all consumers",
            "the topology says who is in a group",
            |row| demand_name(row.target()),
        );
        to.column(
            "start",
            "",
            "when the billing period starts, UTC",
            "local midnight of the plan's `billing_day`",
            |row| row.start,
        );
        to.column(
            "end",
            "",
            "when the billing period ends, UTC; of the one under way, when its last interval ends",
            "local midnight of the plan's `billing_day`",
            |row| row.end,
        );
        to.column(
            "zone",
            "",
            "`all`, or a part of the local day with a tariff of its own, as the plan names it",
            "time-of-day tariffs",
            |row| self.rule.zone_name(row.zone),
        );
        to.column(
            "block_w",
            "W",
            "highest mean imported power over a block, blocks side by side from local midnight. A block lies in one \
             zone and one period, and each of its intervals was measured: none is estimated, partial, a gap, a reset, \
             a swap or suspect. A group is net, and enough of its consumers were measured. Null without such a block",
            "block demand, as tariffs define it",
            |row| row.block.map(|peak| peak.demand),
        );
        to.column(
            "block_end",
            "",
            "when the block of `block_w` ended, UTC; of equal blocks, the first",
            "block demand, as tariffs define it",
            |row| row.block.map(|peak| peak.end),
        );
        to.column(
            "sliding_w",
            "W",
            "as `block_w`, over blocks of the same length that end with any interval",
            "sliding demand, as tariffs define it",
            |row| row.sliding.map(|peak| peak.demand),
        );
        to.column(
            "sliding_end",
            "",
            "when the block of `sliding_w` ended, UTC; of equal blocks, the first",
            "sliding demand, as tariffs define it",
            |row| row.sliding.map(|peak| peak.end),
        );
    }

    fn power_factor<'a>(&'a self, to: &mut impl Columns<&'a DemandRow>) {
        to.column(
            "pf",
            "",
            "active over apparent energy of the intervals that export nothing and carry reactive power, whatever \
             their quality; null without one",
            "energies weigh each interval by its use; export has no power factor to be billed by",
            |row| row.whole.as_ref()?.pf,
        );
        to.column(
            "low_pf",
            "",
            "whether `pf` is below the plan's `low_power_factor`; null without `pf`",
            "tariffs that charge for reactive energy set such a limit",
            |row| Some(row.whole.as_ref()?.pf? < self.rule.low_pf()),
        );
        to.column(
            "varh_lag",
            "varh",
            "lagging reactive energy of the intervals of `pf`: mean reactive power above zero times time; null \
             without `pf`",
            "kernel `mean_reactive_power`",
            |row| Some(row.whole.as_ref()?.reactive?.0),
        );
        to.column(
            "varh_lead",
            "varh",
            "leading reactive energy of the intervals of `pf`: mean reactive power below zero times time, without its \
             sign; null without `pf`",
            "kernel `mean_reactive_power`",
            |row| Some(row.whole.as_ref()?.reactive?.1),
        );
        to.column(
            "low_pf_hours",
            "h",
            "hours of the intervals of `pf` whose own power factor is below the plan's `low_power_factor`; 0 if there \
             is none",
            "kernel `power_factor`",
            |row| row.whole.as_ref().map(|whole| whole.low_pf_hours),
        );
    }
}

fn apparent<'a>(to: &mut impl Columns<&'a DemandRow>) {
    to.column(
        "block_va",
        "VA",
        "highest mean apparent power over a block like those of `block_w`, not always the same block. An interval \
         in which a meter exports counts as zero; of a group either direction counts. Null if reactive power is \
         missing in each block",
        "kernel `apparent_power`; a consumer is billed for what it takes, a transformer carries both directions",
        |row| row.block_va,
    );
    to.column(
        "sliding_va",
        "VA",
        "as `block_va`, over blocks that end with any interval",
        "kernel `apparent_power`",
        |row| row.sliding_va,
    );
}

fn energies<'a>(to: &mut impl Columns<&'a DemandRow>) {
    to.column(
        "energy_wh",
        "Wh",
        "imported energy of the zone, estimated energy included; validated energy where the register is not \
         believed. Of a group: of the intervals in which it imports, net",
        "VEE (validation, estimation, editing): energy is billed as validated",
        |row| row.energy,
    );
    to.column(
        "exp_wh",
        "Wh",
        "exported energy of the period, 0 if none is known. Of a group: of the intervals in which it exports, \
         net. Of zone `all` alone, as are all columns that follow",
        "IS 16444: import and export registers are kept apart",
        |row| row.whole.as_ref().map(|whole| whole.exported),
    );
    to.column(
        "load_factor",
        "",
        "`energy_wh` over `hours`, over `block_w`; null without a block above zero, and above 1 beside estimates",
        "kernel `load_factor_of`; above 1 the peak was not measured",
        |row| row.whole.as_ref()?.load_factor,
    );
}

fn hours<'a>(to: &mut impl Columns<&'a DemandRow>) {
    to.column(
        "hours",
        "h",
        "hours of the intervals of the period whose imported energy is known, estimated energy included",
        "an interval counts once its energy is known",
        |row| row.whole.as_ref().map(|whole| whole.hours),
    );
    to.column(
        "estimated_hours",
        "h",
        "those of `hours` whose energy is estimated",
        "VEE (validation, estimation, editing): estimated energy is shown apart",
        |row| row.whole.as_ref().map(|whole| whole.estimated_hours),
    );
    to.column(
        "base_w",
        "W",
        "lowest slot of the typical day, net, by the load profile at the end of the period, which also knows days \
         before the period; null for groups, and until each slot is known of some type of day",
        "kernel `typical_day`",
        |row| row.whole.as_ref()?.base,
    );
    to.column(
        "night_share",
        "",
        "energy from local midnight to six over that of the typical day of `base_w`; also null if that day's \
         energy is not above zero, or if its slots do not divide a quarter of a day",
        "kernel `night_share`",
        |row| row.whole.as_ref()?.night_share,
    );
}

/// What a meter or group is among the others.
fn among<'a>(to: &mut impl Columns<&'a DemandRow>) {
    to.column(
        "coincident_w",
        "W",
        "mean net power in the block of `block_w` of `system` in this period; null if it was not measured in all of \
         that block, or if `system` has none. With `[groups]`; messages of meters do not have it. Of a meter in a period \
         that ends during a run, in the block that is highest when this row comes; null if that block became the highest \
         only by rows that came late",
        "coincident demand: those of all consumers add up to the peak of all; net, because a solar roof reduces it",
        |row| row.whole.as_ref()?.among.coincident,
    );
    to.column(
        "sanctioned_w",
        "W",
        "what was agreed with the consumer, by its row of the topology at `end`. Of a transformer or feeder, what it \
         is made for, in W or VA, by the row of its own meter without an end. Else null. With `[groups]` or `[sanctioned]`",
        "the topology, column `sanctioned_w`",
        |row| row.whole.as_ref()?.among.sanctioned,
    );
    to.column(
        "utilisation",
        "",
        "`block_w` over `sanctioned_w`; of a group `block_va` if it is known, else `block_w`; null without `sanctioned_w`",
        "contracts are in W, transformers are rated in VA",
        DemandRow::utilisation,
    );
    to.column(
        "meters",
        "",
        "consumers of a group in the topology at its last interval, or those measured if these are more; without a \
         topology, all that were heard of; null for meters",
        "the topology",
        |row| row.whole.as_ref()?.among.meters,
    );
    to.column(
        "diversity",
        "",
        "sum of the highest blocks of a group's consumers, whenever each had its own, over `block_w` of the group; \
         null for meters",
        "diversity factor, as distribution engineers define it",
        |row| row.whole.as_ref()?.among.diversity,
    );
    to.column(
        "peer_ratio",
        "",
        "what the consumer imported in the period over the mean of all consumers of its `class`, itself and estimated \
         energy included; null for groups and without a class. With `[groups]` or `[sanctioned]`. Of a period that ends \
         during a run, rows of others that come after this one are missing",
        "a consumer beside others of its kind",
        |row| row.whole.as_ref()?.among.peers,
    );
    to.column(
        "final",
        "",
        "whether the period is over; of a group, also whether no row can join its sums any more: all its consumers are \
         there, or `final_after` has passed. A row that is not final may come again under the same key",
        "key `final_after` of the plan",
        |row| row.is_final,
    );
}

/// How much of the period passed at which power factor, if the plan asks.
fn power_factor_classes<'a>(to: &mut impl Columns<&'a DemandRow>) {
    fn spread(row: &DemandRow) -> Option<&PfSpread> {
        row.whole.as_ref()?.pf_spread.as_ref()
    }
    to.column(
        "pf_p05",
        "",
        "the power factor that the intervals of `pf` are below a twentieth of the time, from the classes of \
         `pf_hours`; null for groups and without such an interval. With `[power_factor]`",
        "kernel `percentile`",
        |row| spread(row).map(|spread| spread.low),
    );
    to.column(
        "pf_hours",
        "h",
        "hours of the intervals of `pf` in each class of the power factor, classes as wide as `step` from 0 to 1; \
         null for groups and without such an interval. With `[power_factor]`",
        "kernel `power_factor`",
        |row| spread(row).map(|spread| &spread.hours[..]),
    );
}
