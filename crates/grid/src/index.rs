//! Which transformer and phase a consumer hangs on, from voltages alone.
//!
//! Consumers on one phase of one transformer share its voltage: what moves it moves all of theirs. So the steps of
//! a consumer's voltage, from interval to interval, are compared with the steps of the consumers of each
//! transformer on its feeder. Steps, not levels: levels follow the evening and the length of the line, which others
//! have as well. What the whole feeder does is taken out first.
//!
//! > Example: the topology says that `M7` hangs on phase `a` of `T1`. For six days its voltage has moved with phase
//! > `b` of `T2` (correlation 0.8), and hardly with any phase of `T1` (0.1). `T2`, phase `b`, is proposed.
//!
//! Everything is added up in whole numbers, and each consumer weighs the same in its group: a house with large
//! motors has large steps of its own, and says little. A consumer never counts in the group that it is compared
//! with.
//!
//! Nothing is proposed for a consumer on a transformer without others, or on a feeder without other groups.

mod day;
mod groups;
mod hand;
mod stored;

pub use stored::IndexState;

use crate::{Joined, Role, Topology};
use groups::{Groups, Place};
use hand::{Hand, MOST, nearest};
use jiff::civil::Date;
use reading::{Calendar, EventTime, Fingerprint, Grid, MeterId, TransformerId};
use units::Ratio;

/// How proposals are made.
#[derive(Debug, Clone)]
pub struct IndexSettings {
    /// Intervals.
    pub grid: Grid,
    /// Local days.
    pub calendar: Calendar,
    /// So many days, less days against it, make a proposal.
    pub days: u8,
    /// By how much another group must fit better on a day, as a difference of correlations.
    pub margin: f64,
}

impl IndexSettings {
    /// What the stored state depends on.
    pub fn fingerprint(&self) -> u64 {
        Fingerprint::new("index").whole(self.grid.length()).text(self.calendar.zone_name()).end()
    }
}

/// A consumer that seems to hang on another transformer or phase than the topology names.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The meter.
    pub meter: MeterId,
    /// The first local day on which the proposed place fitted better.
    pub since: Date,
    /// The last day that was looked at.
    pub day: Date,
    /// The end of that day's last interval.
    pub end: EventTime,
    /// The transformer of the topology.
    pub named: TransformerId,
    /// The phase of the topology.
    pub named_phase: Option<String>,
    /// The transformer that fits better.
    pub proposed: TransformerId,
    /// Its phase; that of the topology for a three-phase meter.
    pub proposed_phase: Option<String>,
    /// Days on which the proposed place fitted better, and days that could be compared, since `since`.
    pub days: u8,
    /// Days that could be compared, up to 250, where both are halved.
    pub looked: u8,
    /// Recent correlation with the consumers of the named place.
    pub named_fit: Ratio,
    /// Recent correlation with those of the proposed one.
    pub proposed_fit: Ratio,
    /// Where it stands.
    pub state: ProposalState,
    /// How often it was published before.
    pub revision: u16,
}

impl Proposal {
    /// The chance that the next day agrees, by Laplace's rule of succession.
    pub fn confidence(&self) -> Ratio {
        Ratio((f64::from(self.days) + 1.0) / (f64::from(self.looked) + 2.0))
    }
}

/// Where a proposal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProposalState {
    /// The topology names another place.
    Open,
    /// The topology names the proposed place now.
    Adopted,
    /// The named place fits as well again.
    Withdrawn,
}

impl ProposalState {
    /// The name that files use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Adopted => "adopted",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// What is known of all consumers, and the day so far.
#[derive(Debug, Clone)]
pub struct Index {
    settings: IndexSettings,
    groups: Groups,
    /// By the first row of each meter.
    hands: Vec<Hand>,
    day: Day,
    /// The steps of the current tick.
    steps: Vec<Step>,
    /// The steps of consumers on each feeder, by its first group.
    on_feeders: Vec<Vec<i32>>,
    /// By group: the steps of its consumers in the current tick, added up, and how many they are.
    moved: Vec<(i32, i32)>,
    /// Their mean, in quarters of a part.
    levels: Vec<i16>,
}

/// The current local day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Day {
    /// As days since 1970; none before the first tick.
    date: Option<u16>,
    /// The ends of its first and last tick.
    first: EventTime,
    last: EventTime,
    /// How many ticks it has so far.
    ticks: u16,
    /// By group: its steps squared, and the ticks in which it had some.
    squares: Vec<(u32, u16)>,
}

/// A consumer's step in the current tick.
#[derive(Debug, Clone, Copy)]
struct Step {
    first: u32,
    place: Place,
    step: i32,
    /// In parts of its usual step; 0 while that is not known.
    level: i16,
}

impl Index {
    /// The version of [`IndexState`].
    pub const STATE_VERSION: u16 = 1;
    /// Memory of one consumer.
    pub const BYTES_PER_METER: usize = size_of::<Hand>() + size_of::<Place>();

