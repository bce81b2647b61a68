//! Writes what a meter has to keep, at the right times and in the right order.
//!
//! The order is what keeps energy from going back: a record never shows registers that are not saved. At a boundary the
//! registers are saved first, under the time before it, then come the records. A cut in between leaves that time behind,
//! so the next start sees that the boundary is still to be closed, and by the newest record whether it has been.

use crate::calendar::Calendar;
use crate::error::Error;
use crate::layout::{Shelf, Topic};
use crate::log::Log;
use crate::record::{Demanded, Energies, Event, Flags, Interval, Snapshot, centi};
use embedded_storage::nor_flash::{ErrorType, MultiwriteNorFlash};
use meter_core::{DemandPeriod, Microamperes, Registers};
use meter_tamper::Code;
use units::Millivolts;

type Failure<F> = Error<<F as ErrorType>::Error>;

/// Registers are saved with every fifth block: 5 seconds, or 6.25 while there is no voltage.
pub const SAVE_BLOCKS: u8 = 5;

/// The longest step of the clock between two blocks that is not a change of it, in seconds.
const LONGEST_STEP_S: u32 = 5;

/// IS 15959: the supply failed, and came back.
const POWER_FAILURE: [Code; 2] = [Code(101), Code(102)];

/// What the meter measured in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Live {
    /// The registers at its end.
    pub registers: Registers,
    /// The largest demand of the billing month.
    pub largest: Option<DemandPeriod>,
    /// The voltage.
    pub voltage: Millivolts,
    /// The larger of both currents.
    pub current: Microamperes,
}

/// What a start found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    /// Counting goes on from here.
    pub energies: Energies,
    /// The largest demand of the billing month so far.
    pub largest: Option<DemandPeriod>,
    /// The clock goes on from here.
    pub clock: u32,
    /// The clock did not run through the outage: `clock` is the time of the last save.
    pub clock_lost: bool,
}

/// What a block brought to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Closed {
    /// An interval of the load profile.
    pub interval: bool,
    /// A day.
    pub day: bool,
    /// A billing month: the largest demand has to be reset.
    pub month: bool,
}

/// Keeps the records of a meter that runs.
#[derive(Debug, Clone)]
pub struct Keeper<F> {
    log: Log<F>,
    calendar: Calendar,
    /// The ends of the newest interval, day and month.
    ends: [u32; 3],
    /// Everything that ended before is written.
    closed: u32,
    /// The clock at the last block.
    ticked: u32,
    blocks: u8,
    /// Of the interval that is under way.
    flags: Flags,
    clock_lost: bool,
    mean: Mean,
}

/// The sums of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Mean {
    blocks: u32,
    seconds: u32,
    centivolts: u64,
    centiamperes: u64,
}

impl<F: MultiwriteNorFlash> Keeper<F> {
    /// After a start: `clock` is that of a battery, if there is one that runs. Closes what ended while the power was
    /// away, and notes the outage.
    pub fn start(
        log: Log<F>,
        calendar: Calendar,
        clock: Option<u32>,
    ) -> Result<(Self, Restored), Failure<F>> {
        let mut keeper = Self::of(log, calendar)?;
        let saved = keeper.log.newest::<Snapshot>(Shelf::Energy)?.map(|(_, saved)| saved);
        let is_new = saved.is_none();
        let mut saved = saved.unwrap_or_default();
        // A battery that ran empty starts its clock somewhere in the past.
        let running = clock.filter(|clock| *clock >= saved.time);
        let now = running.unwrap_or(saved.time);
        keeper.clock_lost = running.is_none();
        keeper.ticked = now;
        if !is_new {
            let (flags, from) = (Flags::POWER_CUT.and(Flags::RECOVERED), saved.time);
            let closed = keeper.close(&Snapshot { flags, ..saved }, from, now)?;
            keeper.flags = Flags::POWER_CUT;
            if closed.month {
                saved.largest = Demanded::default();
            }
            keeper.save(&Snapshot { time: now, flags: keeper.clock(), ..saved })?;
            for (code, time) in POWER_FAILURE.into_iter().zip([from, now]) {
                let event = Event { time, flags: keeper.clock(), ..Event::new(code, saved.energies) };
                keeper.log.append(Shelf::Events(Topic::Power), &event)?;
            }
        }
        keeper.closed = now;
        keeper.log.renew_settings()?;
        let restored = Restored {
            energies: saved.energies,
            largest: saved.largest.period(),
            clock: now,
            clock_lost: keeper.clock_lost,
        };
        Ok((keeper, restored))
    }

    fn of(mut log: Log<F>, calendar: Calendar) -> Result<Self, Failure<F>> {
        let mut ends = [0; 3];
        if let Some((_, interval)) = log.newest::<Interval>(Shelf::Profile)? {
            ends[0] = interval.end;
        }
        for (end, shelf) in ends[1..].iter_mut().zip([Shelf::Daily, Shelf::Billing]) {
            *end = log.newest::<Snapshot>(shelf)?.map_or(0, |(_, snapshot)| snapshot.time);
        }
        let (flags, mean) = (Flags::default(), Mean::default());
        Ok(Self { log, calendar, ends, closed: 0, ticked: 0, blocks: 0, flags, clock_lost: false, mean })
    }

