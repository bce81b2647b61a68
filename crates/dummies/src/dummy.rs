//! One meter with its home.

use crate::flash::FileFlash;
use crate::home::{appliances, mains};
use meter_app::{Done, Identity, Meter, NotStarted, Settings, Switches, prepare};
use meter_log::{Calendar, Layout, Log};
use meter_synth::{Bench, Converter, Kind, Wiring, calibrate};
use meter_tamper::Limits;
use meter_wire::command::{LoadLimit, Rules};
use meter_wire::image::Installed;
use meter_wire::message::Key;
use meter_wire::{Name, Trust};
use std::io;
use std::path::Path;

/// A home of 60 A, as utilities connect them, with intervals of a quarter of an hour.
const SETTINGS: Settings = Settings {
    calendar: Calendar { interval_s: 900, offset_s: 19_800, billing_day: 1 },
    limits: Limits { nominal_mv: 230_000, largest_ua: 60_000_000, exports: false },
    disconnected: false,
    load_limit: LoadLimit { watts: 0, seconds: 0, reconnects: 0 },
    paid_until_wh: None,
    rules: Rules { friendly: [0, 0], openers: [0; 4] },
};

/// Nominal and starting current of class 0.5S, in amperes.
const NOMINAL_A: f64 = 10.0;
const STARTING_A: f64 = 0.02;

/// The board that firmware is for: none of it is sent to a dummy.
const BOARD: u16 = 0xFFFF;

/// A meter that runs here.
pub struct Dummy {
    /// The firmware.
    pub meter: Meter<FileFlash>,
    bench: Bench,
    /// The board's clock, in Unix seconds, and the samples beyond them.
    now: u32,
    samples: u32,
    relayed: Truth,
}

/// What flowed, by the waves and not by the meter, in joules.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Truth {
    /// Through the phase terminal, while the relay was closed.
    pub metered: f64,
    /// To the loads, likewise.
    pub consumed: f64,
}

/// What makes one meter another than the next.
#[derive(Debug, Clone, Copy)]
pub struct Own {
    /// In readings.
    pub name: Name,
    /// On the line.
    pub title: meter_wire::message::Title,
    /// On Modbus.
    pub unit: u8,
    /// Its key, with its generation.
    pub key: (u16, Key),
    /// Whose commands it does.
    pub utility: [u8; 32],
    /// Of its home and of its converter.
    pub seed: u64,
}

impl Dummy {
    /// Makes a meter, or starts one anew whose flash is there already.
    pub fn start(
        own: &Own,
        path: &Path,
        clock: u32,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let converter = Converter::new(Kind::Frontend24, own.seed);
        let (flash, is_old) = FileFlash::open(path)?;
        let log = if is_old {
            Log::open(flash, &Layout::STANDARD).map_err(|cause| io::Error::other(cause.to_string()))?
        } else {
            let calibration = calibrate(&converter, NOMINAL_A, STARTING_A);
            prepare(flash, &Layout::STANDARD, &calibration, &SETTINGS, own.key)
                .map_err(|cause| io::Error::other(cause.to_string()))?
        };
        let installed = Installed { maker: [0; 32], board: BOARD, version: [0, 1, 0], slot_bytes: 0 };
        let trust = Trust { utility: own.utility, installed };
        let identity = Identity { name: own.name, title: own.title, address: own.unit, trust };
        let mut meter = Meter::start(log, identity, Some(clock))
            .map_err(|cause: NotStarted<_>| io::Error::other(cause.to_string()))?;
        let now = meter.take_clock().unwrap_or(clock);
        let bench = Bench::new(mains(own.seed), appliances(own.seed), Wiring::Honest, converter);
        Ok(Self { meter, bench, now, samples: 0, relayed: Truth::default() })
    }

    /// Runs until a block ends, some second later: what that brought.
    pub fn step(&mut self) -> Done {
        loop {
            let before = self.bench.truth();
            let mut samples = self.bench.sample();
            if self.meter.relay_closed() {
                let truth = self.bench.truth();
                self.relayed.metered += truth.metered - before.metered;
                self.relayed.consumed += truth.consumed - before.consumed;
            } else {
                (samples.phase, samples.neutral) = (0, 0);
            }
            self.samples += 1;
            if self.samples == self.bench.sample_rate {
                (self.samples, self.now) = (0, self.now.saturating_add(1));
            }
            if let (Some(block), _) = self.meter.push(samples) {
                let done = self.meter.block(&block, self.now, &Switches::default());
                if let Some(time) = self.meter.take_clock() {
                    self.now = time;
                }
                return done;
            }
        }
    }

    /// The board's clock.
    pub fn now(&self) -> u32 {
        self.now
    }

    /// Does something to the wires.
    pub fn wire(&mut self, wiring: Wiring) {
        self.bench.wiring = wiring;
    }

    /// What flowed up to the last block's end.
    pub fn truth(&self) -> Truth {
        self.relayed
    }
}
