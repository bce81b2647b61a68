//! What is in which register. `docs/meter/modbus.md` has the same table.
//!
//! A number of more than one register has its highest part first. One that was not measured is the lowest number that
//! its registers hold.

use crate::command::Outcome;
use crate::modbus::server::Counts;
use crate::reading::Reading;

/// The registers of this version.
pub const MAP_VERSION: u16 = 1;

/// Holding register: the relay, 0 open, 1 closed. Guarded.
pub const RELAY: u16 = 0;

/// Two holding registers: the clock, seconds of Unix time; both in one request. Guarded.
pub const CLOCK: u16 = 1;

/// Holding registers to write a sealed message to: its length, then its bytes, two in a register, the first one high.
pub const MAILBOX: u16 = 256;

/// An input register or several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Register {
    /// The first, counted from 0.
    pub address: u16,
    /// How many.
    pub count: u16,
    /// What it holds.
    pub name: &'static str,
    /// In which unit or form.
    pub unit: &'static str,
}

const fn register(address: u16, count: u16, name: &'static str, unit: &'static str) -> Register {
    Register { address, count, name, unit }
}

/// All input registers, one behind the other.
pub const INPUT: [Register; 22] = [
    register(0, 1, "version of this table", "1"),
    register(1, 1, "state", "bit 0 relay closed, 1 relay known, 2 clock right, 3 write unlocked"),
    register(2, 2, "clock", "s of Unix time"),
    register(4, 4, "import register", "Wh"),
    register(8, 4, "export register", "Wh"),
    register(12, 2, "voltage", "mV"),
    register(14, 2, "current of the phase", "mA"),
    register(16, 2, "current of the neutral", "mA"),
    register(18, 4, "active power, negative is export", "mW"),
    register(22, 4, "reactive power, positive is lagging", "mvar"),
    register(26, 2, "frequency", "mHz"),
    register(28, 2, "voltage behind the relay", "mV"),
    register(30, 4, "number of the reading", ""),
    register(34, 4, "events since the reading before, one in a register", "IS 15959, 0 for none"),
    register(38, 4, "last command", "its number"),
    register(42, 1, "what became of it", "0 none yet, 1 done, else 256 and the reason"),
    register(43, 2, "messages refused since the start", ""),
    register(45, 2, "Modbus: guarded writes refused", ""),
    register(47, 2, "Modbus: requests answered with an exception", ""),
    register(49, 2, "Modbus: frames with a wrong checksum", ""),
    register(51, 2, "Modbus: frames too short or too long", ""),
    register(53, 2, "Modbus: broadcasts ignored", ""),
];

/// How many input registers there are.
pub const INPUTS: usize = 55;

/// What the registers show at the moment of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Live {
    /// The newest reading; its `time` is the clock.
    pub reading: Reading,
    /// Whether the clock was not lost.
    pub clock_right: bool,
    /// The last command, and what became of it.
    pub command: Option<(u64, Outcome)>,
    /// Messages refused since the start.
    pub refused: u32,
}

/// The input registers, filled one after another.
struct Registers {
    words: [u16; INPUTS],
    next: usize,
}

impl Registers {
    fn word(&mut self, word: u16) {
        if let Some(place) = self.words.get_mut(self.next) {
            *place = word;
        }
        self.next = self.next.saturating_add(1);
    }

    fn two(&mut self, value: u32) {
        self.word((value >> 16) as u16);
        self.word(value as u16);
    }

    fn four(&mut self, value: u64) {
        self.two((value >> 32) as u32);
        self.two(value as u32);
    }

    fn maybe(&mut self, value: Option<i32>) {
        self.two(value.unwrap_or(i32::MIN) as u32);
    }
}

impl Live {
    /// All input registers.
    pub(crate) fn input(&self, counts: &Counts, unlocked: bool) -> [u16; INPUTS] {
        let Self { reading, .. } = self;
        let mut to = Registers { words: [0; INPUTS], next: 0 };
        to.word(MAP_VERSION);
        let state = [reading.relay == Some(true), reading.relay.is_some(), self.clock_right, unlocked];
        to.word(state.iter().rev().fold(0, |bits, bit| bits << 1 | u16::from(*bit)));
        to.two(reading.time);
        to.four(reading.import as u64);
        to.four(reading.export as u64);
        to.maybe(reading.millivolts);
        to.maybe(reading.milliamperes);
        to.maybe(reading.neutral);
        for power in [reading.milliwatts, reading.millivars] {
            to.four(power.unwrap_or(i64::MIN) as u64);
        }
        to.maybe(reading.millihertz);
        to.maybe(reading.load_millivolts);
        to.four(reading.sequence);
        reading.events.iter().for_each(|code| to.word(*code));
        to.four(self.command.map_or(0, |(number, _)| number));
        to.word(match self.command {
            None => 0,
            Some((_, Outcome::Done)) => 1,
            Some((_, Outcome::Refused(reason))) => 256 | u16::from(reason.code()),
        });
        to.two(self.refused);
        for count in [counts.locked, counts.exceptions, counts.checksum, counts.length, counts.broadcasts] {
            to.two(count);
        }
        to.words
    }

    /// A holding register, if it may be read.
    pub(crate) fn holding(&self, address: u16) -> Option<u16> {
        match address {
            RELAY => Some(u16::from(self.reading.relay == Some(true))),
            CLOCK => Some((self.reading.time >> 16) as u16),
            2 => Some(self.reading.time as u16),
            _ => None,
        }
    }
}