    /// At each block's end: closes what has ended, or saves the registers if it is time.
    pub fn advance(&mut self, now: u32, live: &Live) -> Result<Closed, Failure<F>> {
        let step = now.wrapping_sub(self.ticked);
        let jumped = step > LONGEST_STEP_S;
        if jumped {
            self.flags = self.flags.and(Flags::CLOCK_SET);
        } else {
            self.mean.seconds += step;
        }
        self.closed = self.closed.min(now);
        self.ticked = now;
        self.mean.add(live);
        self.blocks = self.blocks.saturating_add(1);
        let mut closed = Closed::default();
        if self.calendar.interval_end(self.closed) <= now {
            let snapshot =
                Snapshot { flags: self.flags.and(self.clock()), ..Snapshot::of(self.closed, live) };
            self.save(&snapshot)?;
            closed = self.close(&snapshot, self.closed, now)?;
            self.closed = now;
            if jumped {
                // Of the interval that the clock was set into, a part is missing too.
                self.flags = Flags::CLOCK_SET;
            }
            if closed.month {
                self.log.renew_settings()?;
            }
        } else if self.blocks >= SAVE_BLOCKS {
            self.save_now(live)?;
            self.closed = now;
        }
        Ok(closed)
    }

    /// At once, when the supply fails: what is lost then is less than a block.
    #[inline(never)]
    pub fn save_now(&mut self, live: &Live) -> Result<(), Failure<F>> {
        // Never under a time whose boundary is still to be closed.
        let open = self.calendar.interval_end(self.closed) > self.ticked;
        let time = if open { self.ticked } else { self.closed };
        self.save(&Snapshot { flags: self.clock(), ..Snapshot::of(time, live) })
    }

    /// The clock is right again.
    pub fn clock_set(&mut self) {
        self.clock_lost = false;
        self.flags = self.flags.and(Flags::CLOCK_SET);
    }

    /// Notes an event, with what the meter saw.
    pub fn note(&mut self, topic: Topic, code: Code, live: &Live) -> Result<u32, Failure<F>> {
        self.save_now(live)?;
        let event = Event {
            time: self.ticked,
            code,
            energies: Energies::from(&live.registers),
            centivolts: centi(live.voltage.0.into(), 10),
            centiamperes: centi(live.current.0.into(), 10_000),
            flags: self.clock(),
        };
        self.log.append(Shelf::Events(topic), &event)
    }

    /// The log, to read and to keep settings.
    pub fn log(&mut self) -> &mut Log<F> {
        &mut self.log
    }

    /// The log, when the keeper is not needed any more.
    pub fn into_log(self) -> Log<F> {
        self.log
    }

    fn clock(&self) -> Flags {
        if self.clock_lost { Flags::CLOCK_LOST } else { Flags::default() }
    }

    #[inline(never)]
    fn save(&mut self, snapshot: &Snapshot) -> Result<(), Failure<F>> {
        self.log.append(Shelf::Energy, snapshot)?;
        self.blocks = 0;
        Ok(())
    }

    /// Writes what ended after `from` and up to `now`, with registers that are saved. Nothing twice: whether a record
    /// was written before a cut is seen by the newest one.
    fn close(&mut self, saved: &Snapshot, from: u32, now: u32) -> Result<Closed, Failure<F>> {
        let calendar = self.calendar;
        let ends = [calendar.interval_end(from), calendar.day_end(from), calendar.month_end(from)];
        let [interval, day, month] = ends.map(|end| end <= now);
        if interval && self.ends[0] != ends[0] {
            let record = self.mean.interval(ends[0], saved);
            self.log.append(Shelf::Profile, &record)?;
            self.ends[0] = ends[0];
            self.mean = Mean::default();
            self.flags = Flags::default();
        }
        for (place, shelf) in [(1, Shelf::Daily), (2, Shelf::Billing)] {
            if ends[place] <= now && self.ends[place] != ends[place] {
                self.log.append(shelf, &Snapshot { time: ends[place], ..*saved })?;
                self.ends[place] = ends[place];
            }
        }
        Ok(Closed { interval, day, month })
    }
}

impl Snapshot {
    fn of(time: u32, live: &Live) -> Self {
        let (energies, largest) = (Energies::from(&live.registers), Demanded::of(live.largest));
        Self { time, energies, largest, flags: Flags::default() }
    }
}

impl Mean {
    fn add(&mut self, live: &Live) {
        self.blocks += 1;
        self.centivolts += u64::from(centi(live.voltage.0.into(), 10));
        self.centiamperes += u64::from(centi(live.current.0.into(), 10_000));
    }

    fn interval(&self, end: u32, saved: &Snapshot) -> Interval {
        let mean = |sum: u64| sum.checked_div(self.blocks.into()).unwrap_or(0) as u16;
        Interval {
            end,
            energies: saved.energies,
            seconds: self.seconds.min(u16::MAX.into()) as u16,
            centivolts: mean(self.centivolts),
            centiamperes: mean(self.centiamperes),
            flags: saved.flags,
        }
    }
}
