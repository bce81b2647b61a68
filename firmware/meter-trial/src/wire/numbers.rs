//! A meter on its line whose power goes away again and again.

use super::bench::{LAYOUT, NOW, TITLE, enrolled, key, trust, utility};
use crate::power::{Broken, Chip, Moment, When};
use meter_log::Log;
use meter_synth::Random;
use meter_wire::command::{Command, Signed};
use meter_wire::message::{Header, Key, LONGEST};
use meter_wire::{BLOCK, HeadEnd, NotReady, Refusal, Session, Unsent};
use std::collections::BTreeSet;
use std::ops::AddAssign;

/// What was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Used {
    /// Power cuts between two operations of the flash.
    pub between: u64,
    /// Power cuts within a write.
    pub in_writes: u64,
    /// Power cuts within an erase.
    pub in_erases: u64,
    /// Bits that flipped.
    pub flips: u64,
    /// Messages that were sealed.
    pub messages: u64,
    /// Numbers that no message has.
    pub skipped: u64,
    /// Blocks of numbers that came to their end while the meter ran.
    pub blocks: u64,
    /// Commands that were done.
    pub commands: u64,
    /// Keys that were replaced.
    pub keys: u64,
    /// Commands that were cut off: neither done nor acknowledged.
    pub cut_off: u64,
    /// Commands sent again after a start, and refused.
    pub replayed: u64,
}

impl AddAssign for Used {
    fn add_assign(&mut self, other: Self) {
        self.between += other.between;
        self.in_writes += other.in_writes;
        self.in_erases += other.in_erases;
        self.flips += other.flips;
        self.messages += other.messages;
        self.skipped += other.skipped;
        self.blocks += other.blocks;
        self.commands += other.commands;
        self.keys += other.keys;
        self.cut_off += other.cut_off;
        self.replayed += other.replayed;
    }
}

/// One meter, its gateway, and what both have seen.
pub struct Numbers {
    chip: Chip<512>,
    gateway: HeadEnd,
    random: Random,
    seed: u64,
    /// The highest number of a message.
    highest: Option<u32>,
    /// Numbers of commands that were done.
    done: BTreeSet<u64>,
    number: u64,
    /// The key that was acknowledged last.
    generation: u16,
    /// Commands that went over the line, the newest last.
    recorded: Vec<Vec<u8>>,
    /// What was tried so far.
    pub used: Used,
}

enum End {
    Cut,
    Broken(Broken),
}

