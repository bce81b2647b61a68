//! What each column of the files means: for people who check a number.
//!
//! Times are UTC; days, months, slots, blocks and zones are those of the plan's local time.

use features::Entry;

macro_rules! columns {
    ($($file:literal { $($name:literal $unit:literal $definition:literal, $source:literal;)* })*) => {
        /// Every column of each file (its name without `.parquet`), in the order of the files; a test compares the list
        /// with what is written.
        pub const COLUMNS: &[(&str, &[Entry])] = &[$(($file, &[$(Entry {
            name: $name,
            unit: $unit,
            definition: $definition,
            source: $source,
        },)*]),)*];
    };
}

columns! {
"intervals" {
    "meter" "" "the meter, as its messages name it",
        "ARCHITECTURE.md, On the wire";
    "start" "" "when the interval starts, UTC; a reading stamped so belongs to the one before",
        "ARCHITECTURE.md, Time";
    "end" "" "when the interval ends, UTC; a reading stamped so belongs to it",
        "ARCHITECTURE.md, Time";
    "imp_wh" "Wh" "imported energy: register at the end less register at the start; across a silence its share of the advance (`estimated`), without a register mean power times time (`power`), of a meter's first interval what the registers show (`partial`); null where not known",
        "ARCHITECTURE.md, A meter's memory";
    "exp_wh" "Wh" "exported energy up to the last export register of the interval, else what mean power below zero says of a meter without registers; null where nothing tells it, and the interval of the next register has it then",
        "ARCHITECTURE.md, Data quality";
    "avg_w" "W" "mean of the readings' active power where they carry it, else net energy over the time; negative is export",
        "kernel `mean_power`";
    "max_w" "W" "highest active power of a reading where they carry it, else `avg_w`",
        "kernel `max_power`";
    "pf" "" "sum p over root of (sum p)^2 + (sum q)^2 of the readings, negative on export; null unless each with active power carries reactive power too, or where both sums are zero",
        "kernel `power_factor`";
    "v_min" "V" "lowest phase voltage of a reading",
        "kernel `v_min`";
    "v_max" "V" "highest phase voltage of a reading",
        "kernel `v_max`";
    "i_avg" "A" "mean phase current of the readings; of three phases, of their mean",
        "kernel `mean_current`";
    "imbalance_avg" "A" "mean of |phase - neutral| of the readings that carry both currents of a single phase; null without one",
        "kernel `mean_imbalance`";
    "imbalance_max" "A" "largest |phase - neutral| of a reading that carries both currents of a single phase; null without one",
        "kernel `max_imbalance`";
    "readings" "" "how many readings the interval has, without repeats and late ones; 0 in a gap",
        "ARCHITECTURE.md, Time";
    "quality" "" "how the energy came about and what is odd about it, names joined by commas; `measured` if nothing is to be said",
        "ARCHITECTURE.md, Outputs of a replay; the rules of data quality";
    "valid_wh" "Wh" "imported energy to bill by: `imp_wh`, or where that is `suspect` or a `spike` what the load profile has for the slot, at least zero; null where that has not seen it; with `[quality]` only",
        "ARCHITECTURE.md, Data quality";
    "pf_true" "" "mean active power over mean voltage times mean current of all phases, at most 1, negative on export; null without power, voltage or current; if the plan asks",
        "kernel `true_power_factor`";
    "unbalance" "" "highest less lowest phase voltage of a reading over the middle of the two, the most of the interval; null without three phases; if the plan asks",
        "kernel `voltage_unbalance`";
    "candidate" "" "whether `imbalance_avg` is beyond a share of `i_avg` and beyond a floor; no where a current is not known; if the plan asks",
        "kernel `candidate`";
}
"profiles" {
    "meter" "" "the meter, as its messages name it",
        "ARCHITECTURE.md, On the wire";
    "day_type" "" "which local days: `weekday`, `saturday` or `sunday`; the plan's holidays are Sundays",
        "ours: the days that most loads tell apart";
    "slot" "" "local time at which the slot of the day starts, `HH:MM`; a slot that no day was learned of has no row",
        "ARCHITECTURE.md, Outputs of a replay";
    "mean_w" "W" "mean net power of the slot over the days of the type, a day counting half after `half_life` others; a slot counts on days on which all its intervals were measured and believed",
        "kernel `learn`";
    "spread_w" "W" "how far days are from `mean_w`: the standard deviation of their slot means, weighted as those are",
        "kernel `learn`";
    "weight" "d" "how many days stand behind it, a day counting half after `half_life` others: 1 + keep + keep^2 and so on",
        "kernel `weights`";
}
"demand" {
    "meter" "" "the meter by its name, or the group: `transformer/T1`, `feeder/F1`, `system` for all consumers",
        "ARCHITECTURE.md, Outputs of a replay";
    "start" "" "when the billing period starts, UTC: local midnight of the plan's billing day",
        "ARCHITECTURE.md, Outputs of a replay";
    "end" "" "when the billing period ends, UTC; of the one under way, when its last interval ends",
        "ARCHITECTURE.md, Outputs of a replay";
    "zone" "" "`all`, or a part of the local day with a tariff of its own, as the plan names it",
        "ours: time-of-day tariffs";
    "block_w" "W" "highest mean imported power over a block, blocks side by side from local midnight; all of it in the zone and period, every interval measured: none estimated, partial, gap, reset, swap, suspect or spike; of a group, net, and enough of its consumers measured; null without such a block",
        "block demand as tariffs have it";
    "block_end" "" "when the block of `block_w` ended, UTC; of equal blocks, the first",
        "block demand as tariffs have it";
    "sliding_w" "W" "the same as `block_w`, of blocks as long that end with any interval",
        "sliding demand as tariffs have it";
    "sliding_end" "" "when the block of `sliding_w` ended, UTC; of equal blocks, the first",
        "sliding demand as tariffs have it";
    "block_va" "VA" "highest mean apparent power over a block such as those of `block_w`, not always the same; of a meter an interval that exports counts as zero, of a group either direction counts; null where reactive power is missing in each block",
        "kernel `apparent_power`; ours: a consumer is billed for what it takes, a transformer carries both";
    "sliding_va" "VA" "the same as `block_va`, of blocks that end with any interval",
        "kernel `apparent_power`";
    "energy_wh" "Wh" "imported energy of the zone, estimates too; where it is not believed, what stands in; of a group, of the intervals in which it imports, net",
        "ARCHITECTURE.md, Outputs of a replay";
    "exp_wh" "Wh" "exported energy of the period, 0 where none is known; of a group, of the intervals in which it exports, net; of zone `all` alone",
        "ARCHITECTURE.md, Outputs of a replay";
    "load_factor" "" "`energy_wh` over `hours`, over `block_w`; null without a block above zero; of zone `all` alone",
        "kernel `load_factor_of`";
    "pf" "" "active over apparent energy of the intervals whose mean power is no export and whose readings carry reactive power, whatever their quality; null without one; of zone `all` alone",
        "ours: energies weigh each interval by what it used, and whoever exports has no power factor to be billed by";
    "low_pf" "" "whether `pf` is below the plan's `low_power_factor`; null without `pf`; of zone `all` alone",
        "ARCHITECTURE.md, Outputs of a replay";
    "varh_lag" "varh" "lagging reactive energy of the intervals of `pf`: mean reactive power above zero times time; null without `pf`; of zone `all` alone",
        "kernel `mean_reactive_power`";
    "varh_lead" "varh" "leading reactive energy of the intervals of `pf`: mean reactive power below zero times time, without its sign; null without `pf`; of zone `all` alone",
        "kernel `mean_reactive_power`";
    "low_pf_hours" "h" "hours of the intervals of `pf` whose own power factor is below the plan's `low_power_factor`; 0 if there is none; of zone `all` alone",
        "kernel `power_factor`";
    "hours" "h" "hours of the intervals of the period whose imported energy is known, estimates too; of zone `all` alone",
        "ARCHITECTURE.md, Outputs of a replay";
    "estimated_hours" "h" "those of `hours` whose energy is estimated; of zone `all` alone",
        "VEE: estimated energy is told apart";
    "base_w" "W" "lowest slot of the typical day, net, as the load profile has it when the period is told, days before the period too; null for groups, and until each slot is known of some type of day; of zone `all` alone",
        "kernel `typical_day`";
    "night_share" "" "energy from local midnight to six over that of the typical day, as `base_w` has it; null too where that day's energy is not above zero, or its slots do not make quarters of a day; of zone `all` alone",
        "kernel `night_share`";
    "coincident_w" "W" "mean net power in the block of `block_w` of `system` in this period; null where it was not measured in all of that block, or `system` has none; of zone `all` alone, with `[groups]`",
        "ours: those of all consumers add up to the peak of all; net, as a roof takes from it";
    "sanctioned_w" "W" "what was agreed with the consumer, by its row of the topology at `end`; of a transformer or feeder what it is made for, in W or VA, by the row of its own meter without an end; else null; of zone `all` alone, with `[groups]` or `[sanctioned]`",
        "ARCHITECTURE.md, Outputs of a replay";
    "utilisation" "" "`block_w` over `sanctioned_w`; of a group `block_va` if known, else `block_w`; null without `sanctioned_w`; of zone `all` alone",
        "ours: contracts are in W, transformers are rated in VA";
    "meters" "" "consumers of a group in the topology at its last interval, or those measured if more; without a topology, all heard of; null for meters; of zone `all` alone",
        "ARCHITECTURE.md, Outputs of a replay";
    "diversity" "" "sum of the highest blocks of a group's consumers, whenever each had it, over `block_w` of the group; null for meters; of zone `all` alone",
        "diversity factor as distribution engineers have it";
    "peer_ratio" "" "what the consumer imported in the period over the mean of all consumers of its `class`, itself too, estimates too, without what came later than its tick; null for groups and without a class; of zone `all` alone, with `[groups]` or `[sanctioned]`",
        "ours: a consumer beside others of its kind";
    "pf_p05" "" "power factor that the intervals of `pf` are below a twentieth of the time, from the classes of `pf_hours`; null for groups and without such an interval; of zone `all` alone, with `[power_factor]`",
        "kernel `percentile`";
    "pf_hours" "h" "a list: hours of the intervals of `pf` in each class of the power factor, classes as wide as `step` from 0 to 1; null for groups and without such an interval; of zone `all` alone, with `[power_factor]`",
        "kernel `power_factor`";
}
"balance" {
    "transformer" "" "the transformer; it has a row where a meter on it has an interval that closes with its tick",
        "ARCHITECTURE.md, Outputs of a replay";
    "start" "" "when the interval starts, UTC",
        "ARCHITECTURE.md, Time";
    "end" "" "when the interval ends, UTC",
        "ARCHITECTURE.md, Time";
    "supplied_wh" "Wh" "import less export of the transformer's own meters; null unless the energy of all of them is known",
        "kernel `valid_energy`";
    "consumed_wh" "Wh" "import less export of its consumers whose energy is known, estimates too; where it is not believed, what stands in; what closed later than its tick is left out",
        "kernel `valid_energy`";
    "gap_wh" "Wh" "`supplied_wh` less `consumed_wh`: losses, and the use of consumers that are not among `reporting`; null without `supplied_wh`",
        "conservation of energy";
    "meters" "" "consumers that hang on the transformer in this interval, by the topology",
        "ARCHITECTURE.md, Outputs of a replay";
    "reporting" "" "those of them whose energy is known when the tick closes",
        "ARCHITECTURE.md, Outputs of a replay";
    "quality" "" "every flag of how the energy came about, of all intervals of its meters, known or not; `measured` if there is none; no rules of `[quality]`",
        "ARCHITECTURE.md, Data quality";
}
"forecasts" {
    "target" "" "whose use: `system` for all consumers, or `transformer/T1` for those of a transformer",
        "ARCHITECTURE.md, Outputs of a replay";
    "issued" "" "end of the first tick of the local day forecast, UTC; nothing after the beginning of that day is looked at",
        "ours: a day ahead, from local midnight";
    "start" "" "when the interval forecast starts, UTC",
        "ARCHITECTURE.md, Time";
    "end" "" "when the interval forecast ends, UTC",
        "ARCHITECTURE.md, Time";
    "mean" "W" "expected net power: mean of the same local minute over the last up to four days of the same type, else of any type, of five weeks; no row where there is no such day",
        "baselines of demand response: the last four like days";
    "q10" "W" "one column a quantile of the plan, named by its percent: net power that the interval lies below with that probability, by Student's t about `mean`; equal to `mean` after one day alone",
        "Student, Biometrika 6 (1908): the next of few days that differ like draws from one bell";
}
"outages" {
    "role" "" "what was without supply: `consumer`, `transformer` or `feeder`; three consumers or more, and a share of all, are one outage of what they hang on",
        "ARCHITECTURE.md, Supply";
    "target" "" "its name",
        "ARCHITECTURE.md, Supply";
    "area" "" "area of all its consumers in the topology; null if they are of several, or of none",
        "ARCHITECTURE.md, Supply";
    "start" "" "since when, UTC: the last gasp; else the end of the last interval heard of, or `end` if none is missing; of many, the first last gasp, else the middle of their starts",
        "ARCHITECTURE.md, Supply";
    "end" "" "until when, UTC: when the meter says so, else the start of the first interval heard of, or the end of the topology's row of a meter that was removed; of many, the latest return that a meter told, else the latest; null while it lasts",
        "ARCHITECTURE.md, Supply";
    "cause" "" "how it is known: `last-gasp`; `restored`, only its end was told; `silence`; `communication`, registers went on; `unknown`, a silence too long to tell, or of a meter that was removed; the last two are no interruptions",
        "ARCHITECTURE.md, Supply";
    "kind" "" "`sustained` if it lasted longer than the plan's `momentary`, else `momentary`; null while it lasts, or if it is no interruption",
        "IEEE 1366-2012: momentary and sustained, up to five minutes and beyond";
    "consumers" "" "how many different consumers were out, without those that turned out to have had supply, unless most had; when it ends, without those that stay out",
        "ARCHITECTURE.md, Supply";
    "customer_minutes" "min" "minutes without supply of the consumers that have it again, together, each from its own start to its own end",
        "IEEE 1366-2012: customer minutes of interruption";
}
"supply" {
    "area" "" "area of the topology, or `all` for all consumers",
        "ARCHITECTURE.md, Supply";
    "month" "" "first day of the local month; an interruption belongs to the local day on which it began, and counts once it is over",
        "ARCHITECTURE.md, Supply";
    "consumers" "" "consumers of the topology at the end of the month, or as far as it went",
        "IEEE 1366-2012: customers served";
    "saidi_min" "min" "minutes of the month's sustained interruptions, of all consumers, over `consumers`; null without one",
        "kernel `saidi`";
    "saifi" "" "sustained interruptions of the month, each consumer's own, over `consumers`; null without one",
        "kernel `saifi`";
    "caidi_min" "min" "minutes of the month's sustained interruptions over their number; null if there is none",
        "kernel `caidi`";
    "maifi" "" "momentary interruptions of the month, each consumer's own, over `consumers`; null without one",
        "kernel `maifi`";
    "major_event_days" "" "days of the month on which SAIDI of all consumers is above `threshold_min`, the same in each area; null without it",
        "IEEE 1366-2012, major event days of the system";
    "threshold_min" "min" "daily SAIDI of all consumers beyond which a day is major, from the five years before the month; null of fewer than 30 days with sustained interruptions",
        "kernel `med_threshold`; ours: of each month, not of a year";
    "saidi_min_without_major" "min" "`saidi_min` of the days that are not major; null without it or without `threshold_min`",
        "IEEE 1366-2012, major event days";
    "saifi_without_major" "" "`saifi` of the days that are not major; null without it or without `threshold_min`",
        "IEEE 1366-2012, major event days";
    "low_voltage_hours" "h" "hours of intervals whose lowest phase voltage of a reading is below the plan's `low_voltage`, of all consumers, over `consumers`; null without one",
        "kernel `voltage_beyond`";
    "high_voltage_hours" "h" "hours of intervals whose highest phase voltage of a reading is above the plan's `high_voltage`, of all consumers, over `consumers`; null without one",
        "kernel `voltage_beyond`";
    "unbalanced_hours" "h" "hours of intervals whose phase voltages are further apart than the plan's `unbalance`, of all consumers, over `consumers`, those of one phase too; null without one",
        "kernel `voltage_unbalance`";
    "voltage_hours" "h" "hours of intervals whose voltage is known at all, of all consumers, over `consumers`; null without one",
        "ours: without it, few hours beyond a limit may be few hours known";
}
"suspicions" {
    "meter" "" "the meter; without a suspicion on that day it has no row",
        "ARCHITECTURE.md, Outputs of a replay";
    "day" "" "local day of the interval that raised it; one that ends at midnight is of the day before",
        "ARCHITECTURE.md, Time";
    "score" "" "highest score of the day, between 0 and 1: (1 - allowed / apart) times (1 - needed / (2 blocks)), size times persistence",
        "ours: 0 at the threshold, and more the further and the longer";
    "phase_neutral" "" "highest score of the day by detector phase-neutral; 0 if it gave none",
        "ours: a column a detector";
    "blocks" "" "intervals, one after the other, that the longest suspicion of the day rests on, those of the days before too",
        "firmware of meters in the field: so many blocks running";
}
"cases" {
    "id" "" "name of the case: detector, meter and opening time, UTC",
        "ours: the same in every run";
    "meter" "" "the meter",
        "ARCHITECTURE.md, Outputs of a replay";
    "transformer" "" "transformer that the meter hung on when the case opened",
        "ARCHITECTURE.md, Outputs of a replay";
    "area" "" "area that the meter stood in when the case opened; null if it has none",
        "ARCHITECTURE.md, Outputs of a replay";
    "detector" "" "what raised it: `phase-neutral`, phase and neutral current apart",
        "Kirchhoff: what goes out through the phase comes back through the neutral";
    "opened" "" "end of the interval that brought the first evidence, UTC",
        "ARCHITECTURE.md, Outputs of a replay";
    "last_evidence" "" "end of the last interval that brought evidence, UTC",
        "ARCHITECTURE.md, Outputs of a replay";
    "closed" "" "end of the first tick by which no evidence had come for the plan's `cool_down`, UTC; null while it is open",
        "ours: a day or two of rest is the same case";
    "state" "" "`open` or `closed`",
        "ARCHITECTURE.md, Outputs of a replay";
    "score" "" "highest score of its suspicions, between 0 and 1, as in `suspicions`",
        "ours: 0 at the threshold, and more the further and the longer";
    "blocks" "" "intervals of evidence over all its runs, those before it opened too",
        "ARCHITECTURE.md, Outputs of a replay";
    "since" "" "when the first interval of its strongest run started, UTC: the run as it was at the highest score, the later of equals",
        "ARCHITECTURE.md, Outputs of a replay";
    "until" "" "when the last interval of its strongest run ended, UTC, as it was at the highest score",
        "ARCHITECTURE.md, Outputs of a replay";
    "phase_a" "A" "mean phase current of the strongest run, each interval counting once",
        "kernel `loop_currents`";
    "neutral_a" "A" "mean neutral current of the strongest run, each interval counting once",
        "kernel `loop_currents`";
    "apart_a" "A" "how far `phase_a` and `neutral_a` are apart, without a sign",
        "kernel `loop_currents`";
    "allowed_a" "A" "mean of what the intervals of the strongest run were allowed to be apart: a share of the larger current, more at low load, never less than the floor",
        "firmware thresholds in the field";
    "share" "" "`apart_a` over the larger of `phase_a` and `neutral_a`",
        "ARCHITECTURE.md, Outputs of a replay";
    "excess_wh" "Wh" "energy that the currents apart stand for over the strongest run, at the mean voltage of each interval: at most what was not counted; null where an interval has no voltage",
        "kernels `loop_currents`, `mean_voltage`; ours: an upper bound, as if all of it were active";
    "looked_at" "" "innocent causes that were looked at and did not explain it, joined by commas: `shared-neutral` if there was a neighbour, `low-load`, `three-phase`, `brief`",
        "ARCHITECTURE.md, What must stay true";
    "follows" "" "id of the case of the same meter and detector that closed no longer than the plan's `follow_within` before; else null",
        "ours: the same trouble come back";
    "reason" "" "what people were told when it opened, with the numbers of the strongest run and local time",
        "ARCHITECTURE.md, What must stay true";
    "opening_since" "" "when the first interval of the run that opened it started, UTC",
        "ARCHITECTURE.md, Outputs of a replay";
    "opening_until" "" "when the last interval of that run ended as the case opened, UTC: the same as `opened`",
        "ARCHITECTURE.md, Outputs of a replay";
    "opening_blocks" "" "intervals that the run had as the case opened",
        "ARCHITECTURE.md, Outputs of a replay";
    "opening_phase_a" "A" "mean phase current of that run as the case opened",
        "kernel `loop_currents`";
    "opening_neutral_a" "A" "mean neutral current of that run as the case opened",
        "kernel `loop_currents`";
    "opening_apart_a" "A" "how far these two were apart, without a sign",
        "kernel `loop_currents`";
    "opening_allowed_a" "A" "what that run was allowed to be apart as the case opened, as `allowed_a`",
        "firmware thresholds in the field";
    "opening_excess_wh" "Wh" "energy that the currents apart stood for as the case opened, as `excess_wh`; null where an interval has no voltage",
        "kernels `loop_currents`, `mean_voltage`";
    "excess_total_wh" "Wh" "the same as `excess_wh` over all runs of the case, each as far as it went; null where a part is not known",
        "kernels `loop_currents`, `mean_voltage`";
}
}
