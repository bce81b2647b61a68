//! What a gateway promises: with meters that seal as the firmware does.

mod desk;
mod files;
mod lines;

use crate::meters::MeterRow;
use crate::orders::{Order, UtilityKey};
use meter_wire::command::{Acknowledgement, Command, Outcome};
use meter_wire::message::{Header, Key, Kind, LONGEST, Title, seal};
use meter_wire::{FRAME, Name, Reading};
use reading::{EventTime, MeterId};
use std::path::Path;

const TITLE: Title = Title(*b"GWM\0\0\0\0\x2a");
const KEY: Key = Key(*b"sixteen letters!");
/// 2024-01-05 09:00 UTC.
const NOW: u32 = 1_704_445_200;

fn row() -> MeterRow {
    let name = MeterId::new("M42").unwrap();
    MeterRow { name, title: TITLE, generation: 1, key: KEY, modbus: None }
}

fn time(seconds: u32) -> EventTime {
    EventTime(i64::from(seconds) * 1_000)
}

/// What a meter says, sealed under a number.
fn sealed(title: Title, kind: Kind, number: u32, content: &[u8]) -> Vec<u8> {
    let header = Header { kind, title, generation: 1, number };
    let mut out = [0; LONGEST];
    let length = seal(&KEY, &header, content, &mut out).unwrap();
    out[..length].to_vec()
}

/// A live reading, or with `live` false the registers at the end of an interval.
fn frame(name: &str, time: u32, import: i64, live: bool) -> Vec<u8> {
    let reading = Reading {
        time,
        import,
        export: 0,
        millivolts: Some(230_000),
        milliamperes: Some(1_000),
        neutral: None,
        milliwatts: live.then_some(230_000),
        millivars: None,
        millihertz: None,
        load_millivolts: None,
        sequence: 1,
        events: [0; 4],
        relay: None,
    };
    let mut out = [0; FRAME];
    let length = reading.to_frame(&Name::new(name).unwrap(), &mut out).unwrap();
    out[..length].to_vec()
}

fn answer(number: u64, outcome: Outcome) -> [u8; Acknowledgement::BYTES] {
    Acknowledgement { number, outcome }.to_bytes()
}

fn order(folder: &Path, number: u64, until: u32) -> Order {
    let path = folder.join("utility.key");
    let key = if path.exists() { UtilityKey::read(&path) } else { UtilityKey::create(&path) }.unwrap();
    let meter = (MeterId::new("M42").unwrap(), TITLE);
    Order::sign((number, until), meter, ("disconnect".to_owned(), Command::Disconnect), &key)
}
