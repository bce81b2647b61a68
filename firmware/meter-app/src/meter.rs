//! What is done with samples, with each block of them, and when the supply fails.

use crate::outbox::Outbox;
use crate::settings::Settings;
use crate::start::{Identity, NotStarted};
use crate::supply::{Seen, Supply};
use core::fmt;
use embedded_storage::nor_flash::{ErrorType, MultiwriteNorFlash};
use meter_core::{Acquisition, Block, Demand, Measured, Microamperes, Pulses, Registers, Samples, Scale};
use meter_log::{Configuration, Constants, Error, Keeper, Live, Log, Shelf, Topic};
use meter_tamper::{Code, Kind, Observation, Watch};
use meter_wire::command::Outcome;
use meter_wire::line::Line;
use meter_wire::{EVENTS, NotReady, Reading, Session, modbus};
use units::Millivolts;

/// Blocks of a live reading: five seconds.
const LIVE_BLOCKS: u8 = 5;

/// The period of demand, as IS 15959 has it.
const DEMAND_S: u32 = 1_800;

/// After a start, readings of registers of so long ago are sent again: nobody remembers for which a receipt came.
const SENT_AGAIN_S: u32 = 86_400;

/// Own numbers and those of IS 15959, beside the tamper rules'.
pub(crate) const SUPPLY: [Code; 2] = [Code(301), Code(302)];
const POWER: [u16; 2] = [101, 102];

type Failure<F> = Error<<F as ErrorType>::Error>;

/// Switches and sensors beside the converter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Switches {
    /// The magnet sensor.
    pub magnet: bool,
    /// The cover.
    pub cover_open: bool,
    /// The cover of the terminals.
    pub terminal_cover_open: bool,
    /// Voltage behind the relay, if there is a sensor.
    pub load_side: Option<Millivolts>,
}

/// What a block brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Done {
    /// A live reading.
    pub reading: Option<Reading>,
    /// An interval of the load profile ended.
    pub interval: bool,
}

/// What the display shows until the next start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The flash did not take a record.
    Flash,
    /// A reading is longer than a frame.
    Frame,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flash => "flash",
            Self::Frame => "frame",
        })
    }
}

/// A meter that runs.
#[derive(Debug, Clone)]
pub struct Meter<F> {
    pub(crate) identity: Identity,
    pub(crate) keeper: Keeper<F>,
    pub(crate) settings: Settings,
    pub(crate) supply: Supply,
    pub(crate) session: Option<Session>,
    pub(crate) outbox: Outbox,
    pub(crate) line: Line,
    pub(crate) modbus: modbus::Server,
    pub(crate) clock_right: bool,
    pub(crate) clock_to_set: Option<u32>,
    pub(crate) command: Option<(u64, Outcome)>,
    pub(crate) fault: Option<Fault>,
    pub(crate) newest: Option<Reading>,
    scale: Scale,
    acquisition: Acquisition,
    registers: Registers,
    pulses: Pulses,
    demand: Demand,
    watch: Watch,
    five: Block,
    blocks: u8,
    measured: Measured,
    sequence: u64,
    uptime_ms: u64,
}

impl<F: MultiwriteNorFlash> Meter<F> {
    /// After a start of the board. `clock` is that of a battery, if there is one that runs.
    pub fn start(
        mut log: Log<F>,
        identity: Identity,
        clock: Option<u32>,
    ) -> Result<Self, NotStarted<F::Error>> {
        let constants = log.newest::<Constants>(Shelf::Calibration)?.ok_or(NotStarted::NotCalibrated)?.1;
        let calibration = constants.calibration().map_err(NotStarted::Calibration)?;
        let stored = log.newest::<Configuration>(Shelf::Configuration)?.ok_or(NotStarted::NotConfigured)?.1;
        let settings = Settings::of(&stored).ok_or(NotStarted::NotConfigured)?;
        let modbus = modbus::Server::new(identity.address).ok_or(NotStarted::Address(identity.address))?;
        identity.check_name().ok_or(NotStarted::Name)?;
        let is_new = log.usage(Shelf::Energy).records == 0;
        let (mut keeper, restored) = Keeper::start(log, settings.calendar, clock)?;
        let session = match Session::open(keeper.log(), identity.title) {
            Ok(session) => Some(session),
            // It counts all the same.
            Err(NotReady::NotEnrolled) => None,
            Err(NotReady::Log(cause)) => return Err(cause.into()),
        };
        let mut supply = Supply::default();
        supply.command(!settings.disconnected);
        let mut outbox = Outbox::new(restored.clock.saturating_sub(SENT_AGAIN_S));
        if !is_new {
            outbox.event(POWER[1]);
        }
        let mut meter = Self {
            identity,
            keeper,
            settings,
            supply,
            session,
            outbox,
            line: Line::new(),
            modbus,
            clock_right: !restored.clock_lost,
            clock_to_set: restored.clock_lost.then_some(restored.clock),
            command: None,
            fault: None,
            newest: None,
            scale: Scale::of(calibration),
            acquisition: Acquisition::new(&calibration),
            registers: restored.energies.registers(),
            pulses: Pulses::new(calibration.pulses_per_kwh, calibration.sample_rate),
            demand: Demand::restored(DEMAND_S, restored.largest),
            watch: Watch::new(settings.limits),
            five: Block::default(),
            blocks: 0,
            measured: Measured::default(),
            sequence: 0,
            uptime_ms: 0,
        };
        // Whoever had no credit left has none after a start either.
        meter.step_supply(0, restored.clock);
        Ok(meter)
    }

