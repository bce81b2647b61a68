//! The second stage: all closed intervals of a tick, side by side.

use crate::Outputs;
use crate::plan::{ForecastPlan, Plan};
use cases::Cases;
use detect::{DailyScores, PhaseNeutralRuns};
use features::valid_energy;
use forecast::{Horizon, SeasonalMean};
use grid::{Balance, Join, Joined, Role, Topology, TopologyRow, balance};
use jiff::civil::Date;
use metering::{DemandRow, Groups, Place, Placed};
use notify::{Notifier, Phone, RouteError, Routes};
use reading::{Calendar, Event, EventTime, Grid, Interval, MeterId, Target};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use supply::Supply;
use units::{WattHours, Watts};
use vet::{Findings, Tally};

/// Balances, expectations, suspicions, cases and messages of a whole town, tick by tick.
#[derive(Debug, Clone)]
pub struct Town {
    calendar: Calendar,
    grid: Grid,
    balances: bool,
    forecast: Option<ForecastPlan>,
    pub(crate) topology: Arc<Topology>,
    /// What transformers and feeders are made for.
    ratings: BTreeMap<Target, Watts>,
    /// By number of a row of the topology: nothing should be used there.
    inactive: Vec<bool>,
    pub(crate) groups: Option<Groups>,
    pub(crate) supply: Option<Supply>,
    pub(crate) watch: Option<Watch>,
    pub(crate) findings: Option<Findings>,
    pub(crate) loads: BTreeMap<Target, SeasonalMean>,
    pub(crate) today: Option<Date>,
    pub(crate) missing: Missing,
}

/// What a town could not do, for want of somebody or something in its topology.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Missing {
    /// Alerts that nobody was found for.
    pub unrouted: u64,
    /// Intervals with phase and neutral apart that raised nothing: without a transformer, no neighbour can be asked.
    pub held_back: u64,
    /// Consumers that were heard of, and hang on no transformer that is known.
    pub strangers: BTreeSet<MeterId>,
}

/// What looks for phase against neutral, and what becomes of it.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    pub(crate) runs: PhaseNeutralRuns,
    pub(crate) daily: DailyScores,
    pub(crate) cases: Cases,
    pub(crate) notifier: Option<Notifier>,
}

/// Why a plan and a topology make no town.
#[derive(Debug, thiserror::Error)]
pub enum TownError {
    /// The phone of a meter reader cannot be one.
    #[error("meter {meter} has the reader's phone \"{phone}\", which is no phone number")]
    Phone {
        /// Which row.
        meter: MeterId,
        /// What stands there.
        phone: String,
    },
    /// An area with two readers.
    #[error(transparent)]
    Routes(#[from] RouteError),
}

impl Town {
    /// A town at its beginning.
    pub fn new(plan: &Plan, topology: impl Into<Arc<Topology>>) -> Result<Self, TownError> {
        let topology = topology.into();
        let notifier = match plan.sms {
            Some(throttle) => Some(Notifier::new(routes(&topology)?, throttle)),
            None => None,
        };
        let watch = plan.phase_neutral.zip(plan.cases).map(|(rule, rules)| Watch {
            runs: PhaseNeutralRuns::new(rule),
            daily: DailyScores::new(),
            cases: Cases::new(rules),
            notifier,
        });
        Ok(Self {
            calendar: plan.calendar.clone(),
            grid: plan.grid(),
            balances: plan.balance,
            forecast: plan.forecast.clone(),
            ratings: ratings(&topology),
            inactive: inactive(&topology),
            supply: plan.new_supply(&topology),
            topology,
            groups: plan.new_groups(),
            watch,
            findings: plan.town_rules.map(|rules| Findings::new(rules, plan.calendar.clone(), plan.grid())),
            loads: BTreeMap::new(),
            today: None,
            missing: Missing::default(),
        })
    }

    /// Who hangs where.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// Takes another topology; one that makes no town changes nothing.
    pub fn place(&mut self, topology: impl Into<Arc<Topology>>) -> Result<(), TownError> {
        let topology = topology.into();
        let routes = routes(&topology)?;
        if let Some(notifier) = self.watch.as_mut().and_then(|watch| watch.notifier.as_mut()) {
            notifier.set_routes(routes);
        }
        self.ratings = ratings(&topology);
        self.inactive = inactive(&topology);
        if let Some(groups) = &mut self.groups {
            groups.forget_places();
        }
        if let Some(supply) = &mut self.supply {
            supply.place(&self.topology, &topology);
        }
        self.topology = topology;
        Ok(())
    }

    /// The cases that are open.
    pub fn open_cases(&self) -> impl Iterator<Item = &cases::Case> {
        self.watch.iter().flat_map(|watch| watch.cases.open())
    }

    /// Who has supply and who has not, if the plan looks at it.
    pub fn supply(&self) -> Option<&Supply> {
        self.supply.as_ref()
    }

