//! The closed list of detectors.
//!
//! To add one, write `detectors/NAME.rs`, add its `mod` line and its row in the list below, and give it a section in
//! the plans that should run it. Its file holds:
//!
//! - `Rule`, made by `keys!`: its settings, a [`DetectorRule`];
//! - `ABOUT`: its facts, innocent causes and words, as data;
//! - `NEEDS`: what it needs beside the rows of a tick;
//! - `Runs`: its state at work, with `new`, which does [`Work`]; and what is [`Stored`] of it, `State`.
//!
//! Everything else (plans, `gridwarden check`, files, texts, stored state, the catalogue) works from this list.

pub mod apparent_power;
mod contract;
pub mod ct_open;
pub mod event_then_drop;
pub mod hours_missing;
mod kept;
pub mod neutral_missing;
pub mod phase_neutral;
mod phase_run;
pub mod potential_link_open;
pub mod reversed_ct;
pub mod use_after_disconnection;

pub use contract::{DetectorRule, Stored, Work};

use crate::weigh::{Comparing, Findings};
use crate::{About, Key, SettingsError, Written};
use core::fmt;
use grid::{Joined, Topology};
use reading::{EventCode, MeterId};
use serde::{Deserializer, Serialize, Serializer};

/// What a detector needs beside the rows of a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// These events of meters.
    pub events: &'static [EventCode],
    /// What meters see of single wires.
    pub wires: bool,
}

impl Needs {
    /// Nothing more.
    pub const ROWS: Self = Self { events: &[], wires: false };
    /// What meters see of single wires.
    pub const WIRES: Self = Self { events: &[], wires: true };
}

macro_rules! detectors {
    ($($module:ident $variant:ident $name:literal, $definition:literal, $remembers:literal, $source:literal;)*) => {
        /// The detectors that exist.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        #[expect(missing_docs, reason = "each has its definition, as data")]
        pub enum Detector { $($variant,)* }

        impl Detector {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name that plans, files and case ids use.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The name of its column.
            pub const fn column(self) -> &'static str {
                match self { $(Self::$variant => stringify!($module),)* }
            }

            /// What its column of daily scores is, in a sentence.
            pub const fn score_definition(self) -> &'static str {
                match self {
                    $(Self::$variant => {
                        concat!("highest score of the day by detector ", $name, ", 0 if it gave none: ", $definition)
                    })*
                }
            }

            /// What it looks for, in a sentence.
            pub const fn definition(self) -> &'static str {
                match self { $(Self::$variant => $definition,)* }
            }

            /// The standard or the experience in the field that it comes from.
            pub const fn source(self) -> &'static str {
                match self { $(Self::$variant => $source,)* }
            }

            /// Its facts, innocent causes and words.
            pub fn about(self) -> &'static About {
                match self { $(Self::$variant => &$module::ABOUT,)* }
            }

            /// The keys of its section in the plan.
            pub const fn keys(self) -> &'static [Key] {
                match self { $(Self::$variant => $module::Rule::KEYS,)* }
            }

            /// What its stored state is, for a person who is about to lose it.
            pub const fn remembers(self) -> &'static str {
                match self { $(Self::$variant => $remembers,)* }
            }

            /// The settings that its stored state depends on, as a person finds them in a plan.
            pub const fn state_settings(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!("`[detectors.", $name, "]`, or `length` of `[intervals]`"),)*
                }
            }

            /// What it needs beside the rows of a tick.
            pub const fn needs(self) -> Needs {
                match self { $(Self::$variant => $module::NEEDS,)* }
            }

            /// The version of its stored state.
            pub const fn state_version(self) -> u16 {
                match self { $(Self::$variant => <$module::State as Stored>::VERSION,)* }
            }

            /// Earlier versions of it that can be read.
            pub const fn state_reads(self) -> &'static [u16] {
                match self { $(Self::$variant => <$module::State as Stored>::READS,)* }
            }
        }

        /// The settings of the detectors that a plan runs.
        #[derive(Debug, Clone, PartialEq)]
        pub struct DetectorRules { $($module: Option<$module::Rule>,)* }

        impl DetectorRules {
            /// No detector runs.
            pub const NONE: Self = Self { $($module: None,)* };

            /// Whether no detector runs.
            pub fn is_empty(&self) -> bool {
                true $(&& self.$module.is_none())*
            }

            fn needs(&self) -> impl Iterator<Item = Needs> {
                [$(self.$module.as_ref().map(|_| $module::NEEDS),)*].into_iter().flatten()
            }

            /// The events of meters that the detectors need, ascending.
            pub fn events(&self) -> Vec<EventCode> {
                let mut events: Vec<EventCode> = self.needs().flat_map(|needs| needs.events).copied().collect();
                events.sort_unstable();
                events.dedup();
                events
            }

            /// Whether a detector needs what meters see of single wires.
            pub fn need_wires(&self) -> bool {
                self.needs().any(|needs| needs.wires)
            }

            /// Runs a detector with the settings of its section.
            pub fn read(&mut self, detector: Detector, section: &[(&str, Written<'_>)]) -> Result<(), SettingsError> {
                match detector { $(Detector::$variant => self.$module = Some($module::Rule::read(section)?),)* }
                Ok(())
            }

            /// The keys of a detector that runs, with their values as a plan would have them.
            pub fn shown(&self, detector: Detector) -> Option<Vec<(&'static str, String)>> {
                match detector { $(Detector::$variant => self.$module.as_ref().map($module::Rule::shown),)* }
            }

            /// The fingerprint of exactly those settings that the state of a detector depends on, if it runs.
            pub fn fingerprint(&self, detector: Detector) -> Option<u64> {
                match detector { $(Detector::$variant => self.$module.as_ref().map(DetectorRule::fingerprint),)* }
            }

            /// What the detectors made of a meter that has no case, in sentences: from its intervals among those of
            /// its neighbours, in the order of time.
            pub fn why_no_case<'a>(
                &self,
                meter: MeterId,
                rows: impl Iterator<Item = Joined<'a>> + Clone,
            ) -> Vec<String> {
                let mut why = Vec::new();
                $(why.extend(self.$module.iter().flat_map(|rule| rule.why_no_case(meter, rows.clone())));)*
                why
            }
        }

        /// The detectors of a plan at work.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Detectors { $($module: Option<$module::Runs>,)* }

        impl Detectors {
            /// Nothing seen yet.
            pub fn new(rules: &DetectorRules) -> Self {
                Self { $($module: rules.$module.clone().map($module::Runs::new),)* }
            }

            /// Examines a tick of the town, or a part of a backlog before it: every closed interval with its place, in
            /// any order, with the older ones of meters that come late.
            pub fn examine<'a>(
                &mut self,
                comparing: &Comparing<'_>,
                rows: impl Iterator<Item = Joined<'a>>,
                findings: &mut Findings,
            ) {
                $(if let Some(runs) = &mut self.$module {
                    runs.begin(comparing);
                })*
                // One walk for all of them: each row of a large town is fetched from memory once.
                for joined in rows.filter(Joined::is_consumer) {
                    $(if let Some(runs) = &mut self.$module {
                        runs.see(comparing, &joined, findings);
                    })*
                }
                $(if let Some(runs) = &mut self.$module {
                    runs.end(comparing, findings);
                })*
            }

            /// The state of a detector that runs, to be stored.
            pub fn state(&self, detector: Detector, topology: &Topology) -> Option<DetectorState> {
                match detector {
                    $(Detector::$variant => {
                        Some(DetectorState::$variant(self.$module.as_ref()?.state(topology)))
                    })*
                }
            }

            /// Goes on from a stored state, if its detector runs.
            pub fn restore(&mut self, state: DetectorState, topology: &Topology) {
                match state {
                    $(DetectorState::$variant(state) => {
                        if let Some(runs) = &mut self.$module {
                            runs.restore(state, topology);
                        }
                    })*
                }
            }
        }

        /// The stored state of one detector. It is written without the detector's name, which names the part that it
        /// stands in.
        #[derive(Debug, Clone, PartialEq)]
        #[expect(missing_docs, reason = "one a detector")]
        pub enum DetectorState { $($variant($module::State),)* }

        impl DetectorState {
            /// Reads the state of this detector in the form of a version.
            pub fn read<'de, D: Deserializer<'de>>(
                detector: Detector,
                version: u16,
                stored: D,
            ) -> Result<Self, D::Error> {
                match detector {
                    $(Detector::$variant => $module::State::read(version, stored).map(Self::$variant),)*
                }
            }
        }

        impl Serialize for DetectorState {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self { $(Self::$variant(state) => state.serialize(serializer),)* }
            }
        }
    };
}