    /// Takes one sample set: the block that it completes, and whether a pulse of the test output begins.
    #[inline]
    pub fn push(&mut self, samples: Samples) -> (Option<Block>, bool) {
        (self.acquisition.push(samples), self.pulses.tick())
    }

    /// Counts a block. `now` is the clock at its end.
    pub fn block(&mut self, block: &Block, now: u32, switches: &Switches) -> Done {
        let measured = block.measure(&self.scale);
        let imported = self.registers.count(block, &measured, &self.scale, self.watch.billed_by());
        self.pulses.settle(imported, block.samples);
        let before = self.uptime_s();
        self.uptime_ms += u64::from(measured.milliseconds);
        self.outbox.wait((self.uptime_s() - before) as u16);
        self.demand.advance(now.into(), self.registers.import.micro());
        let live = self.live(&measured);
        let closed = match self.keeper.advance(now, &live) {
            Ok(closed) => closed,
            Err(_) => {
                self.fault = Some(Fault::Flash);
                meter_log::Closed::default()
            }
        };
        self.outbox.has_intervals |= closed.interval;
        if closed.month {
            self.demand.reset();
        }
        self.five += block;
        self.blocks += 1;
        let reading = (self.blocks == LIVE_BLOCKS).then(|| self.five(now, switches));
        self.note(|log| log.log().tend().map(|_| 0));
        Done { reading, interval: closed.interval }
    }

    /// What five blocks say.
    fn five(&mut self, now: u32, switches: &Switches) -> Reading {
        self.blocks = 0;
        let seconds = self.five.samples / self.scale.calibration.sample_rate;
        let measured = core::mem::take(&mut self.five).measure(&self.scale);
        self.measured = measured;
        let live = u64::from(self.settings.limits.nominal_mv) / 5;
        let seen = Observation {
            measured,
            second_harmonic: self.acquisition.spectrum().harmonic(2).1,
            magnet: switches.magnet,
            cover_open: switches.cover_open,
            terminal_cover_open: switches.terminal_cover_open,
            relay_closed: self.supply.is_closed(),
            load_side_live: switches.load_side.is_some_and(|voltage| voltage.0.max(0) as u64 > live),
        };
        let mut events = [0; EVENTS];
        let mut places = events.iter_mut();
        for (kind, code) in self.watch.look(&seen).codes() {
            if let Some(place) = places.next() {
                *place = code.0;
            }
            self.event(Topic::Tamper(kind), code);
        }
        if let Some(code) = self.step_supply(seconds as u16, now)
            && let Some(place) = places.next()
        {
            *place = code.0;
        }
        let reading = Reading { load_millivolts: switches.load_side.map(|one| one.0), ..self.reading(now) };
        self.outbox.live = Some(reading);
        let reading = Reading { events, ..reading };
        self.newest = Some(reading);
        reading
    }

