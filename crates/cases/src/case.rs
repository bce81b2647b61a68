//! What is known of one case.

use crate::{CaseId, Severity};
use detect::{Detector, Evidence};
use reading::time::DAY;
use reading::{AreaId, EventTime, MeterId, TransformerId};
use units::WattHours;

/// Whether more evidence is still waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It is.
    Open,
    /// None came for long enough.
    Closed,
}

impl State {
    /// The name that files use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

/// A question about one meter that a person should look into.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Its name.
    pub id: CaseId,
    /// The closed case of the same meter and detector that it follows, if that was not long ago.
    pub follows: Option<CaseId>,
    /// What kind it is: the detector whose evidence weighed most when it opened.
    pub detector: Detector,
    /// All detectors that have given evidence of it, in the order of their list.
    pub detectors: Vec<Detector>,
    /// Which meter.
    pub meter: MeterId,
    /// The transformer that supplied the meter when the case opened.
    pub transformer: Option<TransformerId>,
    /// The area that the meter stood in when the case opened.
    pub area: Option<AreaId>,
    /// When it opened: the end of the first interval that raised a suspicion. Its neighbours may have been compared
    /// later, when the last of them was heard.
    pub opened: EventTime,
    /// The end of the last interval that raised a suspicion.
    pub last_evidence: EventTime,
    /// When it closed: the cool-down after the last evidence.
    pub closed: Option<EventTime>,
    /// The highest score of its suspicions.
    pub score_max: f64,
    /// How many blocks of evidence it has, over all its runs.
    pub blocks: u32,
    /// The evidence that opened it; never empty.
    pub opening: Vec<Evidence>,
    /// The evidence of the suspicion with the highest score; never empty.
    pub evidence: Vec<Evidence>,
    /// The energy that may have gone beside the meter, over all its runs; none where a part of it is not known.
    pub excess: Option<WattHours>,
}

impl Case {
    /// How soon a person should look, by the evidence with the highest score.
    pub fn severity(&self) -> Severity {
        self.evidence.first().map_or(Severity::Low, Severity::of)
    }

    /// The energy that may have gone beside the meter on a day: that of all its runs over the time from the first
    /// interval of evidence to the last, which counts as a day at least. None where a part of the energy is not
    /// known.
    pub fn excess_a_day(&self) -> Option<WattHours> {
        let since = self.opening.iter().map(|evidence| evidence.since).min()?;
        let days = (self.last_evidence.since(since) as f64 / DAY as f64).max(1.0);
        Some(WattHours((self.excess?.0 as f64 / days).round() as i64))
    }

    /// Whether more evidence is still waited for.
    pub fn state(&self) -> State {
        if self.closed.is_some() { State::Closed } else { State::Open }
    }
}
