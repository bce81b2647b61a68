//! The town: its transformers and consumers, its topology with the mistakes of its index, and the truth.

use super::consumer::Consumer;
use super::deal::{self, Seat};
use super::kind::{Effect, Index};
use super::load::{Change, Trade};
use super::messages::LvMessages;
use super::settings::{LvSettings, LvSettingsError};
use super::story::{Side, Story};
use super::transformer::Transformer;
use super::truth::LvTruth;
use crate::blackout::{Blackout, Of, outages};
use crate::faults::{Mishap, replacement};
use crate::random::{Random, Stream};
use crate::town::{TRANSFORMERS_A_FEEDER, concentrator_at, fast_concentrators, upstream};
use crate::weather::Weather;
use crate::{Class, Connection, Outage, Role, Truth};
use core::ops::Range;
use reading::FeederId;
use reading::time::HOUR;
use units::Watts;

/// A seeded town whose low-voltage network has physics.
#[derive(Debug, Clone)]
pub struct LvTown {
    pub(crate) settings: LvSettings,
    pub(crate) weather: Weather,
    pub(crate) consumers: Vec<Consumer>,
    pub(crate) transformers: Vec<Transformer>,
    pub(crate) blackouts: Vec<Blackout>,
}

impl LvTown {
    /// The town of these settings, or why there is none.
    pub fn new(settings: LvSettings) -> Result<Self, LvSettingsError> {
        settings.check()?;
        let seats = deal::deal(&settings);
        let town = &settings.town;
        let mut consumers: Vec<Consumer> =
            seats.iter().enumerate().map(|(index, seat)| Consumer::new(&settings, index, seat)).collect();
        let each = town.consumers_each();
        let mut transformers: Vec<Transformer> = (0..town.meters.div_ceil(each))
            .map(|index| {
                transformer(&settings, index, index * each..((index + 1) * each).min(town.meters), &seats)
            })
            .collect();
        for index in fast_concentrators(town, transformers.len()) {
            transformers[index].ahead_ms = HOUR;
        }
        for transformer in &mut transformers {
            for index in transformer.consumers.clone() {
                hand_over(transformer, &mut consumers[index], index, town.seed);
            }
            if consumers[transformer.consumers.clone()].iter().any(Consumer::has_roof) {
                transformer.with_export();
            }
        }
        let below = |of| match of {
            Of::Feeder(index) => {
                let last = ((index + 1) * TRANSFORMERS_A_FEEDER).min(transformers.len()) - 1;
                transformers[index * TRANSFORMERS_A_FEEDER].consumers.start..transformers[last].consumers.end
            }
            Of::Transformer(index) => transformers[index].consumers.clone(),
            Of::Consumer(index) => index..index + 1,
        };
        let feeders = transformers.len().div_ceil(TRANSFORMERS_A_FEEDER);
        let blackouts = Blackout::all(town, [feeders, transformers.len(), consumers.len()], below);
        let weather = Weather::new(town.seed);
        Ok(Self { settings, weather, consumers, transformers, blackouts })
    }

    /// What the town was made of.
    pub fn settings(&self) -> &LvSettings {
        &self.settings
    }

