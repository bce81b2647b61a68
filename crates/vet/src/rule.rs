//! The closed list of what can be wrong with data.

use reading::issue::Counts;
use reading::{Issue, Quality};
use serde::{Deserialize, Serialize};

macro_rules! rules {
    ($($variant:ident $name:literal $unit:literal $by:expr, $definition:literal, $default:literal, $source:literal;)*) => {
        /// One way in which data can be wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        #[expect(missing_docs, reason = "each has its definition, as data")]
        pub enum Rule { $($variant,)* }

        impl Rule {
            /// All of them, from the door to the town.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name that counters, files and plans use.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The unit of its setting; empty where it has none.
            pub const fn unit(self) -> &'static str {
                match self { $(Self::$variant => $unit,)* }
            }

            /// What it says, in a sentence.
            pub const fn definition(self) -> &'static str {
                match self { $(Self::$variant => $definition,)* }
            }

            /// What the plans that come with the project set, or what holds without a setting.
            pub const fn default(self) -> &'static str {
                match self { $(Self::$variant => $default,)* }
            }

            /// Where the definition, or its limit, comes from.
            pub const fn source(self) -> &'static str {
                match self { $(Self::$variant => $source,)* }
            }

            /// Who applies it.
            pub const fn by(self) -> By {
                match self { $(Self::$variant => $by,)* }
            }
        }
    };
}

/// Who applies a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The door, the order of arrival or the registers, whatever the plan: its counter is that of the issue.
    Issue(Issue),
    /// [`Vet`](crate::Vet), interval by interval: it sets this flag.
    Flag(Quality),
    /// [`Findings`](crate::Findings), day by day, where it is known who hangs where.
    Town,
}

rules! {
    NegativeRegister "negative-register" "" By::Issue(Issue::NegativeRegister),
        "a register below zero; it is left out",
        "always", "IEC 62053-21: registers count forward";
    NegativeCurrent "negative-current" "" By::Issue(Issue::NegativeCurrent),
        "a current with a sign; its size is used",
        "always", "IS 15959: currents are magnitudes";
    VoltageImplausible "voltage-implausible" "V" By::Issue(Issue::VoltageImplausible),
        "a voltage below zero or above `limits.voltage`; it is left out",
        "600 V", "IEC 60038: above every low voltage";
    CurrentImplausible "current-implausible" "A" By::Issue(Issue::CurrentImplausible),
        "a current above `limits.current`; it is left out",
        "2000 A", "a transformer of 1 MVA at low voltage carries 1400 A";
    PowerImplausible "power-implausible" "W" By::Issue(Issue::PowerImplausible),
        "a power above `limits.power`, either way; it is left out",
        "10 MW", "ours: more than any feeder at low voltage";
    Repeat "repeat" "" By::Issue(Issue::Repeat),
        "same meter, same time as an earlier message: the first counts",
        "always", "ARCHITECTURE.md, duplicates";
    Late "late" "min" By::Issue(Issue::Late),
        "the interval was closed when the reading came: it was long on its way, or its clock runs behind by more than `intervals.grace`",
        "15 min to 2 h", "ARCHITECTURE.md, late";
    ClockAhead "clock-ahead" "min" By::Issue(Issue::ClockAhead),
        "the reading is further than `intervals.clock_ahead` beyond those of all others",
        "20 min", "ARCHITECTURE.md, clock-ahead";
    Gap "gap" "" By::Issue(Issue::Gap),
        "registers on both sides of a silence: the energy between is estimated",
        "always", "VEE: gaps are filled from the register's advance";
    GapTooLong "gap-too-long" "d" By::Issue(Issue::GapTooLong),
        "a silence longer than `intervals.longest_gap`: its energy stands in no interval",
        "7 d", "ARCHITECTURE.md, unplaced_wh";
    Rollover "rollover" "Wh" By::Issue(Issue::Rollover),
        "a register returned to zero at one of `registers.rollovers`",
        "100 MWh, 1000 MWh", "registers of five and six digits of kWh";
    Reset "reset" "W" By::Issue(Issue::Reset),
        "a register fell to under a tenth, and to no more than `registers.reset_power` allows",
        "200 kW", "ARCHITECTURE.md, a meter's memory";
    RegisterFell "register-fell" "" By::Issue(Issue::RegisterFell),
        "a register fell, and that was neither a rollover nor a reset: nothing is counted",
        "always", "ARCHITECTURE.md, a meter's memory";
    RegisterJumped "register-jumped" "W" By::Issue(Issue::RegisterJumped),
        "a register rose by more than `limits.power` allows: nothing is counted",
        "10 MW", "ARCHITECTURE.md, a meter's memory";
    Swap "swap" "" By::Issue(Issue::Swap),
        "the topology says that the device was exchanged: registers are not compared",
        "always", "ARCHITECTURE.md, topology";
    Disagrees "disagrees" "Wh" By::Issue(Issue::Disagrees),
        "registers and power tell energies of an interval that differ by more than `intervals.cross_check`",
        "50 % and 200 Wh", "VEE: interval energy against register advance";
    ZeroRun "zero-run" "d" By::Flag(Quality::ZERO_RUN),
        "nothing imported for so long, silences left out",
        "3 d", "VEE: consecutive zeros; scripts/quality-check for the limit";
    Flat "flat" "h" By::Flag(Quality::FLAT),
        "the energies of so long all lie within a share or a floor of the first of them, silences left out: a stuck element, also near zero with noise",
        "24 h, 0.5 % or 1 Wh", "ours; scripts/quality-check for the limits";
    Spike "spike" "" By::Flag(Quality::SPIKE),
        "energy of more than so many times the third-highest of the last weeks, and beyond a floor; what is remembered fades by a sixteenth each Monday, and is asked after two of them",
        "3 times and 2 kW", "VEE spike check: highest against third-highest peak";
    High "high" "" By::Flag(Quality::HIGH),
        "the local day that ends here used more than this share of what the load profile expects",
        "400 %", "VEE: high usage against own history; scripts/quality-check for the limit";
    Low "low" "" By::Flag(Quality::LOW),
        "the local day that ends here used less than this share of what the load profile expects",
        "5 %", "VEE: low usage against own history; scripts/quality-check for the limit";
    Reverse "reverse" "Wh" By::Flag(Quality::REVERSE),
        "power says that more than this was exported, and no export register moved: wires or a current transformer the wrong way round",
        "10 Wh", "IS 15959: reverse current events; registers count forward all the same";
    Unit "unit" "" By::Flag(Quality::UNIT),
        "registers tell 500 to 2000 times the energy that power does, or the other way round: one of them is in thousands",
        "always", "kW sent as W; ours";
    PowerFactor "power-factor" "" By::Flag(Quality::POWER_FACTOR),
        "single phase, nothing exported: active power is more than a share of voltage times the larger current; or it is, with reactive power where that is known, less than a share of voltage times phase current above a floor",
        "120 %, 20 % above 2 A", "IEEE 1459: a power factor is at most 1";
    Sanctioned "sanctioned" "" By::Town,
        "mean power of an interval is above this share of the load that the contract allows; once a meter and day",
        "150 %", "VEE: high usage against sanctioned load";
    Inactive "inactive" "Wh" By::Town,
        "the topology has no row of a meter any more, or says class `inactive`, and it uses more than this on a day",
        "100 Wh", "VEE: usage on an inactive meter";
    GroupSum "group-sum" "" By::Town,
        "what a transformer gave on a day and what its consumers used differ by more than this share of the larger, over the intervals in which all reported",
        "15 %", "VEE sum check; losses are 1 to 4 %";
    Multiplier "multiplier" "d" By::Town,
        "the same two are a ratio of current transformers apart, within 8 %, for so many days: a multiplier is missing or counted twice",
        "3 d", "IEC 61869-2: rated ratios";
    PhaseSequence "phase-sequence" "" By::Town,
        "the meter reports `phase-sequence-reversed`; once a meter and day",
        "always", "IEC 62053: meters of three phases are made for one sequence";
    EventLog "event-log" "" By::Town,
        "the meter reports `event-log-overrun`: what happened before is not all known; once a meter and day",
        "always", "VEE: event log rolled over";
}

