//! A meter that loses its power again and again.

use super::chip::{Chip, Moment, PowerCut, When};
use super::witness::{Broken, NOISY, Witness};
use meter_core::{Microamperes, Registers};
use meter_log::{
    CONFIGURATION_BYTES, CONTENT, Calendar, Configuration, Energies, Error, Keeper, Layout, Live, Log,
    Record, Restored, Shelf, Topic,
};
use meter_synth::Random;
use meter_tamper::{Code, Kind};
use std::convert::Infallible;
use std::ops::AddAssign;
use units::Millivolts;

/// Rings that come round soon, so that sectors are erased all the time.
const SMALL: Layout = Layout { energy: 4, profile: 5, daily: 3, billing: 3, settings: 3, events: 4 };

/// Intervals of a minute, so that there are many.
const CALENDAR: Calendar = Calendar { interval_s: 60, offset_s: 19_800, billing_day: 1 };

/// Energy of a block of a second: 230 V and 60 A at most.
const MOST_MICRO_WATT_HOURS: f64 = 230.0 * 60.0 / 3_600.0 * 1e6;

/// What was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// Cuts between two operations of the flash.
    pub between: u64,
    /// Cuts within a write.
    pub in_writes: u64,
    /// Cuts within an erase.
    pub in_erases: u64,
    /// Cuts before the start was over, of those.
    pub in_starts: u64,
    /// Bits that flipped.
    pub flips: u64,
    /// Starts without a clock.
    pub clocks_lost: u64,
    /// Times that the clock was set while the meter ran.
    pub clocks_set: u64,
    /// Records that were acknowledged.
    pub records: u64,
    /// Records that were looked for after a start and found.
    pub found: u64,
    /// Sectors erased.
    pub erases: u64,
    /// The most energy that a cut took, in seconds of counting.
    pub most_seconds_lost: u32,
    /// The most program operations that a block waited for.
    pub most_programs: u64,
    /// The most erases that a block waited for.
    pub most_erases: u64,
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.between += other.between;
        self.in_writes += other.in_writes;
        self.in_erases += other.in_erases;
        self.in_starts += other.in_starts;
        self.flips += other.flips;
        self.clocks_lost += other.clocks_lost;
        self.clocks_set += other.clocks_set;
        self.records += other.records;
        self.found += other.found;
        self.erases += other.erases;
        self.most_seconds_lost = self.most_seconds_lost.max(other.most_seconds_lost);
        self.most_programs = self.most_programs.max(other.most_programs);
        self.most_erases = self.most_erases.max(other.most_erases);
    }
}

/// One meter with its chip.
pub struct Life<const S: usize> {
    chip: Chip<S>,
    random: Random,
    witness: Witness,
    /// The clock of the place, which nobody can cut.
    now: u32,
    /// What the meter's clock is off by.
    off: i64,
    registers: Registers,
    /// The registers at the last blocks' ends since the start, newest last.
    counted: Vec<Energies>,
    /// The configuration that was acknowledged, and those that were being written since.
    configurations: Vec<Content>,
    /// Cuts at the very begin that are still to come, one after another.
    storm: u64,
    starts: u64,
    seed: u64,
    /// What was tried so far.
    pub count: Count,
}

type Content = (u8, [u8; CONTENT]);

/// Why a meter does not run any more.
enum End {
    Cut,
    Broken(Broken),
}

impl From<Broken> for End {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

impl From<Error<PowerCut>> for End {
    fn from(cause: Error<PowerCut>) -> Self {
        match cause {
            Error::Flash(PowerCut) => Self::Cut,
            other => Self::Broken(Broken(format!("the log refused: {other}"))),
        }
    }
}

impl<const S: usize> Life<S> {
    /// A new meter; the seed makes everything that happens to it.
    pub fn new(seed: u64) -> Self {
        let chip = Chip::new(SMALL.sectors(), seed ^ 0xC41F);
        let log = Log::format(chip, &SMALL).expect("a new chip takes a log");
        Self {
            chip: log.into_flash(),
            random: Random::new(seed),
            witness: Witness::new(),
            // 2026-01-31, in the last hours of the month.
            now: 1_769_871_600,
            off: 0,
            registers: Registers::default(),
            counted: Vec::new(),
            configurations: Vec::new(),
            storm: 0,
            starts: 0,
            seed,
            count: Count::default(),
        }
    }