    /// Nothing known yet.
    pub fn new(settings: IndexSettings, topology: &Topology) -> Self {
        let groups = Groups::new(topology);
        let count = groups.all().len();
        Self {
            settings,
            hands: vec![Hand::default(); topology.rows().len()],
            day: Day { squares: vec![(0, 0); count], ..Day::default() },
            steps: Vec::new(),
            on_feeders: vec![Vec::new(); count],
            moved: vec![(0, 0); count],
            levels: vec![0; count],
            groups,
        }
    }

    /// Takes the rows of the tick that ends at `end`. Returns the proposals of the day that it ends, by meter.
    ///
    /// Only rows of this very interval are looked at: the steps of the others are needed beside them.
    pub fn tick<'a>(
        &mut self,
        end: EventTime,
        joined: impl Iterator<Item = Joined<'a>>,
        topology: &Topology,
    ) -> Vec<Proposal> {
        let date = day::number(self.settings.calendar.day_of_interval(end));
        let mut proposals = Vec::new();
        if self.day.date != Some(date) {
            if self.day.date.is_some() {
                self.end_day(topology, &mut proposals);
            }
            let squares = vec![(0, 0); self.groups.all().len()];
            self.day = Day { date: Some(date), first: end, last: end, ticks: 0, squares };
        }
        self.day.last = end;
        self.day.ticks = self.day.ticks.saturating_add(1);
        self.gather(end, joined);
        self.count();
        self.level();
        self.add();
        proposals
    }

    /// Finds the steps of consumers.
    fn gather<'a>(&mut self, end: EventTime, joined: impl Iterator<Item = Joined<'a>>) {
        self.steps.clear();
        let number = end.0.div_euclid(self.settings.grid.length()) as u16;
        for joined in joined {
            if joined.interval.end != end || joined.role != Some(Role::Consumer) {
                continue;
            }
            let place = joined.number().and_then(|row| self.groups.place(row));
            let (Some(place), Some(first)) = (place, joined.first()) else { continue };
            if let Some(step) = self.hands[first as usize].step(joined.interval, number) {
                self.steps.push(Step { first, place, step, level: 0 });
            }
        }
    }

    /// Takes out what the whole feeder did, and adds the steps up by group.
    fn count(&mut self) {
        let Self { groups, hands, steps, on_feeders, moved, .. } = self;
        on_feeders.iter_mut().for_each(Vec::clear);
        moved.fill((0, 0));
        let feeder = |place: Place| groups.on_feeder_of(place.own).start;
        for step in steps.iter() {
            on_feeders[feeder(step.place)].push(step.step);
        }
        for all in on_feeders.iter_mut().filter(|all| !all.is_empty()) {
            let middle = all.len() / 2;
            let (_, &mut median, _) = all.select_nth_unstable(middle);
            all.clear();
            all.push(median);
        }
        for step in steps {
            let hand = &mut hands[step.first as usize];
            let Some(level) = hand.count(step.step - on_feeders[feeder(step.place)][0]) else { continue };
            step.level = level;
            // Of three phases only the middle is known: it belongs to none of them.
            if let Some(group) = step.place.group().filter(|_| !hand.is_three_phase) {
                moved[group].0 += i32::from(level);
                moved[group].1 += 1;
            }
        }
    }

    /// Finds the mean step of each group.
    fn level(&mut self) {
        for ((level, square), &(sum, count)) in
            self.levels.iter_mut().zip(&mut self.day.squares).zip(&self.moved)
        {
            *level = mean(sum, count);
            square.0 += u32::from(level.unsigned_abs()).pow(2);
            square.1 += u16::from(count > 0);
        }
    }

    /// Compares each consumer with the groups.
    fn add(&mut self) {
        let Self { groups, hands, steps, moved, levels, day, .. } = self;
        let date = day.date.expect("a tick belongs to a day");
        for step in steps.iter().filter(|step| step.level != 0) {
            let hand = &mut hands[step.first as usize];
            let own = groups.of_transformer(step.place.own);
            let mut beside = [0; groups::PHASES];
            beside[..own.len()].copy_from_slice(&levels[own.clone()]);
            if let Some(group) = step.place.group() {
                let (mut sum, mut count) = moved[group];
                if !hand.is_three_phase {
                    (sum, count) = (sum - i32::from(step.level), count - 1);
                }
                let level = mean(sum, count);
                beside[group - own.start] = level;
                hand.day.own_square = hand.day.own_square.saturating_add((level * level) as u16);
            }
            let turn = day::Turn::new(groups, step.place.own, date);
            let mut others = [0; hand::OTHERS];
            turn.copy(levels, &mut others);
            hand.day.add(step.level, &beside, &others);
        }
    }

    /// Bytes that consumers take.
    pub fn memory(&self) -> usize {
        self.hands.len() * size_of::<Hand>() + self.groups.memory()
    }
}

/// The mean step of a group, in quarters of a part.
fn mean(sum: i32, count: i32) -> i16 {
    if count > 0 { nearest(4 * sum, count).clamp(-MOST, MOST) as i16 } else { 0 }
}

#[cfg(test)]
mod tests;