impl Rule {
    /// The rule whose flag this is.
    pub fn of_flag(flag: Quality) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.by() == By::Flag(flag))
    }
}

/// How often each rule was met, save those that are counted as issues. Stored by the names of rules, so that the list may
/// grow and change its order; a count of a rule that is gone is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<(String, u64)>", from = "Vec<(String, u64)>")]
pub struct Tally([u64; Rule::ALL.len()]);

impl Default for Tally {
    fn default() -> Self {
        Self([0; Rule::ALL.len()])
    }
}

impl Tally {
    /// Counts one.
    pub fn count(&mut self, rule: Rule) {
        self.add_of(rule, 1);
    }

    /// Counts so many.
    pub fn add_of(&mut self, rule: Rule, times: u64) {
        self.0[rule as usize] += times;
    }

    /// Counts the rules whose flags are set.
    pub(crate) fn flags(&mut self, flags: Quality) {
        let mut left = flags.0;
        while left != 0 {
            let flag = Quality(left & left.wrapping_neg());
            left &= left - 1;
            if let Some(rule) = Rule::of_flag(flag) {
                self.count(rule);
            }
        }
    }

    /// How often a rule was met; those that are issues by their counts.
    pub fn of(&self, rule: Rule, counts: &Counts) -> u64 {
        match rule.by() {
            By::Issue(issue) => counts.of_issue(issue),
            By::Flag(_) | By::Town => self.0[rule as usize],
        }
    }

    /// Adds another.
    pub fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, more)| *sum += more);
    }
}

impl From<Tally> for Vec<(String, u64)> {
    /// Those that are not zero, by name.
    fn from(tally: Tally) -> Self {
        let counted = Rule::ALL.iter().map(|&rule| (rule.name().to_owned(), tally.0[rule as usize]));
        counted.filter(|(_, count)| *count > 0).collect()
    }
}

impl From<Vec<(String, u64)>> for Tally {
    fn from(stored: Vec<(String, u64)>) -> Self {
        let mut tally = Self::default();
        for (name, count) in stored {
            if let Some(&rule) = Rule::ALL.iter().find(|rule| rule.name() == name) {
                tally.add_of(rule, count);
            }
        }
        tally
    }
}
