//! What reaches the second stage beside closed intervals: one closed list.
//!
//! A report belongs to a meter and travels with the tick of its time, in memory and through the exchange. To add a
//! kind: one row in the list below, the place that makes it, and the stage that reads it from its
//! [`Tick`](crate::stages::Tick). Everything between passes reports on and knows no kind of them.

use reading::{Event, EventTime, MeterId};
use serde::{Deserialize, Serialize};

/// What a report of some kind has to say of itself.
pub(crate) trait Reported {
    /// The meter that it is about: its transformer decides which district hears of it.
    fn meter(&self) -> MeterId;
    /// When it was: a meter may hang elsewhere at another time.
    fn time(&self) -> EventTime;
    /// Its name among the reports of its kind, the same in every run.
    fn key(&self) -> String;
}

macro_rules! reports {
    ($($(#[$doc:meta])* $kind:ident($of:ty) in $field:ident, named $name:literal;)*) => {
        /// One report. The order is that of the kinds, then that of the reports themselves.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Report {
            $($(#[$doc])* $kind($of),)*
        }

        /// The reports of a tick, kind by kind.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct Reports {
            $($(#[$doc])* pub $field: Vec<$of>,)*
        }

        impl Report {
            /// The meter that it is about.
            pub fn meter(&self) -> MeterId {
                match self {
                    $(Self::$kind(report) => report.meter(),)*
                }
            }

            /// When it was.
            pub fn time(&self) -> EventTime {
                match self {
                    $(Self::$kind(report) => report.time(),)*
                }
            }

            /// Its name, the same in every run.
            pub fn key(&self) -> String {
                match self {
                    $(Self::$kind(report) => format!(concat!($name, "/{}"), report.key()),)*
                }
            }
        }

        impl FromIterator<Report> for Reports {
            /// Sorts reports by kind. Those of a kind keep their order.
            fn from_iter<I: IntoIterator<Item = Report>>(all: I) -> Self {
                let mut reports = Self::default();
                for report in all {
                    match report {
                        $(Report::$kind(report) => reports.$field.push(report),)*
                    }
                }
                reports
            }
        }
    };
}

reports! {
    /// What a meter reported of a moment.
    Event(Event) in events, named "event";
}

impl Reported for Event {
    fn meter(&self) -> MeterId {
        self.meter
    }

    fn time(&self) -> EventTime {
        self.time
    }

    fn key(&self) -> String {
        format!("{}/{}/{}", self.meter, self.time, self.code.0)
    }
}
