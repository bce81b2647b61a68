//! A town: the places of its meters, and the truth about them.

use crate::blackout::{Blackout, Of, outages};
use crate::consumer::{Consumer, Wiring};
use crate::faults::{Mishap, replacement};
use crate::network::{Feeder, Transformer};
use crate::random::{Random, Stream};
use crate::seats::{self, Seat};
use crate::tamper::{Story, Theft, stretches};
use crate::weather::Weather;
use crate::{Kind, Messages, Outage, Settings, SettingsError, Truth};
use reading::time::HOUR;
use reading::{AreaId, ConcentratorId, EventTime, FeederId, MeterId, TransformerId};
use units::Watts;

/// The loss of a transformer and its cables at a very small load, as a share of the power that passes them.
pub const LOSS_IDLE: f64 = 0.01;
/// The same at full load. Losses grow with the square of the current, so their share grows with the current.
pub const LOSS_FULL: f64 = 0.03;
/// The loss of a feeder's line, as a share.
pub const LINE_LOSS: f64 = 0.008;

pub(crate) const TRANSFORMERS_A_FEEDER: usize = 10;
pub(crate) const TRANSFORMERS_AN_AREA: usize = 5;

/// The place of a meter and for how long it holds: one row of the topology.
#[derive(Debug, Clone, PartialEq)]
pub struct Connection {
    /// The meter.
    pub meter: MeterId,
    /// What it measures.
    pub role: Role,
    /// The transformer that supplies the meter, or that it measures.
    pub transformer: Option<TransformerId>,
    /// The feeder above.
    pub feeder: FeederId,
    /// The area that one meter reader walks.
    pub area: AreaId,
    /// The concentrator that sends for all meters of a transformer.
    pub concentrator: Option<ConcentratorId>,
    /// `a`, `b`, `c` or `abc`.
    pub phase: &'static str,
    /// The kind of customer.
    pub class: Option<Class>,
    /// The load that the contract allows.
    pub sanctioned: Option<Watts>,
    /// The customer's telephone; no such number exists.
    pub phone: Option<String>,
    /// The meter reader's telephone; no such number exists.
    pub reader_phone: String,
    /// When the row begins to hold. None means that it has always held.
    pub from: Option<EventTime>,
    /// When the row ends. None means that it holds until further notice.
    pub to: Option<EventTime>,
}

/// The concentrator at a transformer, which sends for all of its meters.
pub(crate) fn concentrator_at(transformer: TransformerId) -> ConcentratorId {
    ConcentratorId::new(format!("C{}", &transformer.as_str()[1..])).expect("letters and digits")
}

/// What a meter measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// One customer.
    Consumer,
    /// All of a transformer.
    Transformer,
    /// All of a feeder.
    Feeder,
}

impl Role {
    /// The name that files use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Consumer => "consumer",
            Self::Transformer => "transformer",
            Self::Feeder => "feeder",
        }
    }
}

/// The kind of customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A home.
    Domestic,
    /// A shop.
    Commercial,
    /// A workshop. Only towns with a network have some, and the next one, too.
    Industrial,
    /// Irrigation.
    Agricultural,
}

impl Class {
    /// The name that files use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Domestic => "domestic",
            Self::Commercial => "commercial",
            Self::Industrial => "industrial",
            Self::Agricultural => "agricultural",
        }
    }
}

/// A seeded town.
#[derive(Debug, Clone)]
pub struct Town {
    pub(crate) settings: Settings,
    pub(crate) weather: Weather,
    pub(crate) consumers: Vec<Consumer>,
    pub(crate) transformers: Vec<Transformer>,
    pub(crate) feeders: Vec<Feeder>,
    pub(crate) blackouts: Vec<Blackout>,
}

