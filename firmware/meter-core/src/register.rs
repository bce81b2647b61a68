//! Energy registers: whole microwatt-hours, and a remainder that waits for the next block.

use crate::Scale;
use crate::block::Block;
use crate::measured::Measured;

/// Which current a block is billed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BilledBy {
    /// The phase current: an honest load.
    #[default]
    Phase,
    /// The neutral current, because it is the larger: part of the load returns through earth.
    Neutral,
    /// The larger current at nominal voltage and unity power factor, because no voltage reaches the meter.
    Nominal,
}

/// How active and reactive energy flow, counter-clockwise from import with lagging current (IEC 62053-23, annex C).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quadrant {
    /// Import, lagging: motors.
    First,
    /// Export, lagging.
    Second,
    /// Export, leading.
    Third,
    /// Import, leading: capacitors.
    Fourth,
}

/// One register. It never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Register {
    micro: u64,
    // Of each way to bill, since their units differ. Always less than one microwatt-hour.
    rests: [u64; 3],
}

/// All registers of a single-phase meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Registers {
    /// Active energy from the grid.
    pub import: Register,
    /// Active energy into the grid.
    pub export: Register,
    /// Reactive energy, in the order of [`Quadrant`].
    pub reactive: [Register; 4],
}

/// A block's energy, in units that each way to bill has its own size of.
struct Share {
    active: i64,
    reactive: i64,
    per_micro: u64,
    rest: usize,
}

impl Register {
    /// As it was stored: the remainder was less than a millionth of a watt-hour, and is given to the customer.
    pub fn restored(micro_watt_hours: u64) -> Self {
        Self { micro: micro_watt_hours, rests: [0; 3] }
    }

    /// Millionths of a watt-hour, or of a var-hour. 64 bits hold 18 TWh.
    pub fn micro(&self) -> u64 {
        self.micro
    }

    fn add(&mut self, share: &Share, amount: u64) {
        let rest = &mut self.rests[share.rest];
        // Both are below 2^63: a block's sums are, and so is a microwatt-hour of any calibration.
        *rest += amount;
        self.micro = self.micro.saturating_add(*rest / share.per_micro);
        *rest %= share.per_micro;
    }
}

impl Registers {
    /// Counts a block, and gives the microwatt-hours that were imported by it.
    pub fn count(&mut self, block: &Block, measured: &Measured, scale: &Scale, billed: BilledBy) -> u64 {
        let Some(share) = Share::of(block, measured, scale, billed) else { return 0 };
        let before = self.import.micro;
        let direction = if share.active < 0 { &mut self.export } else { &mut self.import };
        direction.add(&share, share.active.unsigned_abs());
        let quadrant = Quadrant::of(share.active, share.reactive);
        self.reactive[quadrant as usize].add(&share, share.reactive.unsigned_abs());
        self.import.micro - before
    }
}

impl Quadrant {
    fn of(active: i64, reactive: i64) -> Self {
        match (active < 0, reactive < 0) {
            (false, false) => Self::First,
            (true, false) => Self::Second,
            (true, true) => Self::Third,
            (false, true) => Self::Fourth,
        }
    }
}

impl Share {
    /// `None` if the load is below the threshold of counting.
    fn of(block: &Block, measured: &Measured, scale: &Scale, billed: BilledBy) -> Option<Self> {
        let calibration = &scale.calibration;
        // Half the starting current: far from both the current that must count and the noise that must not.
        let threshold = u64::from(calibration.starting_current_ua / 2);
        let channel = match billed {
            BilledBy::Phase => 0,
            BilledBy::Neutral => 1,
            BilledBy::Nominal => {
                let current = u64::from(measured.phase.current.max(measured.neutral.current).0);
                let milliwatts = u64::from(calibration.nominal_voltage_mv) * current / 1_000_000;
                let seconds = u64::from(block.samples);
                // 18/5 milliwatts for a second are a microwatt-hour.
                return (current > threshold).then_some(Self {
                    active: (5 * milliwatts * seconds) as i64,
                    reactive: 0,
                    per_micro: 18 * u64::from(calibration.sample_rate),
                    rest: 2,
                });
            }
        };
        let one = if channel == 0 { &measured.phase } else { &measured.neutral };
        // By power and not by RMS current, since a converter's noise has a current but no power with the voltage.
        let least = (measured.voltage.0.max(0) as u64) * threshold / 1_000_000;
        let load = one.active.0.saturating_pow(2).saturating_add(one.reactive.0.saturating_pow(2));
        let sums = &block.currents[channel];
        (load.unsigned_abs() > least.saturating_pow(2)).then_some(Self {
            active: sums.product,
            reactive: sums.reactive,
            per_micro: scale.per_micro_watt_hour[channel],
            rest: channel,
        })
    }
}
