//! All open cases, and what each tick changes about them.

use crate::{Case, CaseId};
use core::mem;
use core::ops::RangeBounds;
use detect::{Detector, Evidence, Suspicion};
use reading::{EventTime, MeterId, TransformerId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use units::WattHours;

/// When cases close and reopen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaseRules {
    cool_down: i64,
    follow_within: i64,
    most_open: u32,
}

/// Why these settings make no rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaseRulesError {
    /// A case would close in the tick that opens it.
    #[error("`cool_down` must be longer than nothing, found {found} ms")]
    CoolDown {
        /// What was given, ms.
        found: i64,
    },
    /// A time before the closing.
    #[error("`follow_within` must be nothing or longer, found {found} ms")]
    FollowWithin {
        /// What was given, ms.
        found: i64,
    },
    /// No case at all.
    #[error("`most_open` must be 1 or more")]
    MostOpen,
}

impl CaseRules {
    /// A case closes after `cool_down` ms without evidence; evidence that comes within `follow_within` ms after that
    /// opens a case that follows it. A meter has at most `most_open` open cases, and one for each detector.
    pub fn new(cool_down: i64, follow_within: i64, most_open: u32) -> Result<Self, CaseRulesError> {
        if cool_down <= 0 {
            return Err(CaseRulesError::CoolDown { found: cool_down });
        }
        if follow_within < 0 {
            return Err(CaseRulesError::FollowWithin { found: follow_within });
        }
        if most_open == 0 {
            return Err(CaseRulesError::MostOpen);
        }
        Ok(Self { cool_down, follow_within, most_open })
    }

    /// How long a case stays open without evidence, ms.
    pub fn cool_down(&self) -> i64 {
        self.cool_down
    }

    /// How long after its end another follows it, ms.
    pub fn follow_within(&self) -> i64 {
        self.follow_within
    }

    /// How many cases of one meter are open at most.
    pub fn most_open(&self) -> u32 {
        self.most_open
    }
}

const FIRST: Detector = Detector::ALL[0];
const LAST: Detector = Detector::ALL[Detector::ALL.len() - 1];

/// What a tick did to a case, with the case as it is now.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A new case.
    Opened(Case),
    /// The case has at least twice as many blocks of evidence as when it was last reported.
    Grew(Case),
    /// No evidence for as long as the cool-down.
    Closed(Case),
    /// Nothing: the run is over, and this is the open case as it stands.
    Stands(Case),
}

impl Change {
    /// The case, as it is now.
    pub fn case(&self) -> &Case {
        match self {
            Self::Opened(case) | Self::Grew(case) | Self::Closed(case) | Self::Stands(case) => case,
        }
    }

    /// By time; what closed comes first.
    fn order(&self) -> (EventTime, bool, MeterId) {
        let case = self.case();
        (case.closed.unwrap_or(case.last_evidence), case.closed.is_none(), case.meter)
    }
}

/// An open case and where its counting stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Open {
    pub(crate) case: Case,
    /// `blocks` when it was last reported.
    pub(crate) reported: u32,
    /// The run that the last evidence was of: the same run, grown, is not counted twice.
    pub(crate) run: RunSoFar,
}

/// What a run of evidence has counted so far.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunSoFar {
    since: EventTime,
    blocks: u32,
    excess: Option<WattHours>,
}

/// All open cases, and the names of those that closed not long ago.
#[derive(Debug, Clone, PartialEq)]
pub struct Cases {
    pub(crate) rules: CaseRules,
    pub(crate) open: BTreeMap<(MeterId, Detector), Open>,
    pub(crate) closed: BTreeMap<(MeterId, Detector), (CaseId, EventTime)>,
}

impl Cases {
    /// No case yet.
    pub fn new(rules: CaseRules) -> Self {
        Self { rules, open: BTreeMap::new(), closed: BTreeMap::new() }
    }

    /// The open cases, by meter.
    pub fn open(&self) -> impl Iterator<Item = &Case> {
        self.open.values().map(|open| &open.case)
    }

    /// Considers what a tick raised, in any order, and adds what changed to `out`: by time, and at one time first what
    /// closed, then what opened or grew, each by meter. A suspicion without evidence changes nothing.
    ///
    /// A case closes when it has had no evidence for the cool-down. Evidence comes as late as the slowest neighbour is
    /// heard, so `looked_at` says up to when a meter on a transformer has been looked at; no meter was looked at less far
    /// than `least`. Evidence as far apart as the cool-down never belongs to one case.
    pub fn consider(
        &mut self,
        suspicions: &[Suspicion],
        looked_at: impl Fn(Option<TransformerId>) -> EventTime,
        least: EventTime,
        out: &mut Vec<Change>,
    ) {
        let rules = self.rules;
        let first = out.len();
        let mut sorted: Vec<&Suspicion> = suspicions.iter().filter(|one| !one.evidence.is_empty()).collect();
        // Of several of one meter and detector, the strongest comes first and opens the case.
        sorted.sort_by(|one, other| {
            let key = |suspicion: &Suspicion| (suspicion.time, suspicion.meter, suspicion.detector);
            key(one).cmp(&key(other)).then(other.score.total_cmp(&one.score))
        });
        for suspicion in sorted {
            let (meter, time) = (suspicion.meter, suspicion.time);
            // Only those of this meter: there may be as many open cases as suspicions.
            let own = (meter, FIRST)..=(meter, LAST);
            self.close(own, |open| open.is_cool(time, &rules), out);
            if let Some(open) = self.open_case_of(suspicion) {
                out.extend(open.grow(suspicion));
            } else if self.open_of(meter) < rules.most_open {
                let key = (meter, suspicion.detector);
                let closed = self.closed.remove(&key);
                let follows = closed.filter(|(_, closed)| time.since(*closed) <= rules.follow_within);
                let open = Open::new(suspicion, follows.map(|(id, _)| id));
                out.push(Change::Opened(open.case.clone()));
                self.open.insert(key, open);
            }
        }
        self.close(.., |open| open.is_cool(looked_at(open.case.transformer), &rules), out);
        self.closed.retain(|_, (_, closed)| least.since(*closed) <= rules.follow_within);
        out[first..].sort_by_key(Change::order);
    }

