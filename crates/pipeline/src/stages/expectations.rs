//! Forecasts of the energy that the town and its transformers use on the next local day.

use super::{Stage, Tick};
use crate::parts::{PartKind, Restoring, Storing};
use crate::plan::ForecastPlan;
use crate::snapshot::SnapshotError;
use crate::{Outputs, Plan, TownError};
use features::valid_energy;
use forecast::{Horizon, SeasonalMean};
use grid::{Join, Joined, Topology};
use jiff::civil::Date;
use reading::{Calendar, Grid, Target};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use units::WattHours;

const LOADS: PartKind = PartKind {
    name: "loads",
    version: SeasonalMean::STATE_VERSION,
    reads: &[],
    holds: "the loads of past weeks that forecasts learn from",
    settings: "`length` of `[intervals]`",
};

/// The loads of past weeks.
#[derive(Debug, Clone)]
pub(crate) struct Expectations {
    plan: ForecastPlan,
    calendar: Calendar,
    grid: Grid,
    loads: BTreeMap<Target, SeasonalMean>,
    /// The local day of the last tick.
    today: Option<Date>,
}

#[derive(Serialize, Deserialize)]
struct State {
    today: Option<(i16, i8, i8)>,
    loads: Vec<SeasonalMean>,
}

impl Expectations {
    pub(crate) fn tick(&mut self, tick: &Tick<'_>, out: &mut Outputs) {
        self.observe(tick);
        let today = self.calendar.day(tick.end);
        if self.today.replace(today).is_some_and(|before| before < today) {
            let horizon = Horizon::new(today, &self.calendar, self.grid);
            // Loads of targets that the plan no longer names are kept. If it names them again, their history is
            // there.
            for load in self.loads.values().filter(|load| self.plan.forecasts(load.target())) {
                out.forecasts.extend(load.forecast(tick.end, &horizon, &self.plan.quantiles));
            }
        }
    }

    fn observe(&mut self, tick: &Tick<'_>) {
        let (end, joined) = (tick.end, tick.joined);
        let mut town = None::<WattHours>;
        let mut transformers = vec![None::<WattHours>; joined.topology().transformers().len()];
        for one in joined.iter().filter(|one| one.is_consumer() && one.interval.end == end) {
            let Some(net) = valid_energy(one.interval) else { continue };
            *town.get_or_insert_default() += net;
            if let Some(number) = one.transformer().filter(|_| self.plan.transformers) {
                *transformers[number as usize].get_or_insert_default() += net;
            }
        }
        // Without any known energy, as in the first interval of a run, nothing is added: a zero would spoil the
        // forecast.
        if let Some(town) = town.filter(|_| self.plan.town) {
            self.load(Target::System).observe(end, town);
        }
        let target = |number: u32| Target::Transformer(joined.topology().transformers()[number as usize]);
        for (number, net) in (0..).zip(transformers) {
            if let Some(net) = net {
                self.load(target(number)).observe(end, net);
            }
        }
        self.observe_late(joined.apart_from(end), joined.topology());
    }

    /// Takes rows of ticks that are over, between two ticks.
    pub(crate) fn join(&mut self, joined: &Join<'_>) {
        self.observe_late(joined.iter(), joined.topology());
    }

    fn observe_late<'a>(&mut self, late: impl Iterator<Item = Joined<'a>>, topology: &Topology) {
        for one in late.filter(Joined::is_consumer) {
            let Some(net) = valid_energy(one.interval) else { continue };
            if self.plan.town {
                self.load(Target::System).observe(one.interval.end, net);
            }
            if let Some(number) = one.transformer().filter(|_| self.plan.transformers) {
                let target = Target::Transformer(topology.transformers()[number as usize]);
                self.load(target).observe(one.interval.end, net);
            }
        }
    }

    /// The history of the load of a target.
    pub(crate) fn load_of(&self, target: Target) -> Option<&SeasonalMean> {
        self.loads.get(&target)
    }

    fn load(&mut self, target: Target) -> &mut SeasonalMean {
        self.loads.entry(target).or_insert_with(|| SeasonalMean::new(target))
    }

    /// It covers the length of the intervals only. Local days, quantiles and targets affect later forecasts, but not
    /// history.
    fn fingerprint(&self) -> u64 {
        SeasonalMean::fingerprint(self.grid)
    }
}

impl Stage for Expectations {
    type Settings<'p> = &'p ForecastPlan;

    fn asked(plan: &Plan) -> Option<&ForecastPlan> {
        plan.forecast.as_ref()
    }

    fn new(forecast: &ForecastPlan, plan: &Plan, _topology: &Arc<Topology>) -> Result<Self, TownError> {
        Ok(Self {
            plan: forecast.clone(),
            calendar: plan.calendar.clone(),
            grid: plan.grid(),
            loads: BTreeMap::new(),
            today: None,
        })
    }

    fn store(&self, _topology: &Topology, parts: &mut Storing) {
        let state = State {
            today: self.today.map(|day| (day.year(), day.month(), day.day())),
            loads: self.loads.values().cloned().collect(),
        };
        parts.part(&LOADS, self.fingerprint(), &state);
    }

    fn restore(&mut self, _topology: &Topology, parts: &mut Restoring<'_>) -> Result<(), SnapshotError> {
        let Some(found) = parts.take(&LOADS, self.fingerprint())? else { return Ok(()) };
        let State { today, loads } = found.whole()?;
        self.today = match today {
            Some((year, month, day)) => Some(Date::new(year, month, day).map_err(|_| found.wrong())?),
            None => None,
        };
        self.loads.extend(loads.into_iter().map(|load| (load.target(), load)));
        Ok(())
    }
}
