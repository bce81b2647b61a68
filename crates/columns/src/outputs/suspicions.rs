//! What detectors found, day by day.

use super::{About, Columns, Output, Sent, Wanted};
use crate::files::TableFile;
use crate::value::{Cell, Value};
use detect::{DailySuspicion, Detector, DetectorRules};
use pipeline::{Outputs, Plan};

/// `suspicions.parquet`.
#[derive(Debug)]
pub struct Suspicions;

impl Output for Suspicions {
    const ABOUT: About = About {
        file: "suspicions.parquet",
        row: "a meter and local day with a score",
        key: "METER/DAY",
        section: "detector",
        only: "cases",
        sent: Sent::WithTick,
    };

    type Row<'a> = &'a DailySuspicion;
    type File = TableFile<Self>;

    fn of(plan: &Plan) -> Option<Self> {
        (!plan.detectors.is_empty()).then_some(Self)
    }

    fn with_all_columns() -> Self {
        Self
    }

    fn leave_out(plan: &mut Plan, _wanted: Wanted<'_>) {
        plan.detectors = DetectorRules::NONE;
    }

    fn rows(out: &Outputs) -> impl Iterator<Item = &DailySuspicion> + Clone {
        out.suspicions.iter()
    }

    fn key<'a>(&'a self, one: &'a DailySuspicion) -> impl IntoIterator<Item = Value<'a>> {
        [(&one.meter).value(), one.day.value()]
    }

    fn columns<'a>(&'a self, to: &mut impl Columns<&'a DailySuspicion>) {
        to.column(
            "meter",
            "",
            "the meter; it has no row on a day without a suspicion",
            "the meter, as its messages name it",
            |one| &one.meter,
        );
        to.column(
            "day",
            "",
            "local day of the interval that raised it; an interval that ends at midnight is of the day before",
            "an interval is (start, end], in the plan's time zone",
            |one| one.day,
        );
        to.column(
            "score",
            "",
            "highest score of the day, between 0 and 1: that of the detector which gave most; not a probability yet, \
             as the scores of detectors are not calibrated to each other",
            "0 at the threshold of a detector; it grows with the distance from it and with its duration",
            |one| one.score,
        );
        for &detector in Detector::ALL {
            to.column(detector.column(), "", detector.score_definition(), detector.source(), |one| {
                one.score_of(detector)
            });
        }
    }
}
