//! A meter, its gateway, and somebody in between.

use crate::power::Chip;
use ed25519_dalek::SigningKey;
use meter_log::{Layout, Log, Snapshot};
use meter_synth::Random;
use meter_wire::command::{Command, Signed};
use meter_wire::image::Installed;
use meter_wire::message::{Key, LONGEST, Title};
use meter_wire::{HeadEnd, Refusal, Session, Trust, enrol};

pub(super) const TITLE: Title = Title(*b"GWM\0\0\0\0\x2a");
pub(super) const OTHER: Title = Title(*b"GWM\0\0\0\0\x2b");
/// 2024-01-05.
pub(super) const NOW: u32 = 1_704_445_200;
/// Rings that come round soon.
pub(super) const LAYOUT: Layout =
    Layout { energy: 3, profile: 3, daily: 3, billing: 3, settings: 3, events: 3 };

pub(super) fn utility() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

pub(super) fn maker() -> SigningKey {
    SigningKey::from_bytes(&[8; 32])
}

pub(super) fn trust() -> Trust {
    let maker = maker().verifying_key().to_bytes();
    let installed = Installed { maker, board: 3, version: [1, 2, 3], slot_bytes: 400_000 };
    Trust { utility: utility().verifying_key().to_bytes(), installed }
}

/// A chip with a log and a key in it, and the key.
pub(super) fn enrolled(random: &mut Random) -> (Chip<512>, Log<Chip<512>>, Key) {
    let chip = Chip::new(LAYOUT.sectors(), random.bits());
    let key = key(random);
    let mut log = Log::format(chip.clone(), &LAYOUT).expect("a new chip takes a log");
    log.append(meter_log::Shelf::Energy, &Snapshot::default()).expect("the power does not fail");
    enrol(&mut log, 1, key).expect("the power does not fail");
    (chip, log, key)
}

pub(super) fn key(random: &mut Random) -> Key {
    Key(std::array::from_fn(|_| random.bits() as u8))
}

/// Both ends of a line.
pub(super) struct Bench {
    pub(super) log: Log<Chip<512>>,
    pub(super) meter: Session,
    pub(super) gateway: HeadEnd,
    pub(super) random: Random,
    pub(super) key: Key,
    pub(super) number: u64,
}

impl Bench {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let (_, mut log, key) = enrolled(&mut random);
        let meter = Session::open(&mut log, TITLE).expect("it was just enrolled");
        Self { log, meter, gateway: HeadEnd::new(TITLE, 1, key), random, key, number: 0 }
    }

    pub(super) fn restart(&mut self) {
        self.log = Log::open(self.log.clone().into_flash(), &LAYOUT).expect("the power does not fail");
        self.meter = Session::open(&mut self.log, TITLE).expect("the power does not fail");
    }

    pub(super) fn reading(&mut self) -> Vec<u8> {
        let content: Vec<u8> = (0..40).map(|_| self.random.bits() as u8).collect();
        let mut out = [0; LONGEST];
        let length = self.meter.reading(&mut self.log, &content, &mut out).expect("it fits");
        out[..length].to_vec()
    }

    /// The next number, with a minute to be done.
    pub(super) fn next(&mut self, command: Command) -> Signed {
        self.number += 1;
        Signed { number: self.number, until: NOW + 60, command }
    }

    pub(super) fn command(&mut self, command: Command) -> Vec<u8> {
        let signed = self.next(command);
        self.order(&signed, &utility())
    }

    pub(super) fn order(&mut self, signed: &Signed, key: &SigningKey) -> Vec<u8> {
        let mut out = [0; LONGEST];
        let length = self.gateway.order(signed, key, &mut out).expect("it fits");
        out[..length].to_vec()
    }

    /// Bytes of a command as they are, sealed.
    pub(super) fn sealed(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = [0; LONGEST];
        let length = self.gateway.command(bytes, &mut out).expect("it fits");
        out[..length].to_vec()
    }

    /// Why the meter refuses a message; `None` if it takes it.
    pub(super) fn meter_refuses(&mut self, message: &[u8]) -> Option<Refusal> {
        self.meter
            .receive(&mut self.log, &mut message.to_vec(), &trust(), NOW)
            .err()
            .map(|refused| refused.reason)
    }

    /// Why the gateway refuses a message; `None` if it takes it.
    pub(super) fn gateway_refuses(&mut self, message: &[u8]) -> Option<Refusal> {
        self.gateway.receive(&mut message.to_vec()).err()
    }

    /// Whether an honest reading and an honest command are taken.
    pub(super) fn works(&mut self) -> bool {
        let (reading, command) = (self.reading(), self.command(Command::ReadNow));
        self.gateway_refuses(&reading).is_none() && self.meter_refuses(&command).is_none()
    }
}
