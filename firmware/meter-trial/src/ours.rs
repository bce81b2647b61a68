//! The meter under trial: what its main loop does with samples, and nothing more.

use meter_core::{Acquisition, BilledBy, Block, Calibration, Measured, Registers, Samples, Scale};

/// Acquisition and registers with their calibration.
#[derive(Debug, Clone)]
pub struct Ours {
    scale: Scale,
    acquisition: Acquisition,
    registers: Registers,
    last: Option<Block>,
    billed: BilledBy,
    five: Block,
    blocks: u8,
}

impl Ours {
    /// Powered up with these constants.
    pub fn new(calibration: Calibration) -> Self {
        let (scale, acquisition) = (Scale::of(calibration), Acquisition::new(&calibration));
        Self {
            scale,
            acquisition,
            registers: Registers::default(),
            last: None,
            billed: BilledBy::Phase,
            five: Block::default(),
            blocks: 0,
        }
    }

    /// Takes samples; the joules on the registers whenever a block has ended, export negative.
    pub fn push(&mut self, samples: Samples) -> Option<f64> {
        let block = self.acquisition.push(samples)?;
        self.registers.count(&block, &block.measure(&self.scale), &self.scale, self.billed);
        self.five += &block;
        self.blocks += 1;
        self.last = Some(block);
        Some((self.registers.import.micro() as f64 - self.registers.export.micro() as f64) * 3_600.0e-6)
    }

    /// Five blocks added up, once they are complete, and the second harmonic of the current.
    pub fn live(&mut self) -> Option<(Measured, u16)> {
        if self.blocks < 5 {
            return None;
        }
        self.blocks = 0;
        let measured = std::mem::take(&mut self.five).measure(&self.scale);
        Some((measured, self.acquisition.spectrum().harmonic(2).1))
    }

    /// From now on counts by this current.
    pub fn bill_by(&mut self, billed: BilledBy) {
        self.billed = billed;
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