impl Numbers {
    /// A meter that was just enrolled.
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let (chip, _, key) = enrolled(&mut random);
        Self {
            chip,
            gateway: HeadEnd::new(TITLE, 1, key),
            random,
            seed,
            highest: None,
            done: BTreeSet::new(),
            number: 0,
            generation: 1,
            recorded: Vec::new(),
            used: Used::default(),
        }
    }

    /// Lets the meter run until its power was cut so many times.
    pub fn run(&mut self, cuts: u64) -> Result<(), Broken> {
        for _ in 0..cuts {
            let bits = self.random.bits();
            self.chip.power_up(match bits % 8 {
                0 => When::Erases(bits >> 8 & 1),
                1 => When::Operations((bits >> 8) % 200),
                _ => When::Operations((bits >> 8) % 24),
            });
            if let Err(End::Broken(Broken(what))) = self.live() {
                return Err(Broken(format!("{what}; SEED={}; so far {:?}", self.seed, self.used)));
            }
            match self.chip.cut() {
                Some(Moment::Between) => self.used.between += 1,
                Some(Moment::Write) => self.used.in_writes += 1,
                Some(Moment::Erase) => self.used.in_erases += 1,
                None => return Err(Broken("meter ended with its power on".to_owned())),
            }
        }
        Ok(())
    }

    fn live(&mut self) -> Result<(), End> {
        let mut log = Log::open(self.chip.clone(), &LAYOUT).map_err(|cause| self.ended(&cause))?;
        let mut session = Session::open(&mut log, TITLE).map_err(|cause| match cause {
            NotReady::NotEnrolled => broken("key is lost"),
            NotReady::Log(cause) => self.ended(&cause),
        })?;
        if session.generation() < self.generation {
            return Err(broken("a key came back that was replaced"));
        }
        // What somebody recorded comes again. The meter speaks first, or its gateway would not know its key.
        self.reading(&mut log, &mut session, true)?;
        for mut message in self.recorded.clone() {
            if session.receive(&mut log, &mut message, &trust(), NOW).is_ok() {
                return Err(broken("a command that was recorded was done again"));
            }
            self.used.replayed += 1;
        }
        loop {
            let heard = !self.random.bits().is_multiple_of(10);
            self.reading(&mut log, &mut session, heard)?;
            match self.random.bits() % 200 {
                0..10 => self.command(&mut log, &mut session, Command::ReadNow)?,
                10 => self.rotate(&mut log, &mut session)?,
                11 => self.used.flips += u64::from(self.chip.flip()),
                12..30 => {
                    log.tend().map_err(|cause| self.ended(&cause))?;
                }
                _ => {}
            }
        }
    }

    fn reading(&mut self, log: &mut Log<Chip<512>>, session: &mut Session, heard: bool) -> Result<(), End> {
        let mut out = [0; LONGEST];
        let length = match session.reading(log, b"a reading", &mut out) {
            Ok(length) => length,
            Err(Unsent::NotStored) if self.chip.cut().is_some() => return Err(End::Cut),
            Err(cause) => return Err(broken(&cause.to_string())),
        };
        let message = &mut out[..length];
        let number = Header::claimed(message).map_err(|reason| broken(reason.name()))?.number;
        if let Some(before) = self.highest.replace(number) {
            if number <= before {
                return Err(broken(&format!("number {number} came after {before}")));
            }
            self.used.skipped += u64::from(number - before - 1);
            self.used.blocks += u64::from(number == before + 1 && number.is_multiple_of(BLOCK));
        }
        self.used.messages += 1;
        if heard && let Err(reason) = self.gateway.receive(message) {
            return Err(broken(&format!("gateway refused message {number}: {reason}")));
        }
        Ok(())
    }

    fn command(
        &mut self,
        log: &mut Log<Chip<512>>,
        session: &mut Session,
        command: Command,
    ) -> Result<(), End> {
        self.number += 1;
        let signed = Signed { number: self.number, until: NOW, command };
        let mut out = [0; LONGEST];
        let length = self.gateway.order(&signed, &utility(), &mut out).ok_or_else(|| broken("not sealed"))?;
        let message = &mut out[..length];
        let kept = self.recorded.len().saturating_sub(4);
        self.recorded.drain(..kept);
        // One that was never opened, for it is opened where it lies.
        let recorded = message.to_vec();
        match session.receive(log, message, &trust(), NOW) {
            Ok(order) if !self.done.insert(order.number) => {
                Err(broken(&format!("command {} was done twice", order.number)))
            }
            Ok(_) => {
                self.recorded.push(recorded);
                self.used.commands += 1;
                self.generation = session.generation();
                Ok(())
            }
            Err(refused) if refused.reason == Refusal::NotStored && self.chip.cut().is_some() => {
                self.used.cut_off += 1;
                Err(End::Cut)
            }
            Err(refused) => Err(broken(&format!("an honest command was refused: {}", refused.reason))),
        }
    }

    fn rotate(&mut self, log: &mut Log<Chip<512>>, session: &mut Session) -> Result<(), End> {
        let (generation, key): (u16, Key) = (session.generation() + 1, key(&mut self.random));
        self.gateway.offer(generation, key);
        self.command(log, session, Command::NewKey { generation, key })?;
        self.used.keys += 1;
        self.reading(log, session, true)?;
        if self.gateway.generation() != generation {
            return Err(broken("the new key is not in use"));
        }
        Ok(())
    }

    fn ended<E: std::fmt::Debug>(&self, cause: &meter_log::Error<E>) -> End {
        if self.chip.cut().is_some() { End::Cut } else { broken(&cause.to_string()) }
    }
}

fn broken(what: &str) -> End {
    End::Broken(Broken(what.to_owned()))
}
