//! Every kernel with its unit and its definition: for documents, column headings and people who check a number.

use units::{Amperes, Vars, VoltAmperes, Volts, WattHours, Watts};

/// One kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The name of the function.
    pub name: &'static str,
    /// The unit of its answer; empty for ratios and for yes or no.
    pub unit: &'static str,
    /// What it computes.
    pub definition: &'static str,
    /// Where that definition comes from.
    pub source: &'static str,
}

/// Every public kernel of this crate; a test compares the list with the source.
pub const CATALOGUE: &[Entry] = &[
    Entry {
        name: "net_energy",
        unit: WattHours::UNIT,
        definition: "imported less exported active energy of the interval",
        source: "IS 16444: import and export registers are kept apart",
    },
    Entry {
        name: "valid_energy",
        unit: WattHours::UNIT,
        definition: "net energy to bill: where the import is not believed, the load profile's estimate counts in its place",
        source: "validation, estimation and editing (VEE): sums are made of validated energy",
    },
    Entry {
        name: "mean_power",
        unit: Watts::UNIT,
        definition: "mean of the readings' active power, else net energy over the time",
        source: "the column `avg_w` of intervals",
    },
    Entry {
        name: "max_power",
        unit: Watts::UNIT,
        definition: "highest active power of a reading, else mean power",
        source: "the column `max_w` of intervals",
    },
    Entry {
        name: "power_factor",
        unit: "",
        definition: "sum p over root of (sum p)^2 + (sum q)^2 of the readings; negative on export",
        source: "the column `pf` of intervals; IEEE 1459: displacement, where reactive power is of the fundamental",
    },
    Entry {
        name: "true_power_factor",
        unit: "",
        definition: "mean active power over mean voltage times mean current of all phases; at most 1, negative on export",
        source: "IEEE 1459: power factor with distortion",
    },
    Entry {
        name: "mean_reactive_power",
        unit: Vars::UNIT,
        definition: "mean of the readings' reactive power, if each with active power carries it; positive is lagging",
        source: "IEC 62053-23: the sign of reactive power",
    },
    Entry {
        name: "apparent_power",
        unit: VoltAmperes::UNIT,
        definition: "root of (mean p)^2 + (mean q)^2 of the readings; mean power over power factor",
        source: "IEEE 1459 for sinusoidal supply",
    },
    Entry {
        name: "mean_current",
        unit: Amperes::UNIT,
        definition: "mean phase current of the readings",
        source: "the column `i_avg` of intervals",
    },
    Entry {
        name: "mean_imbalance",
        unit: Amperes::UNIT,
        definition: "mean of |phase - neutral| of the readings that carry both",
        source: "the column `imbalance_avg` of intervals",
    },
    Entry {
        name: "max_imbalance",
        unit: Amperes::UNIT,
        definition: "largest |phase - neutral| of a reading",
        source: "the column `imbalance_max` of intervals",
    },
    Entry {
        name: "loop_currents",
        unit: Amperes::UNIT,
        definition: "mean phase and mean neutral current of a single-phase supply, and how far they are apart",
        source: "Kirchhoff: what goes out through the phase comes back through the neutral",
    },
    Entry {
        name: "candidate",
        unit: "",
        definition: "mean imbalance beyond a share of the mean phase current and beyond a floor",
        source: "firmware thresholds in the field",
    },
    Entry {
        name: "v_min",
        unit: Volts::UNIT,
        definition: "lowest phase voltage of a reading",
        source: "the column `v_min` of intervals",
    },
    Entry {
        name: "v_max",
        unit: Volts::UNIT,
        definition: "highest phase voltage of a reading",
        source: "the column `v_max` of intervals",
    },
    Entry {
        name: "voltage_unbalance",
        unit: "",
        definition: "highest less lowest phase voltage of a reading over the mean of the two, to a ten-thousandth; the largest of the interval",
        source: "IEEE 936: phase voltage unbalance, highest less lowest over the mean",
    },
    Entry {
        name: "mean_voltage",
        unit: Volts::UNIT,
        definition: "midway between the lowest and the highest phase voltage",
        source: "Gridwarden: sums hold no mean voltage, and the voltage moves by few per cent within an interval",
    },
    Entry {
        name: "block_peak",
        unit: Watts::UNIT,
        definition: "highest mean power over a block of intervals, blocks side by side",
        source: "block demand as tariffs have it",
    },
    Entry {
        name: "load_factor",
        unit: "",
        definition: "mean power over peak power",
        source: "IEC 60050-691, load factor",
    },
    Entry {
        name: "base_load",
        unit: Watts::UNIT,
        definition: "5th percentile of mean powers: above it for 95 % of the known intervals",
        source: "load-duration curve, IEC 60050-691",
    },
    Entry {
        name: "load_factor_of",
        unit: "",
        definition: "energy over known hours, over peak demand",
        source: "IEC 60050-691, load factor",
    },
    Entry {
        name: "typical_day",
        unit: Watts::UNIT,
        definition: "mean of each slot of a load profile over weekdays, Saturdays and Sundays, five to one to one",
        source: "Gridwarden: a week's mixture of types of day",
    },
    Entry {
        name: "night_share",
        unit: "",
        definition: "energy from midnight to six over energy of the typical day",
        source: "Gridwarden: hours in which most people sleep",
    },
    Entry {
        name: "percentile",
        unit: "",
        definition: "the value that a share of counts by class is below; values lie evenly within a class",
        source: "Gridwarden: grouped data by linear interpolation, as in ISO 3534-1",
    },
    Entry {
        name: "learn",
        unit: "",
        definition: "mean and variance of observations; one counts half after as many others as the half-life",
        source: "D. H. D. West, Comm. ACM 22 (1979) 532, with weights that decay",
    },
    Entry {
        name: "weights",
        unit: "",
        definition: "how many times the last observation all of them weigh: 1 + keep + keep^2 and so on",
        source: "sum of a geometric series",
    },
    Entry {
        name: "saidi",
        unit: "min",
        definition: "minutes without supply of all consumers, sustained interruptions alone, over consumers served",
        source: "IEEE 1366-2012, SAIDI",
    },
    Entry {
        name: "saifi",
        unit: "",
        definition: "sustained interruptions of all consumers over consumers served",
        source: "IEEE 1366-2012, SAIFI",
    },
    Entry {
        name: "caidi",
        unit: "min",
        definition: "minutes without supply over sustained interruptions: SAIDI over SAIFI",
        source: "IEEE 1366-2012, CAIDI",
    },
    Entry {
        name: "maifi",
        unit: "",
        definition: "momentary interruptions of all consumers over consumers served",
        source: "IEEE 1366-2012, MAIFI",
    },
    Entry {
        name: "med_threshold",
        unit: "min",
        definition: "exp(alpha + 2.5 beta): mean and sample standard deviation of ln of daily SAIDI above zero, of 30 days or more",
        source: "IEEE 1366-2012, 2.5 beta method",
    },
    Entry {
        name: "voltage_beyond",
        unit: "",
        definition: "lowest phase voltage below one limit, highest above another",
        source: "EN 50160: 230 V, 10 % either way",
    },
    Entry {
        name: "moved_while_silent",
        unit: "",
        definition: "energy across a silence is above the mean of what is usually used in all of it and in the intervals at its edges",
        source: "Gridwarden: an outage has at most the use of its edges, and a silence with supply has all",
    },
    Entry {
        name: "measured_import",
        unit: WattHours::UNIT,
        definition: "imported energy of an interval whose own registers show all of it",
        source: "the column `quality` of intervals",
    },
];
