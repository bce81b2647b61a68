//! What may be worth a message, as plain data: the desk knows no detector, no outage and no contract.

use cases::{Alert, AlertKind, CaseId, Severity};
use core::fmt;
use detect::{Detector, Evidence};
use reading::{AreaId, EventTime, FeederId, MeterId, TransformerId};
use serde::{Deserialize, Serialize};

/// So many times the main number of the last message is clearly worse. Ours, until readers teach us better: in simulated
/// towns the load alone hardly ever doubles the distance of phase and neutral from one case to the next.
const CLEARLY_WORSE: f64 = 2.0;

macro_rules! kinds {
    ($($(#[$doc:meta])* $Kind:ident = $name:literal, consumer: $consumer:literal;)*) => {
        /// What a notice is about. Kinds are stored by their number, so new ones must be added at the end.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Kind { $($(#[$doc])* $Kind,)* }

        impl Kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$Kind,)*];

            /// The name that plans use.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$Kind => $name,)* }
            }

            /// Whether the consumer may get a message about it. Nobody is accused by a message, so a suspicion never
            /// goes to the consumer.
            pub const fn may_reach_consumer(self) -> bool {
                match self { $(Self::$Kind => $consumer,)* }
            }
        }
    };
}

kinds! {
    /// A case opened or closed: the numbers of a meter raise a question.
    Suspicion = "suspicion", consumer: false;
    /// A consumer used more than its sanctioned load.
    AboveSanctioned = "above-sanctioned", consumer: true;
    /// A consumer, a transformer or a feeder is without supply, or has it again.
    Outage = "outage", consumer: true;
}

impl Kind {
    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What happened to the thing that a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Phase {
    /// It began, and goes on until it ends.
    Began,
    /// It is over at once: nothing will end it.
    Once,
    /// It ended.
    Ended,
    /// It was no such thing, or is part of a larger one. Nobody hears of its end.
    Withdrawn,
}

impl Phase {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Began, Self::Once, Self::Ended, Self::Withdrawn];

    /// The name that outputs use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Began => "began",
            Self::Once => "once",
            Self::Ended => "ended",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// The part of the network that a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scope {
    /// One meter.
    Meter(MeterId),
    /// A transformer, with the meters on it.
    Transformer(TransformerId),
    /// A feeder, with all that hangs on it.
    Feeder(FeederId),
}

impl Scope {
    /// What it is: `meter`, `transformer` or `feeder`.
    pub fn role(&self) -> &'static str {
        match self {
            Self::Meter(_) => "meter",
            Self::Transformer(_) => "transformer",
            Self::Feeder(_) => "feeder",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Meter(meter) => f.pad(meter.as_str()),
            Self::Transformer(transformer) => f.pad(transformer.as_str()),
            Self::Feeder(feeder) => f.pad(feeder.as_str()),
        }
    }
}

/// Where it is, as far as the topology knows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Place {
    /// The meter, if it is about one.
    pub meter: Option<MeterId>,
    /// The transformer.
    pub transformer: Option<TransformerId>,
    /// The feeder.
    pub feeder: Option<FeederId>,
    /// The area.
    pub area: Option<AreaId>,
    /// The class of the consumer.
    pub class: Option<String>,
    /// The consumer's phone, as the topology has it.
    pub phone: Option<String>,
}

/// A word that a template may use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Word {
    /// As it is.
    Text(String),
    /// In local time.
    Time(EventTime),
}

/// The main number of the weightiest evidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// The detector whose evidence it is.
    pub detector: Detector,
    /// The number.
    pub main: f64,
}

impl Seen {
    pub(crate) fn of(alert: &Alert) -> Option<Self> {
        let leading = alert.evidence.first()?;
        Some(Self { detector: leading.detector, main: leading.main()?.value })
    }

    /// Numbers of two detectors cannot be compared: what another detector sees is news.
    pub(crate) fn is_clearly_worse_than(&self, before: &Self) -> bool {
        self.detector != before.detector || self.main >= before.main * CLEARLY_WORSE
    }
}

/// Something that people may have to hear of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// Its name, the same in every run, different from that of every other notice.
    pub id: String,
    /// The name of the thing that goes on: it is the same when the thing begins, changes and ends.
    pub episode: String,
    /// What it is about.
    pub kind: Kind,
    /// What happened.
    pub phase: Phase,
    /// How soon a person should look.
    pub severity: Severity,
    /// When it happened.
    pub time: EventTime,
    /// The part of the network.
    pub scope: Scope,
    /// Where that is.
    pub place: Place,
    /// The case, if it is about one.
    pub case: Option<CaseId>,
    /// Its main number, where one notice can be clearly worse than another.
    pub seen: Option<Seen>,
    /// A few words for a list of many: `3.1 A apart`.
    pub brief: String,
    /// Words for templates, by name.
    pub words: Vec<(String, Word)>,
}

impl Notice {
    /// The notice of an alert about a case. The alert knows neither feeder nor class, so they come beside it.
    pub fn of_alert(alert: &Alert, feeder: Option<FeederId>, class: Option<&str>) -> Self {
        let leading = alert.evidence.first();
        let seen = leading.map(Evidence::in_short).unwrap_or_default();
        let since = leading.map_or(alert.time, |evidence| evidence.since);
        Self {
            id: alert.id.to_string(),
            episode: alert.case.to_string(),
            kind: Kind::Suspicion,
            phase: match alert.kind {
                AlertKind::Opened => Phase::Began,
                AlertKind::Closed => Phase::Ended,
            },
            severity: alert.severity,
            time: alert.time,
            scope: Scope::Meter(alert.meter),
            place: Place {
                meter: Some(alert.meter),
                transformer: alert.transformer,
                feeder,
                area: alert.area,
                class: class.map(str::to_owned),
                // Nobody is accused: this kind never goes to the consumer, so his phone has no business here.
                phone: None,
            },
            case: Some(alert.case.clone()),
            seen: Seen::of(alert),
            brief: leading.map(Evidence::main_in_words).unwrap_or_default(),
            words: vec![("seen".to_owned(), Word::Text(seen)), ("since".to_owned(), Word::Time(since))],
        }
    }
}