impl Town {
    /// The town of these settings, or why there is none.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        settings.check()?;
        let seats = seats::deal(&settings);
        let consumers = seats.iter().enumerate().map(|(index, &seat)| Consumer::new(&settings, index, seat));
        let consumers: Vec<Consumer> = consumers.collect();
        let each = settings.consumers_each();
        let mut transformers: Vec<Transformer> = (0..settings.meters.div_ceil(each))
            .map(|index| {
                let range = index * each..((index + 1) * each).min(settings.meters);
                let exports = exports(&seats[range.clone()]);
                let feeder = index / TRANSFORMERS_A_FEEDER;
                Transformer::new(settings.seed, index, range, each, feeder, exports)
            })
            .collect();
        for index in fast_concentrators(&settings, transformers.len()) {
            transformers[index].ahead_ms = HOUR;
        }
        let feeders = (0..transformers.len().div_ceil(TRANSFORMERS_A_FEEDER))
            .map(|index| {
                let first = index * TRANSFORMERS_A_FEEDER;
                let range = first..(first + TRANSFORMERS_A_FEEDER).min(transformers.len());
                let below = transformers[first].consumers.start..transformers[range.end - 1].consumers.end;
                Feeder::new(settings.seed, index, range, exports(&seats[below]))
            })
            .collect();
        let weather = Weather::new(settings.seed);
        let feeders: Vec<Feeder> = feeders;
        let below = |of| match of {
            Of::Feeder(index) => {
                let range = feeders[index].transformers.clone();
                transformers[range.start].consumers.start..transformers[range.end - 1].consumers.end
            }
            Of::Transformer(index) => transformers[index].consumers.clone(),
            Of::Consumer(index) => index..index + 1,
        };
        let sizes = [feeders.len(), transformers.len(), consumers.len()];
        let blackouts = Blackout::all(&settings, sizes, below);
        Ok(Self { settings, weather, consumers, transformers, feeders, blackouts })
    }

    /// The settings that it was made from.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Every message of every meter, in order of arrival. Each call starts again.
    pub fn messages(&self) -> Messages<'_> {
        Messages::new(self)
    }

    /// How many readings its meters take. About as many messages arrive: some are repeated, and some are lost.
    pub fn readings(&self) -> u64 {
        self.places() * self.settings.steps()
    }

    /// How many meters send at each step.
    pub(crate) fn places(&self) -> u64 {
        let transformers = if self.settings.transformer_meters { self.transformers.len() } else { 0 };
        let feeders = if self.settings.feeder_meters { self.feeders.len() } else { 0 };
        (self.consumers.len() + transformers + feeders) as u64
    }

    /// The topology: consumers, then transformers and feeders if they have meters. An exchanged meter has two rows.
    pub fn topology(&self) -> Vec<Connection> {
        let mut rows = Vec::with_capacity(self.places() as usize);
        for transformer in &self.transformers {
            for index in transformer.consumers.clone() {
                self.connect(transformer, index, &mut rows);
            }
        }
        if self.settings.transformer_meters {
            rows.extend(self.transformers.iter().map(|transformer| Connection {
                transformer: Some(transformer.id),
                concentrator: Some(concentrator_at(transformer.id)),
                ..upstream(
                    transformer.meter,
                    Role::Transformer,
                    self.feeders[transformer.feeder].id,
                    transformer.area,
                )
            }));
        }
        if self.settings.feeder_meters {
            rows.extend(
                self.feeders
                    .iter()
                    .map(|feeder| upstream(feeder.meter, Role::Feeder, feeder.id, feeder.area)),
            );
        }
        rows
    }

    fn connect(&self, transformer: &Transformer, index: usize, rows: &mut Vec<Connection>) {
        let consumer = &self.consumers[index];
        let shop = consumer.household.is_shop();
        let (phase, sanctioned) = match consumer.wiring {
            Wiring::Single(phase) => (["a", "b", "c"][phase], if shop { 5000.0 } else { 3000.0 }),
            Wiring::Three(_) => ("abc", 10_000.0),
        };
        let mut row = Connection {
            transformer: Some(transformer.id),
            concentrator: Some(concentrator_at(transformer.id)),
            phase,
            class: Some(if shop { Class::Commercial } else { Class::Domestic }),
            sanctioned: Some(Watts(sanctioned)),
            // No country has the code 000.
            phone: Some(format!("+0001{:08}", index + 1)),
            ..upstream(consumer.meter, Role::Consumer, self.feeders[transformer.feeder].id, transformer.area)
        };
        if let Some(Mishap::Swap { step }) = consumer.mishap {
            let at = self.settings.start_of(step);
            rows.push(Connection { to: Some(at), ..row.clone() });
            row = Connection { meter: replacement(consumer.meter), from: Some(at), ..row };
        }
        rows.push(row);
    }

    /// The outages, in the order of time.
    pub fn outages(&self) -> Vec<Outage> {
        let name = |of| match of {
            Of::Feeder(index) => self.feeders[index].id.to_string(),
            Of::Transformer(index) => self.transformers[index].id.to_string(),
            Of::Consumer(index) => self.consumers[index].meter.to_string(),
        };
        outages(&self.blackouts, &self.settings, name)
    }

    /// The truth about every meter that is unusual, or only looks unusual: by meter, then by time.
    pub fn truth(&self) -> Vec<Truth> {
        let mut rows = Vec::new();
        for (index, consumer) in self.consumers.iter().enumerate() {
            self.truth_of_wiring(index, consumer, &mut rows);
            let mishap = consumer.mishap.as_ref();
            rows.extend(mishap.map(|mishap| Truth::of_mishap(mishap, consumer.meter, &self.settings)));
            let transformer = &self.transformers[index / self.settings.consumers_each()];
            if transformer.ahead_ms > 0 {
                rows.push(Truth::of_concentrator(consumer.meter, transformer.ahead_ms, &self.settings));
            }
        }
        // Leave out what would begin after the last day.
        rows.retain(|row| row.from < self.settings.end());
        rows
    }

    fn truth_of_wiring(&self, index: usize, consumer: &Consumer, rows: &mut Vec<Truth>) {
        let always = |kind, share, note: &str| Truth {
            meter: consumer.meter,
            kind,
            from: self.settings.start,
            to: self.settings.end(),
            share,
            note: note.to_owned(),
        };
        let since = |day: u32| self.settings.start_of(u64::from(day) * self.settings.steps_a_day());
        let neighbour = |index: usize| format!("neutral joined with {}", self.consumers[index].meter);
        match &consumer.story {
            Story::Plain => {}
            Story::EarthReturn(theft) => {
                self.truth_of_theft(
                    consumer,
                    theft,
                    Kind::EarthReturn,
                    "returns through a local earth",
                    rows,
                );
            }
            Story::PhaseBypass(theft) => {
                self.truth_of_theft(
                    consumer,
                    theft,
                    Kind::PhaseBypass,
                    "passes beside the phase element",
                    rows,
                );
            }
            Story::SharedLess { part, since: day } => rows.push(Truth {
                from: since(*day),
                ..always(Kind::SharedNeutral, Some(*part), &neighbour(index + 1))
            }),
            Story::SharedMore { since: day } => rows.push(Truth {
                from: since(*day),
                ..always(Kind::SharedNeutral, None, &neighbour(index - 1))
            }),
            Story::CtError(ct) => {
                let note = format!("neutral reads {:+.1} % and {:+.2} A", ct.gain * 100.0, ct.offset);
                rows.push(always(Kind::CtError, Some(ct.gain.abs()), &note));
            }
            Story::Brief(_) => {
                rows.push(always(
                    Kind::Brief,
                    None,
                    "now and then a load on another neutral, an hour at most",
                ));
            }
            Story::SwappedWires => {
                let note = "phase and neutral exchanged at the terminals, registers count forward";
                rows.push(always(Kind::SwappedWires, None, note));
            }
        }
        if let Wiring::Three(_) = consumer.wiring {
            rows.push(always(Kind::ThreePhase, None, "the neutral is the vector sum of the phases"));
        }
    }

    fn truth_of_theft(
        &self,
        consumer: &Consumer,
        theft: &Theft,
        kind: Kind,
        how: &str,
        rows: &mut Vec<Truth>,
    ) {
        for (from, to) in stretches(theft, self.settings.days) {
            rows.push(Truth {
                meter: consumer.meter,
                kind,
                from: self.settings.start.plus(from),
                to: self.settings.start.plus(to),
                share: Some(theft.share),
                note: format!("{:.0} % of the load {how}", theft.share * 100.0),
            });
        }
    }
}

/// The row of a meter, as far as its feeder and its area decide it.
pub(crate) fn upstream(meter: MeterId, role: Role, feeder: FeederId, area: usize) -> Connection {
    Connection {
        meter,
        role,
        transformer: None,
        feeder,
        area: AreaId::new(format!("A{:02}", area + 1)).expect("letters and digits"),
        concentrator: None,
        phase: "abc",
        class: None,
        sanctioned: None,
        phone: None,
        reader_phone: format!("+0002{:08}", area + 1),
        from: None,
        to: None,
    }
}

/// The transformers whose concentrator is ahead: the share of them, rounded down.
pub(crate) fn fast_concentrators(settings: &Settings, transformers: usize) -> Vec<usize> {
    let lot = |index: &usize| Random::stream(settings.seed, Stream::Concentrator, *index as u64).bits();
    let mut all: Vec<usize> = (0..transformers).collect();
    all.sort_by_key(lot);
    all.truncate((settings.faults.fast_concentrators * transformers as f64) as usize);
    all
}

fn exports(seats: &[Seat]) -> bool {
    seats.iter().any(|seat| seat.solar)
}
