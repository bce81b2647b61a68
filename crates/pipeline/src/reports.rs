//! Reports carry to the second stage what closed intervals do not hold. Their kinds are a closed list.
//!
//! Example: a meter reports that its supply failed at 9:07. No interval can say that, but the stage `supply` needs
//! it.
//!
//! A report belongs to a meter and travels with the tick of its time, in memory and through the exchange. To add a
//! kind, add one row at the end of the list below, because a kind is stored by its place there. Then add the code
//! that makes it, and the stage that reads it from its [`Tick`](crate::stages::Tick). The code between passes on all
//! reports alike, and knows no kind of them.

use health::MeterDay;
use reading::{Event, EventTime, MeterId, Wires};
use serde::{Deserialize, Serialize};

/// What every kind of report must provide.
pub(crate) trait Reported {
    /// The meter of the report. Its transformer decides which district gets the report.
    fn meter(&self) -> MeterId;
    /// The time of the report. It matters for the district: a meter can move to another transformer.
    fn time(&self) -> EventTime;
    /// Its name among the reports of its kind. It is the same in every run.
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
            /// The meter of the report.
            pub fn meter(&self) -> MeterId {
                match self {
                    $(Self::$kind(report) => report.meter(),)*
                }
            }

            /// The time of the report.
            pub fn time(&self) -> EventTime {
                match self {
                    $(Self::$kind(report) => report.time(),)*
                }
            }

            /// Its name. It is the same in every run.
            pub fn key(&self) -> String {
                match self {
                    $(Self::$kind(report) => format!(concat!($name, "/{}"), report.key()),)*
                }
            }
        }

        impl FromIterator<Report> for Reports {
            /// Sorts reports by kind. Reports of the same kind keep their order.
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
    /// An event that a meter reported.
    Event(Event) in events, named "event";
    /// What a meter delivered of a day.
    Delivered(MeterDay) in deliveries, named "delivered";
    /// What a meter saw of its wires in an interval.
    Wires(Wires) in wires, named "wires";
}

impl Reported for MeterDay {
    fn meter(&self) -> MeterId {
        self.meter
    }

    fn time(&self) -> EventTime {
        self.end
    }

    fn key(&self) -> String {
        format!("{}/{}", self.meter, health::date_of(self.day))
    }
}

impl Reported for Wires {
    fn meter(&self) -> MeterId {
        self.meter
    }

    fn time(&self) -> EventTime {
        self.end
    }

    fn key(&self) -> String {
        format!("{}/{}", self.meter, self.end)
    }
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
