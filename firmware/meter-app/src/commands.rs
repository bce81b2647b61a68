//! What comes over the line and by Modbus, and what goes out.

use crate::meter::{Fault, Meter};
use crate::settings::Settings;
use embedded_storage::nor_flash::MultiwriteNorFlash;
use meter_log::{Interval, Shelf, Topic};
use meter_tamper::{Code, Kind};
use meter_wire::command::{Command, Outcome, Rules};
use meter_wire::line::{self, Line};
use meter_wire::message::{self, Header, Kind as MessageKind};
use meter_wire::modbus::{self, Asked};
use meter_wire::{EVENTS, FRAME, Reading, Refusal};

const CLOCK_CHANGED: Code = Code(151);

impl<F: MultiwriteNorFlash> Meter<F> {
    /// Takes a byte of the serial line.
    pub fn hear_byte(&mut self, byte: u8, now: u32) {
        let mut buffer = [0; message::LONGEST];
        let length = match self.line.feed(byte) {
            None => return,
            Some(Ok(message)) => match buffer.get_mut(..message.len()) {
                Some(place) => {
                    place.copy_from_slice(message);
                    message.len()
                }
                None => return,
            },
            Some(Err(reason)) => {
                if let Some(session) = &mut self.session {
                    session.count(reason);
                }
                return;
            }
        };
        self.hear(&mut buffer[..length], now);
    }

    /// Another line begins: half a frame of the old one is no part of it, and what was sent there may be lost.
    pub fn new_line(&mut self) {
        self.line = Line::new();
        self.outbox.send_again();
    }

    /// Whether a reading of registers waits for its receipt, as far as is known: after a start any of the last day may.
    pub fn intervals_wait(&self) -> bool {
        self.outbox.intervals_wait()
    }

    /// Takes a sealed message, and does what it says.
    pub fn hear(&mut self, message: &mut [u8], now: u32) {
        let Some(session) = &mut self.session else { return };
        if Header::claimed(message).is_ok_and(|header| header.kind == MessageKind::Receipt) {
            if let Ok(until) = session.receipt(message) {
                self.outbox.receipt(until);
            }
            return;
        }
        let order = match session.receive(self.keeper.log(), message, &self.identity.trust, now) {
            Ok(order) => order,
            Err(refused) => {
                if let Some(number) = refused.number {
                    self.outbox.answer(number, Outcome::Refused(refused.reason));
                }
                return;
            }
        };
        let outcome = match self.follow(order.command, now) {
            Ok(()) => Outcome::Done,
            Err(reason) => Outcome::Refused(reason),
        };
        self.command = Some((order.number, outcome));
        self.outbox.answer(order.number, outcome);
    }

    fn follow(&mut self, command: Command, now: u32) -> Result<(), Refusal> {
        match command {
            Command::Connect => self.connect(true, now),
            Command::Disconnect => self.connect(false, now),
            Command::LoadLimit(load_limit) => {
                self.set(Settings { load_limit, ..self.settings }, now)?;
                let was_closed = self.supply.is_closed();
                self.supply.begin_anew();
                self.moved(was_closed);
                Ok(())
            }
            Command::SetTime(time) => {
                self.set_clock(time);
                Ok(())
            }
            Command::ReadNow => {
                self.outbox.live = Some(self.reading(now));
                Ok(())
            }
            // It is in use already.
            Command::NewKey { .. } => Ok(()),
            // There is no second slot for an image.
            Command::Firmware(_) => Err(Refusal::UnknownCommand),
            Command::Unlock { seconds } => {
                let uptime = self.uptime_s();
                self.modbus.unlock(uptime, seconds);
                Ok(())
            }
            Command::PaidUntil(paid_until_wh) => {
                self.set(Settings { paid_until_wh, ..self.settings }, now)?;
                self.step_supply(0, now);
                Ok(())
            }
            Command::Rules(rules) => {
                if !are_known(&rules) {
                    return Err(Refusal::Value);
                }
                self.set(Settings { rules, ..self.settings }, now)?;
                self.step_supply(0, now);
                Ok(())
            }
        }
    }

    fn connect(&mut self, connect: bool, now: u32) -> Result<(), Refusal> {
        self.set(Settings { disconnected: !connect, ..self.settings }, now)?;
        let was_closed = self.supply.is_closed();
        self.supply.command(connect);
        self.moved(was_closed);
        Ok(())
    }

    /// Settings count once they are stored.
    fn set(&mut self, settings: Settings, now: u32) -> Result<(), Refusal> {
        let record = settings.to_record(now);
        if !self.note(|keeper| keeper.log().append(Shelf::Configuration, &record)) {
            return Err(Refusal::NotStored);
        }
        self.settings = settings;
        Ok(())
    }

    fn set_clock(&mut self, time: u32) {
        self.event(Topic::Clock, CLOCK_CHANGED);
        self.keeper.clock_set();
        self.outbox.clock_set(time);
        (self.clock_right, self.clock_to_set) = (true, Some(time));
    }

    /// The next frame for the serial line: its length, if there is anything to say.
    pub fn speak_line(&mut self, out: &mut [u8; line::LONGEST]) -> Option<usize> {
        let mut message = [0; message::LONGEST];
        let length = self.speak(&mut message)?;
        line::encode(message.get(..length)?, out)
    }

    /// The next sealed message: its length, if there is anything to say. Call it only while the line is up: what it
    /// gives counts as said.
    pub fn speak(&mut self, out: &mut message::Buffer) -> Option<usize> {
        self.speak_answer(out).or_else(|| self.speak_live(out)).or_else(|| self.speak_interval(out))
    }