    /// Every message of every meter, in order of arrival. Each call starts again.
    pub fn messages(&self) -> LvMessages<'_> {
        LvMessages::new(self)
    }

    /// How many meters send at each step.
    pub(crate) fn places(&self) -> u64 {
        let transformers = if self.settings.town.transformer_meters { self.transformers.len() } else { 0 };
        (self.consumers.len() + transformers) as u64
    }

    /// The topology as the utility has it. A consumer that it has missed has no row, and others stand wrong.
    pub fn topology(&self) -> Vec<Connection> {
        let mut rows = Vec::with_capacity(self.places() as usize);
        for (number, transformer) in self.transformers.iter().enumerate() {
            for index in transformer.consumers.clone() {
                self.connect(number, index, &mut rows);
            }
        }
        if self.settings.town.transformer_meters {
            rows.extend(self.transformers.iter().map(|transformer| Connection {
                transformer: Some(transformer.id),
                concentrator: Some(concentrator_at(transformer.id)),
                sanctioned: Some(Watts(transformer.rated_va.round())),
                ..upstream(transformer.meter, Role::Transformer, feeder(transformer.feeder), transformer.area)
            }));
        }
        rows
    }

    fn connect(&self, number: usize, index: usize, rows: &mut Vec<Connection>) {
        let consumer = &self.consumers[index];
        let mistake = match consumer.story.map(|story| story.kind.row().effect) {
            Some(Effect::Index(mistake)) => Some(mistake),
            _ => None,
        };
        if mistake == Some(Index::Missing) {
            return;
        }
        let named = match mistake {
            Some(Index::Transformer) => &self.transformers[neighbour(number)],
            _ => &self.transformers[number],
        };
        let shift = usize::from(mistake == Some(Index::Phase));
        let phase = consumer.phase.map_or("abc", |phase| ["a", "b", "c"][(phase + shift) % 3]);
        let (class, sanctioned) = contract(consumer.load.trade(), consumer.phase.is_none());
        let mut row = Connection {
            transformer: Some(named.id),
            // Whoever sends for it is no question of the index.
            concentrator: Some(concentrator_at(self.transformers[number].id)),
            phase,
            class: Some(class),
            sanctioned: Some(Watts(sanctioned)),
            // No country has the code 000.
            phone: Some(format!("+0001{:08}", index + 1)),
            ..upstream(consumer.meter, Role::Consumer, feeder(named.feeder), named.area)
        };
        if let Some(Mishap::Swap { step }) = consumer.mishap {
            let at = self.settings.town.start_of(step);
            rows.push(Connection { to: Some(at), ..row.clone() });
            row = Connection { meter: replacement(consumer.meter), from: Some(at), ..row };
        }
        rows.push(row);
    }

    /// The outages, in the order of time.
    pub fn outages(&self) -> Vec<Outage> {
        let name = |of| match of {
            Of::Feeder(index) => feeder(index).to_string(),
            Of::Transformer(index) => self.transformers[index].id.to_string(),
            Of::Consumer(index) => self.consumers[index].meter.to_string(),
        };
        outages(&self.blackouts, &self.settings.town, name)
    }

    /// The truth, with the energy that these transformers and consumers have counted so far.
    pub(crate) fn truth(&self, consumers: &[Consumer], transformers: &[Transformer]) -> Vec<LvTruth> {
        let mut rows = Vec::new();
        for (number, transformer) in transformers.iter().enumerate() {
            for index in transformer.consumers.clone() {
                self.truth_of_consumer(number, index, consumers, &mut rows);
            }
            self.truth_of_transformer(transformer, &mut rows);
        }
        // Leave out what would begin after the last day.
        rows.retain(|row| row.from < self.settings.town.end());
        rows
    }

    fn truth_of_consumer(&self, number: usize, index: usize, now: &[Consumer], rows: &mut Vec<LvTruth>) {
        let settings = &self.settings.town;
        // The meter may have been exchanged since.
        let meter = self.consumers[index].meter;
        let (consumer, transformer) = (&now[index], &self.transformers[number]);
        if let Some(story) = &consumer.story {
            let mut row = LvTruth::of_story(meter, story, transformer.id, Some(&consumer.account), settings);
            row.note = self.note(number, index, story).unwrap_or(row.note);
            rows.push(row);
        }
        let faults = consumer.mishap.as_ref().map(|mishap| Truth::of_mishap(mishap, meter, settings));
        let fast =
            (transformer.ahead_ms > 0).then(|| Truth::of_concentrator(meter, transformer.ahead_ms, settings));
        rows.extend(faults.into_iter().chain(fast).map(|truth| LvTruth::of_fault(truth, transformer.id)));
    }

    /// What the columns do not say of a consumer's story.
    fn note(&self, number: usize, index: usize, story: &Story) -> Option<String> {
        let beside = |index: usize| format!("neutral joined with {}", self.consumers[index].meter);
        Some(match story.kind.row().effect {
            Effect::Neutrals if story.side == Side::First => beside(index + 1),
            Effect::Neutrals => beside(index - 1),
            Effect::Index(Index::Transformer) => {
                format!("the topology names {}", self.transformers[neighbour(number)].id)
            }
            Effect::Index(Index::Missing) if story.is_unread() => "sends nothing".to_owned(),
            Effect::Phase(_) => format!("phase {}", ["a", "b", "c"][story.phase]),
            Effect::Load(Change::Away) if story.other => "switched off".to_owned(),
            Effect::Road if story.other => "delivered afterwards".to_owned(),
            Effect::Road => "not kept".to_owned(),
            _ => return None,
        })
    }

    fn truth_of_transformer(&self, transformer: &Transformer, rows: &mut Vec<LvTruth>) {
        let settings = &self.settings.town;
        let of = |meter, story, account| LvTruth::of_story(meter, story, transformer.id, account, settings);
        for hook in &transformer.hooks {
            let mut row = of(transformer.meter, &hook.story, Some(&hook.account));
            row.note += &format!(", at the pole of {}", self.consumers[hook.beside].meter);
            rows.push(row);
        }
        rows.extend(transformer.error.iter().map(|story| of(transformer.meter, story, None)));
        if let Some((story, pole)) = &transformer.breaks {
            let behind = transformer.network.behind(*pole);
            for (index, tap) in transformer.consumers.clone().zip(&transformer.taps) {
                if behind.contains(&tap.pole) {
                    rows.push(of(self.consumers[index].meter, story, None));
                }
            }
        }
    }
}

