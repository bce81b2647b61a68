use crate::reports::Report;
use cases::{Alert, AlertId, Change};
use detect::DailySuspicion;
use fleet::{Held, PartitionId, Refusal};
use forecast::Forecast;
use grid::Balance;
use metering::{AboveSanctioned, MeteringRows};
use notify::Message;
use reading::{Batch, EventTime, Interval, MeterId, Origin, Reading, Reason};
use vet::Finding;

/// Defines [`Outputs`] from its fields, each of which can be cleared: no list of them is kept by hand.
macro_rules! outputs {
    ($($(#[$doc:meta])* $field:ident: $rows:ty,)*) => {
        /// What came out, kind by kind, each in a fixed order. The caller drains it.
        #[derive(Debug, Default)]
        pub struct Outputs {
            $($(#[$doc])* pub $field: $rows,)*
        }

        impl Outputs {
            /// Empties it, keeping its memory.
            pub fn clear(&mut self) {
                $(self.$field.clear();)*
            }
        }
    };
}

outputs! {
    /// Closed intervals, tick by tick; in a tick by meter, then by end.
    intervals: Vec<Interval>,
    /// The ends of the ticks that closed, each with how many rows of `intervals` there are up to it.
    ticks: Vec<(EventTime, usize)>,
    /// What came beside the intervals and the plan has a use for, each with the end of its tick; in a tick by kind,
    /// meter and time.
    reports: Vec<(EventTime, Report)>,
    /// Demand of billing periods that are over, by tick, then by meter; and profiles, at the end.
    metering: MeteringRows,
    /// For each of `ticks`, how many rows of demand of meters there are up to it.
    demand_upto: Vec<usize>,
    /// Consumers who used more than was agreed.
    above: Vec<AboveSanctioned>,
    /// Outages, and indices of supply.
    supply: supply::SupplyRows,
    /// Balances of transformers.
    balances: Vec<Balance>,
    /// Forecasts.
    forecasts: Vec<Forecast>,
    /// Suspicions, a row a meter and day.
    suspicions: Vec<DailySuspicion>,
    /// What happened to cases.
    changes: Vec<Change>,
    /// Alerts.
    alerts: Vec<Alert>,
    /// Messages to people, of all channels.
    messages: Vec<Message>,
    /// Alerts without a message, because there was one about the same meter not long ago.
    told_already: Vec<AlertId>,
    /// What rules of data quality have met on a local day that is over, by rule, then by whom.
    findings: Vec<Finding>,
    /// What became no part of an interval, with its bytes.
    dead: Vec<Dead>,
}

/// Bytes or a reading that went into no interval, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Dead {
    /// Where it came from.
    pub partition: PartitionId,
    /// Why.
    pub reason: Reason,
    /// The bytes as they came; empty where the source was no text.
    pub bytes: Vec<u8>,
    /// The reading, if it was one.
    pub reading: Option<(MeterId, Reading)>,
    /// Its place in the log that it came from.
    pub origin: Option<Origin>,
}

/// Takes what a batch could not decode.
pub fn bury_undecoded(partition: PartitionId, batch: &Batch, out: &mut Vec<Dead>) {
    out.extend(batch.dead.iter().enumerate().map(|(index, letter)| Dead {
        partition,
        reason: letter.reason,
        bytes: batch.text(letter.span).to_vec(),
        reading: None,
        origin: batch.origin_of_dead(index),
    }));
}

/// Takes the readings of a batch that are late or refused, with their bytes.
pub fn bury(partition: PartitionId, batch: &Batch, late: &[u32], refused: &[Refusal], out: &mut Vec<Dead>) {
    let reading = |index: u32, reason| Dead {
        partition,
        reason,
        bytes: batch.spans.get(index as usize).map(|&span| batch.text(span).to_vec()).unwrap_or_default(),
        reading: Some((batch.meter(index as usize), batch.readings[index as usize])),
        origin: batch.origin(index as usize),
    };
    out.extend(late.iter().map(|&index| reading(index, Reason::Late)));
    out.extend(refused.iter().map(|refusal| reading(refusal.index, refusal.reason)));
}

/// Takes a reading that waited in vain.
pub fn bury_held(partition: PartitionId, held: Held, reason: Reason, out: &mut Vec<Dead>) {
    let Held { meter, reading, line: bytes, origin, .. } = held;
    out.push(Dead { partition, reason, bytes, reading: Some((meter, reading)), origin });
}
