//! What the line promises. Power cuts are tried in `meter-trial`, and so is the table of refused messages.

mod command;
mod line;
mod message;
mod modbus;
mod reading;
mod session;

use crate::command::{Command, Signed};
use crate::image::{Described, Installed};
use crate::message::{Buffer, Key, LONGEST, Title};
use crate::{HeadEnd, Session, Trust, enrol};
use ed25519_dalek::SigningKey;
use embedded_storage::nor_flash::NorFlash;
use meter_log::{Layout, Log};
use sha2::{Digest, Sha256};
use std::cell::Cell;
use std::rc::Rc;

const LAYOUT: Layout = Layout { energy: 3, profile: 3, daily: 3, billing: 3, settings: 3, events: 3 };
const SECTOR: usize = Sheet::ERASE_SIZE;
const TITLE: Title = Title(*b"GWM\0\0\0\0\x2a");
const KEY: Key = Key(*b"sixteen letters!");
/// 2024-01-05.
const NOW: u32 = 1_704_445_200;

type Sheet = meter_log::sheet::Sheet<4>;

/// A meter and the gateway that knows its key.
struct Pair {
    log: Log<Sheet>,
    meter: Session,
    gateway: HeadEnd,
    trust: Trust,
    number: u64,
    broken: Rc<Cell<bool>>,
}

fn utility() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn maker() -> SigningKey {
    SigningKey::from_bytes(&[8; 32])
}

fn trust() -> Trust {
    let maker = maker().verifying_key().to_bytes();
    let installed = Installed { maker, board: 3, version: [1, 2, 3], slot_bytes: 400_000 };
    Trust { utility: utility().verifying_key().to_bytes(), installed }
}

fn image(bytes: &[u8]) -> Described {
    let digest = Sha256::digest(bytes).into();
    Described { board: 3, version: [1, 3, 0], length: bytes.len() as u32, digest }
}

impl Pair {
    fn new() -> Self {
        let broken = Rc::new(Cell::new(false));
        let flash = Sheet { cells: vec![0xA5; LAYOUT.sectors() as usize * SECTOR], broken: broken.clone() };
        let mut log = Log::format(flash, &LAYOUT).unwrap();
        log.append(meter_log::Shelf::Energy, &meter_log::Snapshot::default()).unwrap();
        enrol(&mut log, 1, KEY).unwrap();
        let meter = Session::open(&mut log, TITLE).unwrap();
        Self { log, meter, gateway: HeadEnd::new(TITLE, 1, KEY), trust: trust(), number: 0, broken }
    }

    fn restart(&mut self) {
        self.log = Log::open(self.log.clone().into_flash(), &LAYOUT).unwrap();
        self.meter = Session::open(&mut self.log, TITLE).unwrap();
    }

    /// A message with a reading.
    fn reading(&mut self, content: &[u8]) -> Vec<u8> {
        let mut out: Buffer = [0; LONGEST];
        let length = self.meter.reading(&mut self.log, content, &mut out).unwrap();
        out[..length].to_vec()
    }

    /// A message with a command that has the next number.
    fn command(&mut self, command: Command) -> Vec<u8> {
        self.number += 1;
        self.signed(&Signed { number: self.number, until: NOW + 60, command }, &utility())
    }

    fn signed(&mut self, signed: &Signed, key: &SigningKey) -> Vec<u8> {
        let mut out: Buffer = [0; LONGEST];
        let length = self.gateway.order(signed, key, &mut out).unwrap();
        out[..length].to_vec()
    }

    fn receive(&mut self, message: &[u8]) -> Result<crate::Order, crate::Refused> {
        self.meter.receive(&mut self.log, &mut message.to_vec(), &self.trust, NOW)
    }

    /// What the meter says to a message: its name, or the name of the refusal.
    fn said(&mut self, message: &[u8]) -> String {
        match self.receive(message) {
            Ok(order) => format!("{}: {:?}", order.number, order.command),
            Err(refused) => match refused.number {
                Some(number) => format!("{number}: {}", refused.reason),
                None => refused.reason.to_string(),
            },
        }
    }
}
