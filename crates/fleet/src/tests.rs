mod behind;
mod conserve;
mod entries;
mod events;
mod memory;
mod order;
mod picture;
mod settings;
mod stored;

use crate::*;
use reading::time::MINUTE;
use reading::{
    Batch, Event, EventTime, Grid, Interval, Issue, Limits, MeterId, Phases, RawReading, Reason, check,
};
use units::{Milliamperes, Millivolts, Milliwatts, WattHours};

/// 2024-01-01 UTC.
const START: EventTime = EventTime(1_704_067_200_000);
const QUARTER: i64 = 15 * MINUTE;

fn limits() -> Limits {
    Limits { v_max: Millivolts(600_000), i_max: Milliamperes(1_000_000), p_max: Milliwatts(10_000_000_000) }
}

fn hourly() -> Settings {
    Settings {
        grid: Grid::new(60 * MINUTE).unwrap(),
        grace: 20 * MINUTE,
        snap: 0,
        energy: Energy::Both,
        cross_check: None,
        longest_gap: 10 * 24 * 60 * MINUTE,
        registers: RegisterRules {
            rollovers: vec![100_000_000],
            reset_power: 100_000,
            most_power: 100_000_000,
        },
    }
}

fn order_of(settings: &Settings) -> SequencerSettings {
    SequencerSettings {
        grid: settings.grid,
        grace: settings.grace,
        ahead: settings.grace,
        most_waiting: 1000,
        backlog: 1000,
    }
}

fn batch(readings: &[RawReading]) -> Batch {
    let mut batch = Batch::default();
    for raw in readings {
        batch.push(&raw.meter, check(raw, &limits()).unwrap());
    }
    batch
}

fn register(meter: &str, minutes: i64, wh: i64) -> RawReading {
    let mut raw = RawReading::new(MeterId::new(meter).unwrap(), START.plus(minutes * MINUTE));
    raw.imp = Some(WattHours(wh));
    raw.p = Some(Phases::One(Milliwatts(wh * 7 % 3_000_000)));
    raw
}

/// The engine in the small: a sequencer in front of some shards, their rows merged by tick and meter.
struct Engine {
    sequencer: Sequencer,
    shards: Vec<Fleet>,
    rows: Vec<Interval>,
    events: Vec<(EventTime, Event)>,
    late: usize,
    refused: Vec<Refusal>,
}

impl Engine {
    fn new(settings: &Settings, shards: u32) -> Self {
        let mut sequencer = Sequencer::new(order_of(settings));
        sequencer.open(0, None);
        let shards =
            (0..shards).map(|index| Fleet::new(settings.clone(), Shard { index, of: shards })).collect();
        Self { sequencer, shards, rows: Vec::new(), events: Vec::new(), late: 0, refused: Vec::new() }
    }

    fn take(&mut self, batch: &Batch) {
        let (mut steps, mut waited) = (Vec::new(), Vec::new());
        let taken = self.sequencer.sequence(0, batch, 0, &mut steps, &mut waited);
        assert_eq!(taken, batch.len());
        self.late += waited.len();
        self.step(batch, steps);
    }

    fn step(&mut self, batch: &Batch, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Admit(range) => {
                    for shard in &mut self.shards {
                        shard.admit(batch, range.clone(), &mut self.refused);
                    }
                }
                Step::Released(_, released) => {
                    for shard in &mut self.shards {
                        shard.admit(&released, 0..released.len(), &mut self.refused);
                    }
                }
                Step::Refused(_, refused) => {
                    let refusal = |index| Refusal { index, reason: Reason::ClockAhead };
                    self.refused.extend((0..refused.len() as u32).map(refusal));
                }
                Step::Join(number) => {
                    self.shards.iter_mut().for_each(|shard| shard.join(number, &mut self.rows));
                }
                Step::Advance(watermark) => self.advance(watermark),
                Step::Rest(_) => self.advance(EventTime::MAX),
            }
        }
        self.late = self.refused.iter().filter(|refusal| refusal.reason == Reason::Late).count();
    }

    fn advance(&mut self, watermark: EventTime) {
        let mut ticks = Vec::new();
        for shard in &mut self.shards {
            let mut rows = Vec::new();
            while let Some(tick) = shard.close_next(watermark, &mut rows) {
                ticks.extend(rows.drain(..).map(|row| (tick, row)));
                self.events.extend(shard.tick_events().iter().map(|event| (tick, *event)));
            }
        }
        ticks.sort_by_key(|(tick, row)| (*tick, row.meter, row.end));
        self.rows.extend(ticks.into_iter().map(|(_, row)| row));
    }

    fn finish(mut self) -> Vec<Interval> {
        let mut steps = Vec::new();
        self.sequencer.end(0, &mut steps);
        self.step(&Batch::default(), steps);
        let mut last = Vec::new();
        for shard in &mut self.shards {
            shard.finish(&mut last);
        }
        self.rows.extend(last);
        // In which tick the rows of a meter come depends on the others.
        self.rows.sort_by_key(|row| (row.meter, row.end));
        self.rows
    }

    fn restarted(self, settings: &Settings, shards: u32) -> Self {
        let stored: Vec<FleetState> = self.shards.iter().map(Fleet::snapshot).collect();
        let order = self.sequencer.snapshot();
        let mut next = Self { rows: self.rows, events: self.events, ..Self::new(settings, shards) };
        next.sequencer = Sequencer::new(order_of(settings));
        next.sequencer.restore(&order).unwrap();
        for shard in &mut next.shards {
            for stored in &stored {
                shard.restore(stored).unwrap();
            }
        }
        next
    }
}

fn run(settings: &Settings, arrivals: &[RawReading]) -> Vec<Interval> {
    let mut engine = Engine::new(settings, 1);
    engine.take(&batch(arrivals));
    engine.finish()
}
