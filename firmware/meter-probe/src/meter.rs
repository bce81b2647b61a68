//! A whole meter as a board has it: samples in, lines out.

use crate::Stream;
use core::fmt::{self, Write};
use core::hint::black_box;
use meter_core::{
    Acquisition, Block, Calibration, Delay, Demand, Measured, Pulses, Registers, Samples, Scale,
};
use meter_tamper::{Code, Limits, Observation, Watch};

/// How long the report's stream is.
pub const REPORT_SECONDS: u32 = 115;

/// Constants as a test bench leaves them: no delay is a whole sample.
pub(crate) const CALIBRATION: Calibration = Calibration {
    sample_rate: 4_000,
    voltage_range_uv: 400_123_456,
    current_range_ua: [100_234_567, 99_765_432],
    current_delay: [match Delay::new(70_123) {
        Some(delay) => delay,
        None => Delay::NONE,
    }; 2],
    voltage_delay: 1,
    noise: [87_381; 2],
    starting_current_ua: 20_000,
    nominal_voltage_mv: 230_000,
    pulses_per_kwh: 3_200,
};

/// Everything that a meter keeps in memory for metrology and tampering.
#[derive(Debug, Clone)]
pub struct Meter {
    scale: Scale,
    acquisition: Acquisition,
    registers: Registers,
    pulses: Pulses,
    demand: Demand,
    watch: Watch,
    five: Block,
    blocks: u8,
    seconds: u32,
    pulse_count: u32,
}

impl Default for Meter {
    fn default() -> Self {
        let scale = Scale::of(CALIBRATION);
        let limits = Limits { nominal_mv: 230_000, largest_ua: 60_000_000, exports: false };
        Self {
            scale,
            acquisition: Acquisition::new(&CALIBRATION),
            registers: Registers::default(),
            pulses: Pulses::new(CALIBRATION.pulses_per_kwh, CALIBRATION.sample_rate),
            demand: Demand::new(30),
            watch: Watch::new(limits),
            five: Block::default(),
            blocks: 0,
            seconds: 0,
            pulse_count: 0,
        }
    }
}

impl Meter {
    /// What is done with every sample: the block that it completes.
    #[inline]
    pub fn push(&mut self, samples: Samples) -> Option<Block> {
        self.pulse_count += u32::from(self.pulses.tick());
        self.acquisition.push(samples)
    }

    /// What is done with every block: five of them are a reading.
    pub fn block(&mut self, block: &Block) -> Option<Measured> {
        let measured = block.measure(&self.scale);
        let imported = self.registers.count(block, &measured, &self.scale, self.watch.billed_by());
        self.pulses.settle(imported, block.samples);
        self.seconds += 1;
        self.demand.advance(u64::from(self.seconds), self.registers.import.micro());
        self.five += block;
        self.blocks += 1;
        if self.blocks < 5 {
            return None;
        }
        self.blocks = 0;
        Some(core::mem::take(&mut self.five).measure(&self.scale))
    }

    /// What is done with every reading: the codes of what it changed.
    pub fn look(&mut self, measured: Measured) -> impl Iterator<Item = Code> {
        let second_harmonic = self.acquisition.spectrum().harmonic(2).1;
        let seen = Observation { measured, second_harmonic, relay_closed: true, ..Observation::default() };
        self.watch.look(&seen).codes().map(|(_, code)| code)
    }

    /// Imported energy, in microwatt-hours.
    pub fn imported(&self) -> u64 {
        self.registers.import.micro()
    }
}

/// Runs a meter over the stream, and writes what it reports line by line.
pub fn report(out: &mut impl Write) -> fmt::Result {
    let (mut meter, mut stream) = (Meter::default(), Stream::default());
    for _ in 0..REPORT_SECONDS * CALIBRATION.sample_rate {
        let Some(block) = meter.push(stream.sample()) else { continue };
        if let Some(measured) = meter.block(&block) {
            write_reading(out, &meter, &measured)?;
            let second = meter.seconds;
            for code in meter.look(measured) {
                writeln!(out, "event {second} {}", code.0)?;
            }
        }
    }
    let largest = meter.demand.largest().map_or(0, |largest| largest.mean.0);
    let reactive = meter.registers.reactive.map(|register| register.micro());
    let (import, export) = (meter.registers.import.micro(), meter.registers.export.micro());
    writeln!(out, "registers {import} {export} {reactive:?} pulses {} demand {largest}", meter.pulse_count)
}

fn write_reading(out: &mut impl Write, meter: &Meter, measured: &Measured) -> fmt::Result {
    let (volts, hertz) = (measured.voltage.0, measured.frequency.0);
    write!(out, "reading {} {} {volts} {hertz}", meter.seconds, measured.milliseconds)?;
    for one in [&measured.phase, &measured.neutral] {
        let factor = one.power_factor(measured.voltage).0;
        write!(out, " {} {} {} {factor}", one.current.0, one.active.0, one.reactive.0)?;
    }
    let (voltage, current) = meter.acquisition.spectrum().distortion();
    writeln!(out, " {voltage} {current} {}", meter.imported())
}

/// A meter whose samples come from nowhere and whose results go nowhere, for the size of its code alone.
#[derive(Debug, Clone, Default)]
pub struct Size {
    meter: Meter,
}

impl Size {
    /// One sample set, all the way.
    #[inline]
    pub fn step(&mut self) {
        let Some(block) = self.meter.push(black_box(Samples::default())) else { return };
        if let Some(measured) = self.meter.block(&block) {
            black_box(self.meter.look(measured).last());
            black_box(self.meter.acquisition.spectrum().distortion());
            black_box(&self.meter.registers);
        }
    }
}