    /// Runs until so many cuts have come. Says what broke, and how to see it again.
    pub fn run(&mut self, cuts: u64) -> Result<(), Broken> {
        for cut in 0..cuts {
            self.until_cut().map_err(|broken| {
                Broken(format!("SEED={} cut {cut}: {broken}; so far {:?}", self.seed, self.count))
            })?;
        }
        Ok(())
    }

    fn until_cut(&mut self) -> Result<(), Broken> {
        // Often within the start itself, else within some minutes; now and then at an erase.
        let number = self.random.bits();
        if self.random.bits().is_multiple_of(400) {
            // A supply that breaks down whenever the flash needs current.
            self.storm = self.random.bits() % 200;
        }
        self.storm = self.storm.saturating_sub(1);
        let until = match self.random.bits() % 4 {
            _ if self.storm > 0 => When::Operations(100),
            0 => When::Operations(number % 40),
            1 => When::Erases(number % 20),
            _ => When::Operations(number % 250),
        };
        self.chip.power_up(until);
        let began = self.chip.work().erases;
        let starts = self.starts;
        if let End::Broken(broken) = self.powered() {
            return Err(broken);
        }
        match self.chip.cut().ok_or_else(|| Broken("ended without a cut".into()))? {
            Moment::Between => self.count.between += 1,
            Moment::Write => self.count.in_writes += 1,
            Moment::Erase => self.count.in_erases += 1,
        }
        self.count.in_starts += u64::from(self.starts == starts);
        self.count.erases += self.chip.work().erases - began;
        self.dark();
        Ok(())
    }

