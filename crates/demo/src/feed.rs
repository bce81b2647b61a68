//! From the town to the engine, over the bytes that a real meter would send.

use grid::{Role, Topology, TopologyRow};
use pipeline::{Input, Outputs, PartitionId, Pipeline, Plan};
use reading::{Batch, EventTime, Limits};
use simulate::{Connection, Messages, Town};
use std::error::Error;
use std::iter::Peekable;

const PARTITION: PartitionId = 0;
/// Messages of one batch at most: few enough that a large town still shows every frame.
const BATCH: usize = 8192;

/// How far a step came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// All that arrived up to the moment is in the engine.
    There,
    /// There is more, and a batch is full: so far in event time.
    Part(EventTime),
    /// No meter sends any more.
    End,
}

/// A town that sends, and an engine that listens.
pub struct Feed<'town> {
    messages: Peekable<Messages<'town>>,
    pipeline: Pipeline,
    limits: Limits,
    batch: Batch,
    readings: u64,
    torn: u64,
}

impl<'town> Feed<'town> {
    /// A town at its beginning.
    pub fn new(plan: &Plan, town: &'town Town) -> Result<Self, Box<dyn Error>> {
        let rows = town.topology().into_iter().map(row).collect();
        let mut pipeline = Pipeline::new(plan, Topology::new(rows)?)?;
        pipeline.step(&Input::Open { partition: PARTITION, first: None }, &mut Outputs::default());
        let messages = town.messages().peekable();
        let batch = Batch::default();
        Ok(Self { messages, pipeline, limits: plan.limits, batch, readings: 0, torn: 0 })
    }

    /// Hears the messages that arrive up to `until`, a batch of them at most. Outputs are added to `out`.
    pub fn step(&mut self, until: EventTime, out: &mut Outputs) -> Came {
        let batch = &mut self.batch;
        batch.clear();
        let mut heard = None;
        let mut came = Came::There;
        for count in 0.. {
            match self.messages.peek() {
                None => came = Came::End,
                Some(next) if next.arrival > until => came = Came::There,
                Some(_) if count == BATCH => came = Came::Part(heard.unwrap_or(until)),
                Some(_) => {
                    let message = self.messages.next().expect("it was just seen");
                    heard = Some(message.arrival);
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
        came
    }

    /// The engine.
    pub fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// Readings that came in whole, repeats and late ones with them.
    pub fn readings(&self) -> u64 {
        self.readings
    }

    /// Lines that were no reading.
    pub fn torn(&self) -> u64 {
        self.torn
    }
}

fn row(connection: Connection) -> TopologyRow {
    let role = match connection.role {
        simulate::Role::Consumer => Role::Consumer,
        simulate::Role::Transformer => Role::Transformer,
        simulate::Role::Feeder => Role::Feeder,
    };
    TopologyRow {
        transformer: connection.transformer,
        feeder: Some(connection.feeder),
        area: Some(connection.area),
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