fn transformer(settings: &LvSettings, index: usize, consumers: Range<usize>, seats: &[Seat]) -> Transformer {
    let phases: Vec<Option<usize>> =
        consumers.clone().map(|index| Consumer::phase(index, &seats[index])).collect();
    let mut transformer = Transformer::new(&settings.town, index, consumers, &phases);
    if !settings.meters_err {
        transformer.with_exact_meter();
    }
    transformer
}

/// Hands the story of a consumer's seat to its transformer, if it happens there.
fn hand_over(transformer: &mut Transformer, consumer: &mut Consumer, index: usize, seed: u64) {
    let Some(story) = consumer.story else { return };
    match story.kind.row().effect {
        Effect::Hook(low, high) => {
            let watts = Random::of_part(seed, Stream::LvStory, index as u64, 1 << 41).between(low, high);
            transformer.hook(story, index, watts);
        }
        Effect::TransformerMeter => transformer.error = Some(story),
        Effect::LineNeutral => {
            let pole = transformer.taps[index - transformer.consumers.start].pole;
            transformer.breaks = Some((story, pole));
        }
        _ => return,
    }
    consumer.story = None;
}

/// The transformer with which a meter reader confuses this one: the next on the street, and on the same feeder.
pub(crate) fn neighbour(transformer: usize) -> usize {
    transformer ^ 1
}

/// The class and the load of a contract, W.
fn contract(trade: Trade, three_phase: bool) -> (Class, f64) {
    match trade {
        Trade::Home if three_phase => (Class::Domestic, 10_000.0),
        Trade::Home => (Class::Domestic, 4000.0),
        Trade::Shop => (Class::Commercial, 5000.0),
        Trade::Industry => (Class::Industrial, 20_000.0),
        Trade::Pump => (Class::Agricultural, 7500.0),
    }
}

fn feeder(index: usize) -> FeederId {
    FeederId::new(format!("F{:02}", index + 1)).expect("letters and digits")
}

#[cfg(test)]
mod tests;
