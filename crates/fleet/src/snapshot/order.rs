//! Where the order of arrival stands, and what waits in it.

use super::{CountsV1, RestoreError, counts_of, counts_v1};
use crate::sequencer::{Held, Partition, Sequencer};
use reading::{EventCode, EventTime, Extra, MeterId, Origin, Parts};
use serde::{Deserialize, Serialize};
use units::{Milliamperes, Millivars, Millivolts, Milliwatts, WattHours};

/// Where the order of arrival stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SequencerV2 {
    closed: i64,
    partitions: Vec<PartitionV1>,
    counts: CountsV1,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct PartitionV1 {
    id: u32,
    front: Option<i64>,
    next: Option<i64>,
    waiting: Vec<(u64, HeldV1)>,
    streak: Vec<(i64, u64)>,
    meters: Vec<u64>,
    arrivals: u64,
    ended: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct HeldV1 {
    meter: String,
    time: i64,
    imp: Option<i64>,
    exp: Option<i64>,
    p: Option<i64>,
    q: Option<i64>,
    v: Option<(i32, i32)>,
    i: Option<i32>,
    neutral: Option<i32>,
    three_phase: bool,
    v_of_several: bool,
    extra: Option<(Vec<u16>, Option<bool>)>,
    line: Vec<u8>,
    origin: Option<(i64, u32)>,
}

impl Sequencer {
    /// The state, to be stored.
    pub fn snapshot(&self) -> SequencerV2 {
        SequencerV2 {
            closed: self.closed.0,
            partitions: self
                .partitions
                .iter()
                .map(|(&id, own)| PartitionV1 {
                    id,
                    front: own.front.map(|time| time.0),
                    next: own.next.map(|time| time.0),
                    waiting: own
                        .waiting
                        .iter()
                        .map(|((_, arrival), held)| (*arrival, held_v1(held)))
                        .collect(),
                    streak: own.streak.iter().map(|&(time, meter)| (time.0, meter)).collect(),
                    meters: own.meters.clone(),
                    arrivals: own.arrivals,
                    ended: own.ended,
                })
                .collect(),
            counts: counts_v1(&self.counts),
        }
    }

    /// Takes a snapshot, into a sequencer that is still empty.
    pub fn restore(&mut self, stored: &SequencerV2) -> Result<(), RestoreError> {
        self.closed = EventTime(stored.closed);
        self.counts = counts_of(&stored.counts);
        for partition in &stored.partitions {
            let mut own = Partition {
                front: partition.front.map(EventTime),
                next: partition.next.map(EventTime),
                streak: partition.streak.iter().map(|&(time, meter)| (EventTime(time), meter)).collect(),
                meters: partition.meters.clone(),
                arrivals: partition.arrivals,
                ended: partition.ended,
                ..Partition::default()
            };
            for (arrival, held) in &partition.waiting {
                own.waiting.insert((EventTime(held.time), *arrival), held_of(held)?);
            }
            self.partitions.insert(partition.id, own);
        }
        Ok(())
    }
}

fn held_v1(held: &Held) -> HeldV1 {
    let parts = held.reading.parts();
    HeldV1 {
        meter: held.meter.to_string(),
        time: parts.time.0,
        imp: parts.imp.map(|wh| wh.0),
        exp: parts.exp.map(|wh| wh.0),
        p: parts.p.map(|p| p.0),
        q: parts.q.map(|q| q.0),
        v: parts.v.map(|(min, max)| (min.0, max.0)),
        i: parts.i.map(|i| i.0),
        neutral: parts.neutral.map(|i| i.0),
        three_phase: parts.three_phase,
        v_of_several: parts.v_of_several,
        extra: held
            .extra
            .as_ref()
            .map(|extra| (extra.events.iter().map(|code| code.0).collect(), extra.relay)),
        line: held.line.clone(),
        origin: held.origin.map(|origin| (origin.offset, origin.item)),
    }
}

fn held_of(stored: &HeldV1) -> Result<Held, RestoreError> {
    let parts = Parts {
        time: EventTime(stored.time),
        imp: stored.imp.map(WattHours),
        exp: stored.exp.map(WattHours),
        p: stored.p.map(Milliwatts),
        q: stored.q.map(Millivars),
        v: stored.v.map(|(min, max)| (Millivolts(min), Millivolts(max))),
        i: stored.i.map(Milliamperes),
        neutral: stored.neutral.map(Milliamperes),
        three_phase: stored.three_phase,
        v_of_several: stored.v_of_several,
    };
    let extra = stored.extra.as_ref();
    Ok(Held {
        meter: MeterId::new(&stored.meter).ok_or(RestoreError::Name)?,
        reading: parts.join(),
        extra: extra.map(|(events, relay)| Extra {
            events: events.iter().copied().map(EventCode).collect(),
            relay: *relay,
        }),
        line: stored.line.clone(),
        origin: stored.origin.map(|(offset, item)| Origin { offset, item }),
    })
}
