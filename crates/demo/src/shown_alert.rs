//! How the demo shows an alert: of a case, or of a demand above the sanctioned load.

use super::local;
use cases::{Alert, AlertKind, Severity};
use columns::outputs::above_text;
use metering::AboveSanctioned;
use reading::{Calendar, EventTime};

/// An alert.
#[derive(Debug, Clone, PartialEq)]
pub enum ShownAlert {
    /// A case has opened or closed.
    Case(Alert),
    /// A consumer has used more than the sanctioned load.
    Above(AboveSanctioned),
}

/// How strongly a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    Quiet,
    Plain,
    Warm,
    Hot,
}

impl ShownAlert {
    /// When the alert was raised.
    pub fn time(&self) -> EventTime {
        match self {
            Self::Case(alert) => alert.time,
            Self::Above(above) => above.end,
        }
    }

    pub fn weight(&self) -> Weight {
        match self {
            Self::Case(alert) if alert.kind == AlertKind::Closed => Weight::Quiet,
            Self::Case(alert) => match alert.severity {
                Severity::High => Weight::Hot,
                Severity::Medium => Weight::Warm,
                _ => Weight::Plain,
            },
            Self::Above(_) => Weight::Plain,
        }
    }

    /// The alert in one sentence.
    pub fn sentence(&self, calendar: &Calendar) -> String {
        match self {
            Self::Case(alert) => format!("{} {}: {}", alert.severity.name(), alert.kind.name(), alert.text),
            Self::Above(above) => format!("low above-sanctioned: {}", above_text(above, calendar)),
        }
    }

    /// The alert in parts, the most important first. Its numbers are those of the evidence.
    pub fn in_parts(&self, calendar: &Calendar) -> Vec<String> {
        match self {
            Self::Case(alert) => case_in_parts(alert, calendar),
            Self::Above(above) => vec![
                format!("above {}", above.meter),
                format!("demand {:.0} W", above.demand.0),
                format!("sanctioned {:.0} W", above.sanctioned.0),
                format!("since {}", local::short(calendar, above.start)),
            ],
        }
    }
}

fn case_in_parts(alert: &Alert, calendar: &Calendar) -> Vec<String> {
    let what = match alert.kind {
        AlertKind::Opened => "check",
        AlertKind::Closed => "quiet",
    };
    let mut parts = vec![format!("{what} {}", alert.meter)];
    let time = |time: &EventTime| local::short(calendar, *time);
    parts.extend(alert.evidence.iter().flat_map(|evidence| evidence.parts(time)));
    parts
}