    /// From a start to a cut.
    fn powered(&mut self) -> End {
        let started = self.start();
        let ran = started.and_then(|mut keeper| self.work(&mut keeper));
        match ran {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    fn start(&mut self) -> Result<Keeper<Chip<S>>, End> {
        let log = Log::open(self.chip.clone(), &SMALL)?;
        if self.storm > 0 {
            // Within the first record: two slots are given up before it.
            self.chip.power_up(When::Operations(self.random.bits() % 3));
        }
        let clock = match self.random.bits() % 5 {
            0 => None,
            // The battery ran empty, and its clock began anew.
            1 => Some(946_684_800),
            _ => Some(self.clock()),
        };
        let (mut keeper, restored) = Keeper::start(log, CALENDAR, clock)?;
        self.count.clocks_lost += u64::from(restored.clock_lost);
        self.starts += 1;
        self.check_energy(&restored)?;
        self.count.found += self.witness.find(keeper.log(), &self.chip, &SMALL, &restored.energies)?;
        self.check_configuration()?;
        self.off = i64::from(restored.clock) - i64::from(self.now);
        self.registers = restored.energies.registers();
        self.counted = vec![restored.energies];
        Ok(keeper)
    }

    /// Energy is one that was counted, and of the last ten seconds.
    fn check_energy(&mut self, restored: &Restored) -> Result<(), Broken> {
        let Some(last) = self.counted.last() else { return Ok(()) };
        let Some(lost) = self.counted.iter().rev().position(|counted| *counted == restored.energies) else {
            return Err(Broken(format!(
                "restored {:?}, counted {:?} at last and never this",
                restored.energies.micro, last.micro
            )));
        };
        let lost = lost as u32;
        if lost > 10 {
            return Err(Broken(format!("{lost} seconds of energy lost")));
        }
        self.count.most_seconds_lost = self.count.most_seconds_lost.max(lost);
        Ok(())
    }

    /// The newest configuration is the last that was acknowledged, or one whose write was cut short since.
    fn check_configuration(&mut self) -> Result<(), Broken> {
        let Some(newest) = self.witness.newest(Shelf::Configuration) else { return Ok(()) };
        if !self.configurations.contains(&newest) {
            return Err(Broken("an older configuration came back".into()));
        }
        Ok(())
    }

    /// Block after block.
    fn work(&mut self, keeper: &mut Keeper<Chip<S>>) -> Result<Infallible, End> {
        loop {
            while keeper.log().tend()? {}
            self.now += 1;
            if self.random.bits().is_multiple_of(400) {
                // Someone sets the clock, mostly by little, now and then by days.
                let farthest = [20.0, 200.0, 200_000.0][(self.random.bits() % 3) as usize];
                self.off += self.random.between(-farthest, farthest) as i64;
                keeper.clock_set();
                self.count.clocks_set += 1;
            }
            let live = self.block();
            let before = self.chip.work();
            keeper.advance(self.clock(), &live)?;
            let after = self.chip.work();
            self.count.most_programs = self.count.most_programs.max(after.programs - before.programs);
            self.count.most_erases = self.count.most_erases.max(after.erases - before.erases);
            self.look(keeper, &[Shelf::Energy, Shelf::Profile, Shelf::Daily, Shelf::Billing])?;
            self.happen(keeper, &live)?;
        }
    }

    /// Now and then something else has to be kept.
    fn happen(&mut self, keeper: &mut Keeper<Chip<S>>, live: &Live) -> Result<(), End> {
        match self.random.bits() % 16 {
            0..4 => self.note(keeper, NOISY, 301, live),
            4 => self.note(keeper, Topic::Tamper(Kind::Magnet), 201, live),
            5 => {
                let mut bytes = [0; CONFIGURATION_BYTES];
                bytes.iter_mut().for_each(|byte| *byte = self.random.bits() as u8);
                let configuration = Configuration { time: self.clock(), version: 1, bytes };
                self.configurations.push(configuration.to_bytes());
                keeper.log().append(Shelf::Configuration, &configuration)?;
                self.configurations = vec![configuration.to_bytes()];
                self.look(keeper, &[Shelf::Configuration])
            }
            _ => Ok(()),
        }
    }

    fn note(
        &mut self,
        keeper: &mut Keeper<Chip<S>>,
        topic: Topic,
        code: u16,
        live: &Live,
    ) -> Result<(), End> {
        keeper.note(topic, Code(code), live)?;
        self.look(keeper, &[Shelf::Energy, Shelf::Events(topic)])
    }

    fn look(&mut self, keeper: &mut Keeper<Chip<S>>, shelves: &[Shelf]) -> Result<(), End> {
        for &shelf in shelves {
            self.count.records += self.witness.look(keeper.log(), shelf)?;
        }
        Ok(())
    }

    /// A second of some load, or of none.
    fn block(&mut self) -> Live {
        let mut micro = Energies::from(&self.registers).micro;
        for register in &mut micro {
            *register += (self.random.share() * MOST_MICRO_WATT_HOURS) as u64;
        }
        let energies = Energies { micro };
        self.registers = energies.registers();
        self.counted.push(energies);
        let (voltage, current) = (Millivolts(230_000), Microamperes(5_000_000));
        Live { registers: self.registers, largest: None, voltage, current }
    }

    /// What the meter's clock says.
    fn clock(&self) -> u32 {
        (i64::from(self.now) + self.off).clamp(0, u32::MAX.into()) as u32
    }

    /// While the power is away: time passes, bits flip, and the battery of the clock may run empty.
    fn dark(&mut self) {
        let longest = [3, 90, 4_000, 90_000][(self.random.bits() % 4) as usize];
        self.now += (self.random.bits() % longest) as u32;
        if self.random.bits().is_multiple_of(3) {
            for _ in 0..self.random.bits() % 4 {
                self.count.flips += u64::from(self.chip.flip());
            }
        }
    }
}
