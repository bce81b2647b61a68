//! The closed list of quality rules.

use reading::issue::Counts;
use reading::{Issue, Quality};
use serde::{Deserialize, Serialize};

macro_rules! rules {
    ($($variant:ident $name:literal $unit:literal $by:expr, $definition:literal, $default:literal, $source:literal;)*) => {
        /// A quality rule: one way in which data can be wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        #[expect(missing_docs, reason = "each has its definition as data")]
        pub enum Rule { $($variant,)* }

        impl Rule {
            /// All of them, in the order in which data passes them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name that counters, files and plans use.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The unit of its setting; empty where it has none.
            pub const fn unit(self) -> &'static str {
                match self { $(Self::$variant => $unit,)* }
            }

            /// What it means, in words that need no context: `gridwarden catalogue` prints them.
            pub const fn definition(self) -> &'static str {
                match self { $(Self::$variant => $definition,)* }
            }

            /// The limit in the plans that come with the project, or `always` where there is none.
            pub const fn default(self) -> &'static str {
                match self { $(Self::$variant => $default,)* }
            }

            /// The standard or the experience behind the definition or its limit.
            pub const fn source(self) -> &'static str {
                match self { $(Self::$variant => $source,)* }
            }

            /// Where it is applied.
            pub const fn by(self) -> By {
                match self { $(Self::$variant => $by,)* }
            }
        }
    };
}

/// Where a rule is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// At the door, at the order of arrival or at the registers, under any plan. Its counter is that of the issue.
    Issue(Issue),
    /// In [`Vet`](crate::Vet), at each closed interval. It sets this flag.
    Flag(Quality),
    /// In [`Findings`](crate::Findings), once a local day, where the topology is known.
    Town,
}