    /// No further tick will come: adds every open case as it stands to `out`, by meter. Its last report is of the block
    /// that doubled it, and which block that was depends on how many were looked at in one tick.
    pub fn finish(&self, out: &mut Vec<Change>) {
        out.extend(self.open().cloned().map(Change::Stands));
    }

    /// Closes those of some cases that have had no evidence for long enough.
    fn close(
        &mut self,
        of: impl RangeBounds<(MeterId, Detector)>,
        is_cool: impl Fn(&Open) -> bool,
        out: &mut Vec<Change>,
    ) {
        for (key, mut open) in self.open.extract_if(of, |_, open| is_cool(open)) {
            let closed = EventTime(open.case.last_evidence.0.saturating_add(self.rules.cool_down));
            open.case.closed = Some(closed);
            self.closed.insert(key, (open.case.id.clone(), closed));
            out.push(Change::Closed(open.case));
        }
    }

    /// The open case that a suspicion belongs to: one that any of its detectors opened, the weightiest first.
    fn open_case_of(&mut self, suspicion: &Suspicion) -> Option<&mut Open> {
        let detectors = suspicion.evidence.iter().map(|evidence| evidence.detector);
        let mut keys = detectors.map(|detector| (suspicion.meter, detector));
        let key = keys.find(|key| self.open.contains_key(key))?;
        self.open.get_mut(&key)
    }

    fn open_of(&self, meter: MeterId) -> u32 {
        let of_meter = Detector::ALL.iter().filter(|detector| self.open.contains_key(&(meter, **detector)));
        of_meter.count() as u32
    }
}

impl Open {
    /// Whether it has had no evidence for long enough, if its meter has been looked at up to `time`.
    fn is_cool(&self, time: EventTime, rules: &CaseRules) -> bool {
        time.since(self.case.last_evidence) >= rules.cool_down
    }

    fn new(suspicion: &Suspicion, follows: Option<CaseId>) -> Self {
        let run = run_of(&suspicion.evidence);
        let case = Case {
            id: CaseId::new(suspicion.detector, suspicion.meter, suspicion.time),
            follows,
            detector: suspicion.detector,
            detectors: detectors_of(&suspicion.evidence),
            meter: suspicion.meter,
            transformer: suspicion.transformer,
            area: suspicion.area,
            opened: suspicion.time,
            last_evidence: suspicion.time,
            closed: None,
            score_max: suspicion.score,
            blocks: run.blocks,
            opening: suspicion.evidence.clone(),
            evidence: suspicion.evidence.clone(),
            excess: run.excess,
        };
        Self { case, reported: run.blocks, run }
    }

    /// Takes more evidence. Growth is reported when the blocks have doubled, so a case of `n` blocks is reported about
    /// log2(n) times, however long it lasts.
    fn grow(&mut self, suspicion: &Suspicion) -> Option<Change> {
        let run = run_of(&suspicion.evidence);
        let before = mem::replace(&mut self.run, run);
        let case = &mut self.case;
        let (counted, placed) =
            if before.since == run.since { (before.blocks, before.excess) } else { (0, Some(WattHours(0))) };
        case.blocks = case.blocks.saturating_add(run.blocks.saturating_sub(counted));
        let parts = (case.excess, run.excess, placed);
        case.excess = match parts {
            (Some(all), Some(run), Some(placed)) => Some(all + run - placed),
            _ => None,
        };
        case.last_evidence = case.last_evidence.max(suspicion.time);
        case.detectors.extend(detectors_of(&suspicion.evidence));
        case.detectors.sort_unstable();
        case.detectors.dedup();
        if suspicion.score >= case.score_max {
            case.score_max = suspicion.score;
            case.evidence = suspicion.evidence.clone();
        }
        let doubled = case.blocks >= self.reported.saturating_mul(2);
        doubled.then(|| {
            self.reported = self.case.blocks;
            Change::Grew(self.case.clone())
        })
    }
}

fn detectors_of(evidence: &[Evidence]) -> Vec<Detector> {
    let mut detectors: Vec<Detector> = evidence.iter().map(|one| one.detector).collect();
    detectors.sort_unstable();
    detectors
}

/// The run of the weightiest evidence. What several detectors see of one meter is the same energy, so it is not added up.
fn run_of(evidence: &[Evidence]) -> RunSoFar {
    let leading = evidence.first();
    RunSoFar {
        since: leading.map(|one| one.since).unwrap_or_default(),
        blocks: leading.map(|one| one.blocks).unwrap_or_default(),
        excess: leading.and_then(|one| one.excess),
    }
}