    /// What is remembered of the load of a target, where loads are forecast.
    pub fn load_of(&self, target: Target) -> Option<&SeasonalMean> {
        self.loads.get(&target)
    }

    /// What could not be done.
    pub fn missing(&self) -> &Missing {
        &self.missing
    }

    /// How often each rule of the second stage was met since it began.
    pub fn tally(&self) -> Tally {
        self.findings.as_ref().map(|findings| *findings.tally()).unwrap_or_default()
    }

    /// Looks at the intervals that the tick ending at `end` closed, sorted by meter, then by end; and at what meters
    /// reported, by meter and time.
    pub fn tick(&mut self, end: EventTime, rows: &[Interval], events: &[Event], out: &mut Outputs) {
        let topology = Arc::clone(&self.topology);
        let joined = Join::new(&topology, rows);
        let known = out.balances.len();
        if self.balances || self.findings.is_some() {
            out.balances.extend(balance(end, joined.iter(), &topology));
        }
        if let Some(findings) = &mut self.findings {
            findings.begin(end, &mut out.findings);
            findings.reported(end, events);
            compare(&joined, &self.inactive, &out.balances[known..], findings);
        }
        if !self.balances {
            out.balances.truncate(known);
        }
        if let Some(supply) = &mut self.supply {
            supply.tick(end, &joined, events, &mut out.supply);
        }
        self.watch_for_suspicions(end, &joined, out);
        self.gather(end, &joined, out);
        if let Some(plan) = self.forecast.take() {
            self.expect(&plan, end, &joined, out);
            self.forecast = Some(plan);
        }
    }

    /// For whoever has a clock: it is `now`, nothing more is there to be heard, and nobody waits for a tick. Silence is
    /// noticed all the same.
    pub fn notice(&mut self, now: EventTime, out: &mut Outputs) {
        if let Some(supply) = &mut self.supply {
            supply.notice(now, &self.topology, &mut out.supply);
        }
    }

    /// No tick will come any more: the day under way, and the month, are told as far as they went.
    pub fn finish(&mut self, out: &mut Outputs) {
        if let Some(supply) = &mut self.supply {
            supply.finish(&self.topology, &mut out.supply);
        }
        if let Some(watch) = &mut self.watch {
            watch.daily.finish(&mut out.suspicions);
        }
        if let Some(groups) = &mut self.groups {
            let known = out.metering.demand.len();
            groups.finish(&mut out.metering.demand);
            rate(&mut out.metering.demand[known..], &self.ratings);
        }
        if let Some(findings) = &mut self.findings {
            findings.close_day(&mut out.findings);
        }
    }

    /// Adds to the demand of meters what is known of others, once the tick that told it is looked at.
    pub fn complete(&mut self, demand: &mut [DemandRow]) {
        let Some(groups) = &mut self.groups else { return };
        for row in demand {
            groups.complete(row);
            let (Some(whole), Target::Meter(meter)) = (&mut row.whole, row.target) else { continue };
            whole.among.sanctioned = self.topology.at(&meter, row.end).and_then(|place| place.sanctioned);
        }
    }

    /// What transformers, feeders and all consumers use together, and who uses more than was agreed.
    fn gather(&mut self, end: EventTime, joined: &Join<'_>, out: &mut Outputs) {
        let Some(groups) = &mut self.groups else { return };
        let topology = joined.topology();
        let of_consumers = joined.iter().filter(Joined::is_consumer);
        let placed = of_consumers.map(|joined| Placed { row: joined.interval, place: joined.number() });
        let place_of = |number: u32| {
            let row = &topology.rows()[number as usize];
            let TopologyRow { transformer, feeder, area, sanctioned, .. } = *row;
            Place { transformer, feeder, area, sanctioned, class: row.class.as_deref() }
        };
        // Without a topology, all who were heard of are all.
        let heard = groups.meters() as u32;
        let is_empty = topology.rows().is_empty();
        let size = |target| if is_empty { heard } else { topology.consumers_at(target, end) };
        let known = out.metering.demand.len();
        groups.tick(end, placed, place_of, size, &mut out.metering.demand, &mut out.above);
        rate(&mut out.metering.demand[known..], &self.ratings);
    }

    fn watch_for_suspicions(&mut self, end: EventTime, joined: &Join<'_>, out: &mut Outputs) {
        let Some(watch) = &mut self.watch else { return };
        let mut suspicions = Vec::new();
        self.missing.held_back += watch.runs.examine(end, joined.iter(), &mut suspicions);
        let strange = |joined: &Joined<'_>| {
            joined.role.is_none() || joined.is_consumer() && joined.transformer().is_none()
        };
        self.missing.strangers.extend(joined.iter().filter(strange).map(|joined| joined.interval.meter));
        watch.daily.collect(end, &self.calendar, &suspicions, &mut out.suspicions);
        let known = out.changes.len();
        watch.cases.consider(end, &suspicions, &mut out.changes);
        let first = out.alerts.len();
        let alert = |change| cases::alert(change, &self.calendar);
        out.alerts.extend(out.changes[known..].iter().filter_map(alert));
        if let Some(notifier) = &mut watch.notifier {
            let routed = notifier.route(end, &out.alerts[first..], &self.calendar);
            self.missing.unrouted += routed.unrouted.len() as u64;
            out.sms.extend(routed.sms);
            out.told_already.extend(routed.told_already);
        }
    }