rules! {
    NegativeRegister "negative-register" "" By::Issue(Issue::NegativeRegister),
        "a register shows less than zero; the value is left out",
        "always", "IEC 62053-21: registers count forward";
    NegativeCurrent "negative-current" "" By::Issue(Issue::NegativeCurrent),
        "a current has a sign; its size is used",
        "always", "IS 15959: currents are magnitudes";
    VoltageImplausible "voltage-implausible" "V" By::Issue(Issue::VoltageImplausible),
        "a voltage is below zero or above `voltage` of `[limits]`; the value is left out",
        "600 V", "IEC 60038: well above the 400 V of a phase in a 400/690 V supply";
    CurrentImplausible "current-implausible" "A" By::Issue(Issue::CurrentImplausible),
        "a current is above `current` of `[limits]`; the value is left out",
        "2000 A", "a transformer of 1 MVA carries 1400 A on its low-voltage side";
    PowerImplausible "power-implausible" "W" By::Issue(Issue::PowerImplausible),
        "a power is above `power` of `[limits]`, in either direction; the value is left out",
        "10 MW", "chosen here: more than any feeder at low voltage carries";
    NotANumber "not-a-number" "" By::Issue(Issue::NotANumber),
        "a value of a Parquet file or Arrow message is NaN, as data frames write what is absent; the value is left out",
        "always", "IEEE 754: NaN is no number, so it is no measurement";
    Repeat "repeat" "" By::Issue(Issue::Repeat),
        "the meter has sent a message for the same time before; only the first one counts",
        "always", "a message that arrives twice must not count twice";
    Late "late" "min" By::Issue(Issue::Late),
        "the reading arrived after its interval was closed for its own meter, which had gone on to later intervals",
        "15 min to 2 h", "an interval of a meter closes with its tick, or later if the meter itself has not gone on";
    ClockAhead "clock-ahead" "min" By::Issue(Issue::ClockAhead),
        "the reading is more than `clock_ahead` of `[intervals]` later than the time that three eighths of the meters have reached",
        "20 min", "one wrong clock must not close the intervals of all other meters";
    Gap "gap" "" By::Issue(Issue::Gap),
        "the meter was silent, and its register is known before and after; the energy between is estimated",
        "always", "validation of meter data (VEE): a gap is filled from the advance of the register";
    GapTooLong "gap-too-long" "d" By::Issue(Issue::GapTooLong),
        "the meter was silent for longer than `longest_gap` of `[intervals]`; the energy of the silence stands in no interval, and counts in `unplaced_wh` of `summary.json`",
        "35 d", "a billing month and some days: a bill between two good registers has all of their energy";
    Rollover "rollover" "Wh" By::Issue(Issue::Rollover),
        "a register returned to zero at one of the `rollovers` of `[registers]`; it is counted across",
        "100 MWh, 1000 MWh", "registers of five and six digits of kWh";
    Reset "reset" "W" By::Issue(Issue::Reset),
        "a register fell to under a tenth, and to no more than `reset_power` of `[registers]` can have used since; what it shows is counted",
        "200 kW", "a register that was set back to zero counts on from there";
    RegisterFell "register-fell" "" By::Issue(Issue::RegisterFell),
        "a register fell, and it was neither a rollover nor a reset; if it goes on from there, nothing is counted across the fall (`suspect`); if it goes on from the value before, the one that fell is passed over, and all energy is counted (`garbled`)",
        "always", "a register only counts forward: what it fell by is no energy";
    RegisterJumped "register-jumped" "W" By::Issue(Issue::RegisterJumped),
        "a register rose by more than `most_power` of `[registers]` allows, or `power` of `[limits]` for a transformer or feeder; if it goes on from there, nothing is counted across the jump (`suspect`); if it goes on from the value before, the one that jumped is passed over, and all energy is counted (`garbled`)",
        "100 kW, or three times the sanctioned load", "more than can flow is no energy: a meter without current transformers carries at most 100 A a phase";
    Swap "swap" "" By::Issue(Issue::Swap),
        "the topology says that the device was exchanged; the registers of the two devices are not compared",
        "always", "each device counts from a register of its own";
    Disagrees "disagrees" "Wh" By::Issue(Issue::Disagrees),
        "the energy of an interval by registers and by power differs by more than `cross_check` of `[intervals]`",
        "50 % and 200 Wh", "validation of meter data (VEE): interval energy against register advance";
    ZeroRun "zero-run" "d" By::Flag(Quality::ZERO_RUN),
        "nothing was imported for as long as `zero_run`; silences are no part of the run",
        "3 d", "validation of meter data (VEE): consecutive zeros; the limit was tried on 143 homes in London";
    Flat "flat" "h" By::Flag(Quality::FLAT),
        "all energies for as long as `run` lie within `spread` or `floor` of the first of them, as of a stuck meter; silences are no part of the run",
        "24 h, 0.5 % or 1 Wh", "chosen here; the limits were tried on 143 homes in London";
    Spike "spike" "" By::Flag(Quality::SPIKE),
        "the energy is more than `times` the third-highest of the last weeks, and its power above `floor`; what is remembered fades by a sixteenth each Monday, and is used once two Mondays have passed; energy that a register counted is billed all the same",
        "3 times and 2 kW", "validation of meter data (VEE), spike check: highest against third-highest peak";
    High "high" "" By::Flag(Quality::HIGH),
        "the local day that ends with this interval used more than this share of what the load profile expects",
        "400 %", "validation of meter data (VEE): high usage against own history; the limit was tried on 143 homes in London";
    Low "low" "" By::Flag(Quality::LOW),
        "the local day that ends with this interval used less than this share of what the load profile expects",
        "5 %", "validation of meter data (VEE): low usage against own history; the limit was tried on 143 homes in London";
    Reverse "reverse" "Wh" By::Flag(Quality::REVERSE),
        "power shows that more than this was exported, and no export register moved: wires or a current transformer are connected the wrong way round",
        "10 Wh", "IS 15959: reverse current events; registers count forward all the same";
    Unit "unit" "" By::Flag(Quality::UNIT),
        "the energies by registers, import less export, and by power differ by a factor of 500 to 2000: one of them is sent in thousands",
        "always", "chosen here: kW that are sent as W";
    PowerFactor "power-factor" "" By::Flag(Quality::POWER_FACTOR),
        "of a single-phase meter that exports nothing: active power is above `most` times voltage times the larger current; or power, with reactive power where that is known, is below `least` times voltage times a phase current above `floor`",
        "120 %, 20 % above 2 A", "IEEE 1459: a power factor is at most 1";
    Sanctioned "sanctioned" "" By::Town,
        "the mean power of an interval is above this share of the load that the contract allows; one finding a day for each meter",
        "150 %", "validation of meter data (VEE): high usage against sanctioned load";
    Inactive "inactive" "Wh" By::Town,
        "a meter whose class is `inactive`, or whose rows in the topology have ended, uses more than this on a day",
        "100 Wh", "validation of meter data (VEE): usage on an inactive meter";
    GroupSum "group-sum" "" By::Town,
        "what a transformer gave on a day and what its consumers used differ by more than this share of the larger; only intervals in which all of them reported are compared",
        "15 %", "validation of meter data (VEE), sum check; usual losses are 1 to 4 %";
    Multiplier "multiplier" "d" By::Town,
        "for so many days the same two energies differ by a ratio of current transformers, within 8 %: a multiplier is missing, or was applied twice",
        "3 d", "IEC 61869-2: rated ratios";
    PhaseSequence "phase-sequence" "" By::Town,
        "the meter reported `phase-sequence-reversed`; one finding a day for each meter",
        "always", "IEC 62053: meters of three phases are made for one sequence";
    EventLog "event-log" "" By::Town,
        "the meter reported `event-log-overrun`: earlier events are lost; one finding a day for each meter",
        "always", "validation of meter data (VEE): event log rolled over";
}

impl Rule {
    /// The rule whose flag this is.
    pub fn of_flag(flag: Quality) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.by() == By::Flag(flag))
    }
}

/// How often each rule was met, without the rules that are counted as issues. It is stored by the names of rules, so
/// that the list may grow and change its order. The count of a rule that no longer exists is dropped.
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

    /// Adds to the count of a rule.
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

    /// How often a rule was met. A rule that is an issue is counted there.
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
    /// The counts that are not zero, by name.
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