detectors! {
    phase_neutral PhaseNeutral "phase-neutral",
        "phase and neutral current of a single-phase supply are apart, block after block",
        "how long phase and neutral of each meter have been apart",
        "Kirchhoff: what goes out through the phase comes back through the neutral; firmware of meters in the field for the limits";
    potential_link_open PotentialLinkOpen "potential-link-open",
        "current on a phase of a three-phase meter that shows no voltage",
        "how often each meter has seen current on a dead phase",
        "firmware of meters in the field: current on a dead phase, 2 A for a report at once; under-voltage below 70 %";
    reversed_ct ReversedCt "reversed-ct",
        "the power of one phase runs backward while the others draw, at a meter without an export register",
        "how often one phase of each meter has run backward",
        "physics: a reversed current transformer turns the sign of active and reactive power; firmware in the field reports it after 10 s";
    ct_open CtOpen "ct-open",
        "a phase shows no current, though it did before and the neutral says that some flows",
        "what the phases of three-phase meters carried, and how often one showed nothing since",
        "Kirchhoff: the neutral carries the phasor sum of the phases; firmware in the field for what is no current";
    use_after_disconnection UseAfterDisconnection "use-after-disconnection",
        "use behind an open relay, or a voltage behind it that follows that of the line",
        "how often each meter with an open relay has shown use or a voltage",
        "physics: nothing passes an open relay, and a generator has a voltage of its own";
    event_then_drop EventThenDrop "event-then-drop",
        "a tamper event, and much less energy while it lasts or in the days after it",
        "what each consumer usually uses, and what it has used since a tamper event",
        "field practice: an event alone is weak, an event and a drop of 40 % for 7 days are strong; numbers of IS 15959";
    apparent_power ApparentPower "apparent-power",
        "the power and the register of a meter are short of what its own voltage and current say",
        "which share of voltage times current the power of each meter usually is, and how long it has been short of it",
        "physics: active and reactive power make up voltage times current, but for distortion, which a home's past shows; IS 13779 for the errors of class 1";
    hours_missing HoursMissing "hours-missing",
        "at the same hours of each day a meter counts less than the standby of its home, and as before in the others",
        "what each meter counts at each hour of the day, and on how many days it was less than its standby",
        "physics: a fridge and standby do not rest at fixed hours";
    neutral_missing NeutralMissing "neutral-missing",
        "current flows through a single-phase meter that shows no voltage, and no power",
        "the voltage of each meter when it had some, and how often current has flowed without it",
        "firmware of meters in the field: more than 2 A without voltage is reported at once; event 207 of IS 15959";
}

impl Detector {
    /// The detector with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|detector| detector.name() == name)
    }
}

impl fmt::Display for Detector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
