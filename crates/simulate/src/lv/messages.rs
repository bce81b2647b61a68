//! All messages of the town in the order of arrival, each made when it is asked for: one transformer and one step at a
//! time. In memory are the consumers, the messages of one transformer, and those that are delayed.

use super::consumer::Consumer;
use super::kind::Effect;
use super::phasor::Phasor;
use super::story::Side;
use super::town::LvTown;
use super::transformer::Transformer;
use super::truth::LvTruth;
use crate::Message;
use crate::blackout::Blackout;
use crate::road::Road;
use crate::step::Step;

/// The messages of an [`LvTown`] in order of arrival.
#[derive(Debug)]
pub struct LvMessages<'town> {
    town: &'town LvTown,
    consumers: Vec<Consumer>,
    transformers: Vec<Transformer>,
    step: Step,
    next: usize,
    road: Road,
}

impl<'town> LvMessages<'town> {
    pub(crate) fn new(town: &'town LvTown) -> Self {
        Self {
            town,
            consumers: town.consumers.clone(),
            transformers: town.transformers.clone(),
            step: Step::new(&town.settings.town, &town.weather, 0),
            next: 0,
            road: Road::new(&town.settings.town, town.places()),
        }
    }

    /// The truth, with the energy that was lost up to the present step: complete once all messages were taken.
    pub fn truth(&self) -> Vec<LvTruth> {
        self.town.truth(&self.consumers, &self.transformers)
    }

    /// Takes the readings of the next transformer.
    fn advance(&mut self) {
        if self.next == 0 {
            let meter_of = |index: usize| self.consumers[index].meter;
            self.road.report_supply(&self.town.blackouts, &self.town.settings.town, &self.step, meter_of);
        }
        let (town, step) = (self.town, &self.step);
        let transformer = &mut self.transformers[self.next];
        let range = transformer.consumers.clone();
        let consumers = &mut self.consumers[range.clone()];
        let mut alive: f64 = 0.0;
        for ((index, consumer), tap) in range.clone().zip(consumers.iter_mut()).zip(&mut transformer.taps) {
            let gone = Blackout::gone(&town.blackouts, index, step).0;
            let supplied = 1.0 - gone as f64 / step.length as f64;
            alive = alive.max(supplied);
            consumer.want(step, supplied, tap);
        }
        let flow = transformer.flow(step, alive);
        let mut any_on = false;
        for (at, consumer) in consumers.iter_mut().enumerate() {
            let beside = beside(consumer, at, transformer);
            let seen = consumer.see(step, &transformer.taps[at], beside);
            let mut raw = consumer.reading(step, &seen);
            raw.time = raw.time.plus(transformer.ahead_ms);
            let (delivery, is_lost) = consumer.road(&town.settings, step);
            let is_off = Blackout::gone(&town.blackouts, range.start + at, step).1;
            any_on |= !is_off;
            self.road.send_if(!is_off && !is_lost, step.end, raw, delivery, &mut consumer.fate);
        }
        if town.settings.town.transformer_meters {
            let mut raw = transformer.reading(step, &flow);
            raw.time = raw.time.plus(transformer.ahead_ms);
            // A meter at a transformer is without supply if all below it are.
            self.road.send_if(any_on, step.end, raw, None, &mut transformer.fate);
        }
        self.next += 1;
        if self.next == self.transformers.len() {
            self.next = 0;
            self.road.next_step();
            self.step = Step::new(&town.settings.town, &town.weather, step.index + 1);
        }
    }
}

/// The returning current of the neighbour with whom a consumer shares a neutral.
fn beside(consumer: &Consumer, at: usize, transformer: &Transformer) -> Phasor {
    let story = consumer.story.filter(|story| matches!(story.kind.row().effect, Effect::Neutrals));
    story.map_or(Phasor::ZERO, |story| {
        let other = if story.side == Side::First { at + 1 } else { at - 1 };
        transformer.taps[other].returning()
    })
}

impl Iterator for LvMessages<'_> {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        while self.road.is_quiet() && self.step.index < self.town.settings.town.steps() {
            self.advance();
        }
        self.road.take()
    }
}

#[cfg(test)]
mod tests;
