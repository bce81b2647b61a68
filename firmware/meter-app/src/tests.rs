//! What a whole meter does, on waves of meter-synth: samples in, relay, readings and messages out.

mod energy;
mod line;
mod relay;
mod settings;
mod supply;

use crate::{Done, Identity, Meter, Settings, Switches, prepare};
use ed25519_dalek::SigningKey;
use embedded_storage::nor_flash::NorFlash;
use meter_core::{Calibration, Delay};
use meter_log::{Calendar, Layout, Log};
use meter_synth::{Appliance, Bench, Converter, Kind, Mains, Wiring};
use meter_tamper::Limits;
use meter_wire::command::{Command, LoadLimit, Rules, Signed};
use meter_wire::image::Installed;
use meter_wire::message::{Key, LONGEST, Title};
use meter_wire::{Answer, HeadEnd, Name, Trust};
use reading::{EventTime, MeterId, RawReading};
use std::cell::Cell;
use std::rc::Rc;

const LAYOUT: Layout = Layout { energy: 3, profile: 3, daily: 3, billing: 3, settings: 3, events: 3 };
const SECTOR: usize = Sheet::ERASE_SIZE;
const TITLE: Title = Title(*b"GWM\0\0\0\0\x2a");
const KEY: Key = Key(*b"sixteen letters!");
/// 2024-01-05 09:00 UTC, the begin of a quarter.
const NOW: u32 = 1_704_445_200;

const SETTINGS: Settings = Settings {
    calendar: Calendar { interval_s: 60, offset_s: 19_800, billing_day: 1 },
    limits: Limits { nominal_mv: 230_000, largest_ua: 60_000_000, exports: false },
    disconnected: false,
    load_limit: LoadLimit { watts: 0, seconds: 0, reconnects: 0 },
    paid_until_wh: None,
    rules: Rules { friendly: [0, 0], openers: [0; 4] },
};

type Sheet = meter_log::sheet::Sheet<1>;

fn utility() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn identity() -> Identity {
    let key = utility().verifying_key().to_bytes();
    let installed = Installed { maker: key, board: 3, version: [1, 0, 0], slot_bytes: 0 };
    let name = Name::new("M42").unwrap();
    Identity { name, title: TITLE, address: 17, trust: Trust { utility: key, installed } }
}

/// A converter without faults, so that its ranges are the calibration.
fn calibration() -> Calibration {
    Calibration {
        sample_rate: 4_000,
        voltage_range_uv: 500_000_000,
        current_range_ua: [120_000_000; 2],
        current_delay: [Delay::NONE; 2],
        voltage_delay: 1,
        noise: [0; 2],
        starting_current_ua: 20_000,
        nominal_voltage_mv: 230_000,
        pulses_per_kwh: 3_200,
    }
}

fn converter() -> Converter {
    let mut converter = Converter::new(Kind::Frontend24, 1);
    (converter.noise, converter.offset, converter.gain, converter.late) = (0.0, [0.0; 3], [1.0; 3], [0.0; 3]);
    converter
}

/// A house with its meter, and the gateway that hears it.
struct House {
    meter: Meter<Sheet>,
    bench: Bench,
    gateway: HeadEnd,
    switches: Switches,
    broken: Rc<Cell<bool>>,
    /// Seconds of the clock, and samples beyond them.
    now: u32,
    samples: u32,
    number: u64,
    pulses: u32,
    /// True joules up to the end of the last block.
    joules: f64,
}

impl House {
    fn new(settings: Settings, amperes: f64) -> Self {
        let broken = Rc::new(Cell::new(false));
        let cells = vec![0; LAYOUT.sectors() as usize * SECTOR];
        let flash = Sheet { cells, broken: Rc::clone(&broken) };
        let log = prepare(flash, &LAYOUT, &calibration(), &settings, (1, KEY)).unwrap();
        let bench = Bench::new(
            Mains::clean(230.0, 50.0),
            vec![Appliance::steady(amperes, 0.0)],
            Wiring::Honest,
            converter(),
        );
        Self {
            meter: Meter::start(log, identity(), Some(NOW)).unwrap(),
            bench,
            gateway: HeadEnd::new(TITLE, 1, KEY),
            switches: Switches::default(),
            broken,
            now: NOW,
            samples: 0,
            number: 0,
            pulses: 0,
            joules: 0.0,
        }
    }

    /// Runs for some seconds. Behind an open relay no current flows.
    fn run(&mut self, seconds: u32) -> Vec<Done> {
        let mut all = Vec::new();
        for _ in 0..seconds * 4_000 {
            let mut samples = self.bench.sample();
            if !self.meter.relay_closed() {
                (samples.phase, samples.neutral) = (0, 0);
            }
            self.samples += 1;
            if self.samples == 4_000 {
                (self.samples, self.now) = (0, self.now + 1);
            }
            let (block, pulse) = self.meter.push(samples);
            self.pulses += u32::from(pulse);
            if let Some(block) = block {
                self.joules = self.bench.truth().metered;
                all.push(self.meter.block(&block, self.now, &self.switches));
            }
        }
        all
    }

    /// What the meter says, up to its end.
    fn listen(&mut self) -> Vec<String> {
        let mut out = [0; LONGEST];
        let mut said = Vec::new();
        while let Some(length) = self.meter.speak(&mut out) {
            let heard = match self.gateway.receive(&mut out[..length]).unwrap().answer {
                Answer::Reading(frame) => told(frame),
                Answer::Acknowledgement(answer) => format!("answer {} {:?}", answer.number, answer.outcome),
            };
            said.push(heard);
        }
        said
    }

    fn command(&mut self, command: Command) {
        self.number += 1;
        let signed = Signed { number: self.number, until: self.now + 60, command };
        let mut out = [0; LONGEST];
        let length = self.gateway.order(&signed, &utility(), &mut out).unwrap();
        self.meter.hear(&mut out[..length], self.now);
    }

    fn receipt(&mut self, until: u32) {
        let mut out = [0; LONGEST];
        let length = self.gateway.receipt(until, &mut out).unwrap();
        self.meter.hear(&mut out[..length], self.now);
    }

    /// The power is away for some seconds; a battery keeps the clock.
    fn cut(&mut self, seconds: u32) {
        let flash = self.meter.clone().into_log().into_flash();
        self.now += seconds;
        self.meter = Meter::start(Log::open(flash, &LAYOUT).unwrap(), identity(), Some(self.now)).unwrap();
    }

    fn reasons(&self) -> String {
        let reasons: Vec<_> = self.meter.supply().reasons().map(crate::Reason::name).collect();
        reasons.join(" ")
    }
}

/// A reading in short: seconds since the begin, register, and events.
fn told(frame: &[u8]) -> String {
    let mut raw = RawReading::new(MeterId::new("M0").unwrap(), EventTime(0));
    wire::frame::decode(frame, &mut raw).unwrap();
    let since = raw.time.0 / 1_000 - i64::from(NOW);
    let kind = if raw.p.is_some() { "live" } else { "registers" };
    let events: Vec<_> = raw.events.iter().map(|code| code.0.to_string()).collect();
    format!("{kind} {since}: {} Wh [{}]", raw.imp.unwrap().0, events.join(" "))
}