    /// Sets the relay anew: the number of the event if that moved it.
    pub(crate) fn step_supply(&mut self, seconds: u16, now: u32) -> Option<Code> {
        let was_closed = self.supply.is_closed();
        let tampered = Kind::ALL
            .into_iter()
            .any(|kind| self.settings.rules.openers.contains(&kind.occurs().0) && self.watch.is_active(kind));
        let seen = Seen {
            seconds,
            milliwatts: self.measured.phase.active.0.max(self.measured.neutral.active.0),
            unpaid: self.settings.credit_wh(self.import_micro()).is_some_and(|left| left <= 0),
            friendly: self.settings.is_friendly(now),
            tampered,
        };
        self.supply.step(&self.settings.load_limit, &seen);
        self.moved(was_closed)
    }

    /// Notes that the relay moved, if it did.
    pub(crate) fn moved(&mut self, was_closed: bool) -> Option<Code> {
        let is_closed = self.supply.is_closed();
        let code = SUPPLY[usize::from(is_closed)];
        (is_closed != was_closed).then(|| {
            self.event(Topic::Relay, code);
            code
        })
    }

    /// Into the log, and to the gateway with the next reading.
    pub(crate) fn event(&mut self, topic: Topic, code: Code) {
        let live = self.live(&self.measured);
        self.note(|keeper| keeper.note(topic, code, &live));
        self.outbox.event(code.0);
    }

    /// The supply is failing: what is saved and said now costs no more than some milliseconds.
    pub fn failing(&mut self, now: u32) {
        let live = self.live(&self.measured);
        self.note(|keeper| keeper.save_now(&live).map(|()| 0));
        self.outbox.event(POWER[0]);
        self.outbox.live = Some(self.reading(now));
    }

    /// Does something with the log. What the flash does not take is a fault, and counting goes on.
    pub(crate) fn note(&mut self, act: impl FnOnce(&mut Keeper<F>) -> Result<u32, Failure<F>>) -> bool {
        let noted = act(&mut self.keeper).is_ok();
        if !noted {
            self.fault = Some(Fault::Flash);
        }
        noted
    }

    fn live(&self, measured: &Measured) -> Live {
        Live {
            registers: self.registers,
            largest: self.demand.largest(),
            voltage: measured.voltage,
            current: larger(measured),
        }
    }

    /// The newest measurements with the clock's time.
    pub(crate) fn reading(&mut self, now: u32) -> Reading {
        let measured = &self.measured;
        let milli = |current: Microamperes| ((u64::from(current.0) + 500) / 1_000) as i32;
        Reading {
            time: now,
            import: (self.registers.import.micro() / 1_000_000) as i64,
            export: (self.registers.export.micro() / 1_000_000) as i64,
            millivolts: Some(measured.voltage.0),
            milliamperes: Some(milli(measured.phase.current)),
            neutral: Some(milli(measured.neutral.current)),
            milliwatts: Some(measured.phase.active.0),
            millivars: Some(measured.phase.reactive.0),
            millihertz: Some(measured.frequency.0).filter(|frequency| *frequency > 0),
            load_millivolts: None,
            sequence: self.next_number(),
            events: [0; EVENTS],
            relay: Some(self.supply.is_closed()),
        }
    }

    /// Counts readings.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// Where the relay belongs.
    pub fn relay_closed(&self) -> bool {
        self.supply.is_closed()
    }

    /// The relay's reasons.
    pub fn supply(&self) -> Supply {
        self.supply
    }

    /// What a utility set.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Of the last five seconds.
    pub fn measured(&self) -> &Measured {
        &self.measured
    }

    /// The import register, in millionths of a Wh.
    pub fn import_micro(&self) -> u64 {
        self.registers.import.micro()
    }

    /// All registers.
    pub fn registers(&self) -> &Registers {
        &self.registers
    }

    /// Whether an event has occurred and is not restored.
    pub fn is_active(&self, kind: Kind) -> bool {
        self.watch.is_active(kind)
    }

    /// What is wrong with the meter itself.
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// The time that the board's clock has to be set to, once.
    pub fn take_clock(&mut self) -> Option<u32> {
        self.clock_to_set.take()
    }

    /// Seconds since the start.
    pub fn uptime_s(&self) -> u32 {
        (self.uptime_ms / 1_000) as u32
    }

    /// The log, to read.
    pub fn log(&mut self) -> &mut Log<F> {
        self.keeper.log()
    }

    /// The log, when the power is off.
    pub fn into_log(self) -> Log<F> {
        self.keeper.into_log()
    }
}

fn larger(measured: &Measured) -> Microamperes {
    measured.phase.current.max(measured.neutral.current)
}
