use crate::reports::Report;
use cases::{Alert, AlertId, Change};
use detect::DailySuspicion;
use fleet::{Held, PartitionId, Refusal};
use forecast::Forecast;
use grid::{Balance, Loss, Proposal};
use health::HealthRow;
use metering::{AboveSanctioned, MeteringRows};
use notify::{Message, Notice};
use reading::{Batch, EventTime, Extra, Interval, MeterId, Origin, Reading, Reason};
use serde::{Deserialize, Serialize};
use vet::Finding;

/// Defines [`Outputs`] from its fields, and a `clear` that can forget none of them.
macro_rules! outputs {
    ($($(#[$doc:meta])* $field:ident: $rows:ty,)*) => {
        /// The outputs of some steps, kind by kind, each in a fixed order. The caller takes them and clears this.
        #[derive(Debug, Default)]
        pub struct Outputs {
            $($(#[$doc])* pub $field: $rows,)*
        }

        impl Outputs {
            /// Empties all kinds, and keeps their memory.
            pub fn clear(&mut self) {
                $(self.$field.clear();)*
            }
        }
    };
}

outputs! {
    /// Closed intervals: by tick, then by meter, then by end.
    intervals: Vec<Interval>,
    /// What closed the rows of `intervals`, each with their number up to and including its own.
    closings: Vec<(Closing, usize)>,
    /// Reports that a stage of the plan needs, each with the end of its tick: by tick, then by kind, meter and time.
    reports: Vec<(EventTime, Report)>,
    /// Demand of billing periods that are over, by tick, then by meter. At the end also profiles.
    metering: MeteringRows,
    /// For each of `closings`: the number of rows of demand of meters up to and including it.
    demand_upto: Vec<usize>,
    /// Consumers who used more than their sanctioned load.
    above: Vec<AboveSanctioned>,
    /// Outages, and indices of supply reliability.
    supply: supply::SupplyRows,
    /// Balances of transformers: new ones, revised ones and final ones.
    balances: Vec<Balance>,
    /// Losses of transformers on local days and months that are over.
    losses: Vec<Loss>,
    /// Consumers that seem to hang on another transformer or phase than the topology names: by day, then by meter.
    index_proposals: Vec<Proposal>,
    /// What meters, transformers and concentrators delivered of a local day.
    health: Vec<HealthRow>,
    /// Forecasts.
    forecasts: Vec<Forecast>,
    /// Suspicions: one row for a meter and day.
    suspicions: Vec<DailySuspicion>,
    /// Cases that opened, changed or closed.
    changes: Vec<Change>,
    /// Alerts.
    alerts: Vec<Alert>,
    /// What people may have to hear of, as the routes of the plan got it.
    notices: Vec<Notice>,
    /// Messages to people, of all channels.
    messages: Vec<Message>,
    /// Alerts that a channel left out, because it sent a message about the same meter not long ago. An alert is here
    /// once for each such channel.
    told_already: Vec<AlertId>,
    /// Findings of the quality rules on a local day that is over: by rule, then by what they are about.
    findings: Vec<Finding>,
    /// Dead letters: messages that went into no interval, with their bytes.
    dead: Vec<Dead>,
}

/// What closed some rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// The tick that ends then.
    Tick(EventTime),
    /// A part of a long backlog, between two ticks.
    Part(Part),
    /// The end of the run. The rows belong to no tick.
    End,
}

/// Which part of a long backlog it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Part {
    /// The lane had closed every interval that ends here or before.
    pub after: EventTime,
    /// Counts from 1 after each tick.
    pub number: u32,
}

impl Closing {
    /// The end of the tick, if it is one.
    pub fn tick(self) -> Option<EventTime> {
        match self {
            Self::Tick(end) => Some(end),
            Self::Part(_) | Self::End => None,
        }
    }
}

impl Outputs {
    /// Lets the last reports of a lane travel with its last tick, where no message can come behind it.
    pub fn reports_of_last_tick(&mut self) {
        let last = self.closings.iter().rev().find_map(|(closing, _)| closing.tick());
        match last {
            Some(last) => {
                let ended = self.reports.iter_mut().filter(|(end, _)| *end == EventTime::MAX);
                ended.for_each(|(end, _)| *end = last);
                self.reports.sort_unstable();
            }
            None => self.reports.retain(|(end, _)| *end != EventTime::MAX),
        }
    }
}

/// Bytes or a reading that went into no interval, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Dead {
    /// The partition that it came from.
    pub partition: PartitionId,
    /// Why it went into no interval.
    pub reason: Reason,
    /// The bytes as they came. They are empty if the source is no text, as with Parquet.
    pub bytes: Vec<u8>,
    /// The reading, if the bytes could be decoded.
    pub reading: Option<(MeterId, Reading)>,
    /// Events and the position of the relay, if the reading had any.
    pub extra: Option<Extra>,
    /// Its offset in the log that it came from.
    pub origin: Option<Origin>,
}

/// Makes dead letters of the messages of a batch that could not be decoded.
pub fn bury_undecoded(partition: PartitionId, batch: &Batch, out: &mut Vec<Dead>) {
    out.extend(batch.dead.iter().enumerate().map(|(index, letter)| Dead {
        partition,
        reason: letter.reason,
        bytes: batch.text(letter.span).to_vec(),
        reading: None,
        extra: None,
        origin: batch.origin_of_dead(index),
    }));
}

/// Makes dead letters of the readings of a batch that are refused.
pub fn bury(partition: PartitionId, batch: &Batch, refused: &[Refusal], out: &mut Vec<Dead>) {
    out.extend(refused.iter().map(|&Refusal { index, reason }| Dead {
        partition,
        reason,
        bytes: batch.spans.get(index as usize).map(|&span| batch.text(span).to_vec()).unwrap_or_default(),
        reading: Some((batch.meter(index as usize), batch.readings[index as usize])),
        extra: batch.extra(index).cloned(),
        origin: batch.origin(index as usize),
    }));
}

/// The refusals of a batch of readings that waited in vain until other meters reach their time.
pub fn clocks_ahead(batch: &Batch) -> Vec<Refusal> {
    (0..batch.len() as u32).map(|index| Refusal { index, reason: Reason::ClockAhead }).collect()
}

/// Makes a dead letter of a reading that waited, and was refused in the end.
pub fn bury_held(partition: PartitionId, held: Held, reason: Reason, out: &mut Vec<Dead>) {
    let Held { meter, reading, extra, line: bytes, origin, arrival: _ } = held;
    out.push(Dead { partition, reason, bytes, reading: Some((meter, reading)), extra, origin });
}
