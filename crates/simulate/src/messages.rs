//! All messages of a town in the order of arrival, each made when it is asked for.
//!
//! The town is computed one transformer at a time: first the power of its consumers, then its voltages, then the
//! reading of each meter. In memory are the meters, the messages of that transformer, and the few messages that are
//! delayed.

use crate::Town;
use crate::blackout::Blackout;
use crate::consumer::Consumer;
use crate::network::{Feeder, Flow, Transformer};
use crate::road::Road;
use crate::step::Step;
use reading::{EventTime, RawReading};

/// A message as it arrives.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// When it arrives.
    pub arrival: EventTime,
    /// What the meter sent.
    pub raw: RawReading,
    /// How many bytes of its line arrived, if the line was cut on the way. They are always too few for a whole line.
    pub torn: Option<usize>,
}

impl Message {
    /// Appends the JSON line of the message, as much of it as arrived, without a line break.
    pub fn write_line(&self, line: &mut Vec<u8>) {
        let at = line.len();
        wire::json::encode(&self.raw, line);
        if let Some(torn) = self.torn {
            line.truncate(at + torn);
        }
    }
}

/// The messages of a [`Town`] in order of arrival.
#[derive(Debug)]
pub struct Messages<'town> {
    town: &'town Town,
    consumers: Vec<Consumer>,
    transformers: Vec<Transformer>,
    feeders: Vec<Feeder>,
    step: Step,
    next: usize,
    flows: Vec<Flow>,
    feeder_flow: Flow,
    road: Road,
}

impl<'town> Messages<'town> {
    pub(crate) fn new(town: &'town Town) -> Self {
        Self {
            town,
            consumers: town.consumers.clone(),
            transformers: town.transformers.clone(),
            feeders: town.feeders.clone(),
            step: Step::new(&town.settings, &town.weather, 0),
            next: 0,
            flows: Vec::new(),
            feeder_flow: Flow::default(),
            road: Road::new(&town.settings, town.places()),
        }
    }

    fn done(&self) -> bool {
        self.step.index >= self.town.settings.steps()
    }

    /// Takes the readings of the next transformer. After the last transformer of a feeder, it takes that of the
    /// feeder.
    fn advance(&mut self) {
        if self.next == 0 {
            let meter_of = |index: usize| self.consumers[index].meter;
            self.road.report_supply(&self.town.blackouts, &self.town.settings, &self.step, meter_of);
        }
        let (town, first) = (self.town, self.transformers[self.next].consumers.start);
        let gone = |index: usize, step: &Step| Blackout::gone(&town.blackouts, index, step);
        let transformer = &mut self.transformers[self.next];
        let ahead_ms = transformer.ahead_ms;
        let consumers = &mut self.consumers[transformer.consumers.clone()];
        let step = &self.step;
        self.flows.clear();
        let mut load = Flow::default();
        for (index, consumer) in (first..).zip(consumers.iter_mut()) {
            let flow = consumer.flow(step);
            match gone(index, step).0 {
                0 => load.add(&flow),
                gone => load.add(&flow.scaled(1.0 - gone as f64 / step.length as f64)),
            }
            self.flows.push(flow);
        }
        let bus = transformer.bus(&load);
        let mut shared = 0.0;
        for (index, (consumer, flow)) in (first..).zip(consumers.iter_mut().zip(&self.flows)) {
            let (gone, is_off) = gone(index, step);
            let mut raw = consumer.reading(step, step.length - gone, &bus, flow, &mut shared);
            raw.time = raw.time.plus(ahead_ms);
            let delivery = consumer.mishap.and_then(|mishap| mishap.delivery(&town.settings, step.end));
            self.road.send_if(!is_off, step.end, raw, delivery, &mut consumer.fate);
        }
        // A meter at a transformer is without supply if all below it are.
        let all_off = |mut below: core::ops::Range<usize>| {
            !town.blackouts.is_empty() && below.all(|index| gone(index, step).1)
        };
        let with_loss = transformer.with_loss(&load);
        if self.town.settings.transformer_meters {
            let mut raw = transformer.reading(step, &bus, &with_loss);
            raw.time = raw.time.plus(ahead_ms);
            let is_on = !all_off(transformer.consumers.clone());
            self.road.send_if(is_on, step.end, raw, None, &mut transformer.book.fate);
        }
        self.feeder_flow.add(&with_loss);
        let feeder = &mut self.feeders[transformer.feeder];
        self.next += 1;
        if self.next == feeder.transformers.end {
            if self.town.settings.feeder_meters {
                let raw = feeder.reading(step, &self.feeder_flow);
                let (first, last) = (feeder.transformers.start, feeder.transformers.end - 1);
                let below = town.transformers[first].consumers.start..town.transformers[last].consumers.end;
                self.road.send_if(!all_off(below), step.end, raw, None, &mut feeder.book.fate);
            }
            self.feeder_flow = Flow::default();
        }
        if self.next == self.transformers.len() {
            self.next = 0;
            self.road.next_step();
            self.step = Step::new(&self.town.settings, &self.town.weather, step.index + 1);
        }
    }
}

impl Iterator for Messages<'_> {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        while self.road.is_quiet() && !self.done() {
            self.advance();
        }
        self.road.take()
    }
}

#[cfg(test)]
mod tests;
