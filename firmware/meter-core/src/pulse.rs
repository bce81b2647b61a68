//! The test output: one pulse for a fixed amount of imported energy, as an inspector's optical head counts them.

/// Spreads the energy of each block evenly over the next, so that pulses come at the pace of the load.
///
/// There are never more than the import register's energy makes, and over time exactly as many. They are 1.25 seconds
/// late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pulses {
    // All in 256ths of a microwatt-hour.
    quantum: u32,
    gathered: u32,
    each_sample: u32,
    owed: i64,
    longest_block: u32,
}

impl Pulses {
    /// An output of so many pulses for a kWh, where a block has so many samples.
    pub fn new(pulses_per_kwh: u32, sample_rate: u32) -> Self {
        // 10^9 microwatt-hours in a kWh; at 100 pulses or more the quantum fits 32 bits.
        let quantum = ((1_000_000_000u64 << 8) / u64::from(pulses_per_kwh.max(100))) as u32;
        Self {
            quantum,
            gathered: 0,
            each_sample: 0,
            owed: 0,
            longest_block: (sample_rate + sample_rate / 4).max(1),
        }
    }

    /// Once with each sample: whether a pulse begins now.
    #[inline]
    pub fn tick(&mut self) -> bool {
        let (sum, overflow) = self.gathered.overflowing_add(self.each_sample);
        let begins = overflow || sum >= self.quantum;
        self.gathered = if begins { sum.wrapping_sub(self.quantum) } else { sum };
        begins
    }

    /// At a block's end: what it imported, and how many samples it had.
    pub fn settle(&mut self, micro_watt_hours: u64, samples: u32) {
        self.owed -= i64::from(self.each_sample) * i64::from(samples);
        self.owed += (micro_watt_hours << 8) as i64;
        // For the longest block that can follow, so that no pulse is ever given in advance: it could not be taken back.
        let pace = self.owed.max(0) as u64 / u64::from(self.longest_block);
        // Faster than a pulse with every second sample cannot be seen by any head.
        self.each_sample = pace.min(u64::from(self.quantum / 2)) as u32;
    }
}