    fn speak_answer(&mut self, out: &mut message::Buffer) -> Option<usize> {
        let (number, outcome) = self.outbox.first_answer()?;
        let sealed = self.session.as_mut()?.acknowledge(self.keeper.log(), number, outcome, out);
        self.outbox.answered();
        self.sealed(sealed.ok())
    }

    fn speak_live(&mut self, out: &mut message::Buffer) -> Option<usize> {
        let reading = self.outbox.live?;
        let mut frame = [0; FRAME];
        // As many events as fit, and at least one if there is any.
        let fitted = shorter(reading).into_iter().find_map(|reading| {
            (1..=EVENTS).rev().find_map(|most| {
                let events = self.outbox.events(most);
                let length = Reading { events, ..reading }.to_frame(&self.identity.name, &mut frame).ok()?;
                Some((length, events))
            })
        });
        let Some((length, events)) = fitted else {
            self.outbox.live = None;
            self.fault = Some(Fault::Frame);
            return None;
        };
        let sealed = self.session.as_mut()?.reading(self.keeper.log(), frame.get(..length)?, out);
        self.outbox.told(events);
        self.sealed(sealed.ok())
    }

    fn speak_interval(&mut self, out: &mut message::Buffer) -> Option<usize> {
        self.session.as_ref()?;
        let interval = self.unsent_interval()?;
        let reading = Reading {
            time: interval.end,
            import: (interval.energies.micro[0] / 1_000_000) as i64,
            export: (interval.energies.micro[1] / 1_000_000) as i64,
            millivolts: (interval.seconds > 0).then_some(i32::from(interval.centivolts) * 10),
            milliamperes: (interval.seconds > 0).then_some(i32::from(interval.centiamperes) * 10),
            neutral: None,
            milliwatts: None,
            millivars: None,
            millihertz: None,
            load_millivolts: None,
            sequence: self.next_number(),
            events: [0; EVENTS],
            relay: None,
        };
        self.outbox.sent_interval(interval.end);
        let mut frame = [0; FRAME];
        let Ok(length) = reading.to_frame(&self.identity.name, &mut frame) else {
            self.fault = Some(Fault::Frame);
            return None;
        };
        let sealed = self.session.as_mut()?.reading(self.keeper.log(), frame.get(..length)?, out);
        self.sealed(sealed.ok())
    }

    /// The oldest interval without a receipt, if none was sent that waits for one.
    fn unsent_interval(&mut self) -> Option<Interval> {
        let kept = self.outbox.next_interval_after()?;
        let log = self.keeper.log();
        let (mut walk, mut oldest) = (log.walk(Shelf::Profile), None);
        while let Ok(Some((_, interval))) = log.before::<Interval>(&mut walk) {
            if interval.end <= kept {
                break;
            }
            oldest = Some(interval);
        }
        self.outbox.has_intervals = oldest.is_some();
        oldest
    }

    fn sealed(&mut self, length: Option<usize>) -> Option<usize> {
        if length.is_none() {
            self.fault = Some(Fault::Flash);
        }
        length
    }

    /// Answers a request of Modbus on a serial line: the length of the answer, 0 for none.
    pub fn modbus_serial(&mut self, request: &[u8], now: u32, out: &mut modbus::Buffer) -> usize {
        let (live, uptime) = (self.modbus_live(now), self.uptime_s());
        let (length, asked) = self.modbus.serial(request, &live, uptime, out);
        self.asked(asked, now);
        length
    }

    /// Answers a request of Modbus in a TCP stream: the length of the answer, 0 for none.
    pub fn modbus_tcp(&mut self, request: &[u8], now: u32, out: &mut modbus::Buffer) -> usize {
        let (live, uptime) = (self.modbus_live(now), self.uptime_s());
        let (length, asked) = self.modbus.tcp(request, &live, uptime, out);
        self.asked(asked, now);
        length
    }

    fn modbus_live(&mut self, now: u32) -> modbus::Live {
        let reading = match self.newest {
            Some(newest) => Reading { time: now, relay: Some(self.supply.is_closed()), ..newest },
            None => Reading { time: now, sequence: 0, ..self.reading(now) },
        };
        modbus::Live {
            reading,
            clock_right: self.clock_right,
            command: self.command,
            refused: self.session.as_ref().map_or(0, |session| session.counts().sum()),
        }
    }

    fn asked(&mut self, asked: Option<Asked>, now: u32) {
        match asked {
            // What could not be stored is shown as a fault; Modbus has answered already.
            Some(Asked::Relay(close)) => _ = self.connect(close, now),
            Some(Asked::Clock(time)) => self.set_clock(time),
            Some(Asked::Mail) => {
                let mut buffer = [0; message::LONGEST];
                let mail = self.modbus.mail();
                let length = mail.len();
                if let Some(place) = buffer.get_mut(..length) {
                    place.copy_from_slice(mail);
                    self.hear(place, now);
                }
            }
            None => {}
        }
    }
}

/// A reading, and the same with less and less of what is least missed: a frame is short.
pub(crate) fn shorter(reading: Reading) -> [Reading; 5] {
    let whole = |power: Option<i64>| power.map(|power| power / 1_000 * 1_000);
    let bare = Reading { millihertz: None, load_millivolts: None, ..reading };
    let rough = Reading { milliwatts: whole(bare.milliwatts), millivars: whole(bare.millivars), ..bare };
    let active = Reading { millivars: None, ..rough };
    [reading, bare, rough, active, Reading { neutral: None, ..active }]
}

/// Whether each event that is to open the relay is one of the tamper rules'.
fn are_known(rules: &Rules) -> bool {
    let known = |code: &u16| *code == 0 || Kind::ALL.iter().any(|kind| kind.occurs().0 == *code);
    rules.openers.iter().all(known)
}
