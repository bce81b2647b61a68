//! Feeds the messages of the town to the engine, as the bytes that a real meter would send.

use grid::{PlaceNames, Role, Topology, TopologyRow};
use pipeline::{Input, Outputs, PartitionId, Pipeline, Plan};
use reading::time::MINUTE;
use reading::{Batch, EventTime, Limits, MeterId};
use simulate::{Connection, Message, Messages, Town};
use std::collections::BTreeSet;
use std::error::Error;
use std::iter::Peekable;

const PARTITION: PartitionId = 0;
/// At most so many messages a step: a step stays so short that a large town, too, shows every frame on time.
const BATCH: usize = 8192;

/// How far a step has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// Every message that arrived up to the given moment is in the engine.
    Moment,
    /// The batch is full. Messages up to this time are in the engine, and more are waiting.
    Part(EventTime),
    /// The town has no further message.
    End,
}

/// A town, and the engine that gets its messages.
pub struct Feed<'town> {
    messages: Peekable<Messages<'town>>,
    pipeline: Pipeline,
    limits: Limits,
    batch: Batch,
    readings: u64,
    torn: u64,
    ahead: Ahead,
}

/// Meters whose clocks are ahead: their messages arrive before the time that is in them.
#[derive(Debug, Clone, Default)]
pub struct Ahead {
    /// Which meters.
    pub meters: BTreeSet<MeterId>,
    /// How many readings.
    pub readings: u64,
    /// By how much the furthest was ahead, ms.
    pub most: i64,
}

impl Ahead {
    /// Clocks may differ by so much.
    const USUAL: i64 = MINUTE;

    fn note(&mut self, message: &Message) {
        let ahead = message.raw.time.since(message.arrival);
        if ahead > Self::USUAL {
            self.meters.insert(message.raw.meter);
            self.readings += 1;
            self.most = self.most.max(ahead);
        }
    }
}

impl<'town> Feed<'town> {
    /// A town before its first message.
    pub fn new(plan: &Plan, town: &'town Town) -> Result<Self, Box<dyn Error>> {
        let mut names = PlaceNames::default();
        let rows = town.topology().into_iter().map(|one| row(one, &mut names)).collect();
        let mut pipeline = Pipeline::new(plan, Topology::new(rows)?)?;
        pipeline.step(&Input::Open { partition: PARTITION, first: None }, &mut Outputs::default());
        let messages = town.messages().peekable();
        let batch = Batch::default();
        Ok(Self {
            messages,
            pipeline,
            limits: plan.limits,
            batch,
            readings: 0,
            torn: 0,
            ahead: Ahead::default(),
        })
    }

    /// Takes the messages that arrive up to `until`, at most one batch. Outputs are added to `out`.
    pub fn step(&mut self, until: EventTime, out: &mut Outputs) -> Reached {
        let batch = &mut self.batch;
        batch.clear();
        let mut last_arrival = None;
        let mut reached = Reached::Moment;
        for count in 0.. {
            match self.messages.peek() {
                None => reached = Reached::End,
                Some(next) if next.arrival > until => reached = Reached::Moment,
                Some(_) if count == BATCH => reached = Reached::Part(last_arrival.unwrap_or(until)),
                Some(_) => {
                    let message = self.messages.next().expect("it was just seen");
                    last_arrival = Some(message.arrival);
                    self.ahead.note(&message);
                    message.write_line(&mut batch.bytes);
                    batch.bytes.push(b'\n');
                    continue;
                }
            }
            break;
        }
        wire::json::decode_lines(&self.limits, batch);
        self.readings += batch.len() as u64;
        self.torn += batch.dead.len() as u64;
        let mut from = 0;
        while from < batch.len() {
            from = self.pipeline.step(&Input::Readings { partition: PARTITION, batch, from }, out);
        }
        reached
    }

    /// The engine.
    pub fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// Readings that could be decoded, repeats and late ones included.
    pub fn readings(&self) -> u64 {
        self.readings
    }

    /// Meters whose clocks are ahead.
    pub fn ahead(&self) -> &Ahead {
        &self.ahead
    }

    /// Torn lines, which could not be decoded.
    pub fn torn(&self) -> u64 {
        self.torn
    }
}

fn row(connection: Connection, names: &mut PlaceNames) -> TopologyRow {
    let role = match connection.role {
        simulate::Role::Consumer => Role::Consumer,
        simulate::Role::Transformer => Role::Transformer,
        simulate::Role::Feeder => Role::Feeder,
    };
    TopologyRow {
        transformer: connection.transformer.map(|id| names.transformers.share(id)),
        feeder: Some(names.feeders.share(connection.feeder)),
        area: Some(names.areas.share(connection.area)),
        concentrator: connection.concentrator.map(|id| names.concentrators.share(id)),
        phase: Some(connection.phase.to_owned()),
        class: connection.class.map(|class| class.name().to_owned()),
        sanctioned: connection.sanctioned,
        phone: connection.phone,
        reader_phone: Some(connection.reader_phone),
        from: connection.from,
        to: connection.to,
        ..TopologyRow::new(connection.meter, role)
    }
}
