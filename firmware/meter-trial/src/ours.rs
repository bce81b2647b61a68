//! The meter under trial: what its main loop does with samples, and nothing more.

use meter_core::{Acquisition, BilledBy, Block, Calibration, Registers, Samples, Scale};

/// Acquisition and registers with their calibration.
#[derive(Debug, Clone)]
pub struct Ours {
    scale: Scale,
    acquisition: Acquisition,
    registers: Registers,
    last: Option<Block>,
}

impl Ours {
    /// Powered up with these constants.
    pub fn new(calibration: Calibration) -> Self {
        let (scale, acquisition) = (Scale::of(calibration), Acquisition::new(&calibration));
        Self { scale, acquisition, registers: Registers::default(), last: None }
    }

    /// Takes samples; the joules on the registers whenever a block has ended, export negative.
    pub fn push(&mut self, samples: Samples) -> Option<f64> {
        let block = self.acquisition.push(samples)?;
        self.registers.count(&block, &block.measure(&self.scale), &self.scale, BilledBy::Phase);
        self.last = Some(block);
        Some((self.registers.import.micro() as f64 - self.registers.export.micro() as f64) * 3_600.0e-6)
    }

    /// The last whole block.
    pub fn block(&self) -> Option<Block> {
        self.last
    }

    /// The energy registers.
    pub fn registers(&self) -> &Registers {
        &self.registers
    }
}