    fn expect(&mut self, plan: &ForecastPlan, end: EventTime, joined: &Join<'_>, out: &mut Outputs) {
        let mut town = None::<WattHours>;
        let mut transformers = vec![None::<WattHours>; joined.topology().transformers().len()];
        let mut older = Vec::new();
        for one in joined.iter().filter(Joined::is_consumer) {
            let Some(net) = valid_energy(one.interval) else { continue };
            let transformer = one.transformer().filter(|_| plan.transformers);
            if one.interval.end != end {
                older.push((one.interval.end, transformer, net));
                continue;
            }
            *town.get_or_insert_default() += net;
            if let Some(number) = transformer {
                *transformers[number as usize].get_or_insert_default() += net;
            }
        }
        // Where nobody's energy is known, as in the first interval of all, nothing is remembered: that is not zero.
        if let Some(town) = town.filter(|_| plan.town) {
            self.load(Target::System).observe(end, town);
        }
        let target = |number: u32| Target::Transformer(joined.topology().transformers()[number as usize]);
        for (number, net) in (0..).zip(transformers) {
            if let Some(net) = net {
                self.load(target(number)).observe(end, net);
            }
        }
        for (end, transformer, net) in older {
            if plan.town {
                self.load(Target::System).observe(end, net);
            }
            if let Some(number) = transformer {
                self.load(target(number)).observe(end, net);
            }
        }
        let today = self.calendar.day(end);
        if self.today.replace(today).is_some_and(|before| before < today) {
            let horizon = Horizon::new(today, &self.calendar, self.grid);
            for load in self.loads.values() {
                out.forecasts.extend(load.forecast(end, &horizon, &plan.quantiles));
            }
        }
    }

    fn load(&mut self, target: Target) -> &mut SeasonalMean {
        self.loads.entry(target).or_insert_with(|| SeasonalMean::new(target))
    }
}

/// What transformers and feeders are made for, from the rows of their own meters that hold until further notice.
fn ratings(topology: &Topology) -> BTreeMap<Target, Watts> {
    let own = topology.rows().iter().filter(|row| row.to.is_none());
    let rating = own.filter_map(|row| {
        let target = match row.role {
            Role::Consumer => return None,
            Role::Transformer => Target::Transformer(row.transformer?),
            Role::Feeder => Target::Feeder(row.feeder?),
        };
        Some((target, row.sanctioned?))
    });
    rating.collect()
}

/// Adds to the demand of groups what they are made for.
fn rate(demand: &mut [DemandRow], ratings: &BTreeMap<Target, Watts>) {
    for row in demand {
        if let Some(whole) = &mut row.whole {
            whole.among.sanctioned = ratings.get(&row.target).copied();
        }
    }
}

/// The class of a meter that should use nothing.
const INACTIVE: &str = "inactive";

fn inactive(topology: &Topology) -> Vec<bool> {
    topology.rows().iter().map(|row| row.class.as_deref() == Some(INACTIVE)).collect()
}

/// What there is to compare in a tick: consumers with their contracts, transformers with their consumers.
fn compare(joined: &Join<'_>, inactive: &[bool], balances: &[Balance], findings: &mut Findings) {
    for joined in joined.iter().filter(Joined::is_consumer) {
        let is_active = match joined.number() {
            Some(number) => !inactive[number as usize],
            // A meter that nobody has ever heard of is a stranger, and no contract of it has ended.
            None => joined.first().is_none(),
        };
        findings.consumer(joined.interval, joined.row.and_then(|row| row.sanctioned), is_active);
    }
    for one in balances.iter().filter(|one| one.reporting == one.meters && one.meters > 0) {
        let measured = one.quality.is_whole();
        if let Some(supplied) = one.supplied.filter(|_| measured) {
            findings.group(one.transformer, supplied, one.consumed);
        }
    }
}

/// The phone of each area's reader, from the rows that hold until further notice.
fn routes(topology: &Topology) -> Result<Routes, TownError> {
    let mut pairs = Vec::new();
    for row in topology.rows().iter().filter(|row| row.to.is_none()) {
        let (Some(area), Some(phone)) = (row.area, &row.reader_phone) else { continue };
        let parsed =
            Phone::new(phone).ok_or_else(|| TownError::Phone { meter: row.meter, phone: phone.clone() })?;
        pairs.push((area, parsed));
    }
    Ok(Routes::new(pairs, None)?)
}
