//! Any bytes as a command: as they come, sealed by the gateway, and signed by the utility too.
#![no_main]

use ed25519_dalek::{Signer, SigningKey};
use embedded_storage::nor_flash::{ErrorType, MultiwriteNorFlash, NorFlash, NorFlashErrorKind, ReadNorFlash};
use libfuzzer_sys::fuzz_target;
use meter_log::{Layout, Log, Shelf, Snapshot};
use meter_wire::image::Installed;
use meter_wire::message::{Key, LONGEST, Title};
use meter_wire::{HeadEnd, Session, Trust, enrol};
use std::sync::LazyLock;

const LAYOUT: Layout = Layout { energy: 3, profile: 3, daily: 3, billing: 3, settings: 3, events: 3 };
const TITLE: Title = Title([1; 8]);
const KEY: Key = Key([2; 16]);

/// A flash that does as it should.
#[derive(Clone)]
struct Sheet(Vec<u8>);

impl ErrorType for Sheet {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Sheet {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        bytes.copy_from_slice(&self.0[offset as usize..][..bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

impl NorFlash for Sheet {
    const WRITE_SIZE: usize = 1;
    const ERASE_SIZE: usize = 256;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        self.0[from as usize..to as usize].fill(0xFF);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        self.0[offset as usize..].iter_mut().zip(bytes).for_each(|(cell, byte)| *cell &= byte);
        Ok(())
    }
}

impl MultiwriteNorFlash for Sheet {}

static ENROLLED: LazyLock<(Sheet, Trust, SigningKey)> = LazyLock::new(|| {
    let flash = Sheet(vec![0; LAYOUT.sectors() as usize * Sheet::ERASE_SIZE]);
    let mut log = Log::format(flash, &LAYOUT).expect("the flash is large enough");
    log.append(Shelf::Energy, &Snapshot::default()).expect("the flash works");
    enrol(&mut log, 1, KEY).expect("the flash works");
    let utility = SigningKey::from_bytes(&[7; 32]);
    let key = utility.verifying_key().to_bytes();
    let installed = Installed { maker: key, board: 3, version: [1, 2, 3], slot_bytes: 1_000 };
    (log.into_flash(), Trust { utility: key, installed }, utility)
});

fuzz_target!(|bytes: &[u8]| {
    let (flash, trust, utility) = &*ENROLLED;
    let mut log = Log::open(flash.clone(), &LAYOUT).expect("it was formatted");
    let mut meter = Session::open(&mut log, TITLE).expect("it was enrolled");
    let mut gateway = HeadEnd::new(TITLE, 1, KEY);
    assert!(meter.receive(&mut log, &mut bytes.to_vec(), trust, 0).is_err());
    let mut out = [0; LONGEST];
    if let Some(length) = gateway.command(bytes, &mut out) {
        assert!(meter.receive(&mut log, &mut out[..length], trust, 0).is_err());
    }
    let text = [&b"gridwarden-command-1"[..], &TITLE.0, bytes].concat();
    let signed = [bytes, &utility.sign(&text).to_bytes()].concat();
    let Some(length) = gateway.command(&signed, &mut out) else { return };
    let before = meter.last_command();
    match meter.receive(&mut log, &mut out[..length], trust, 0) {
        Ok(order) => assert!(order.number > before && meter.last_command() == order.number),
        Err(_) => assert_eq!(meter.last_command(), before),
    }
});
