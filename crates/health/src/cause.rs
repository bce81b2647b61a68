//! What is wrong with the readings of a meter, in words, and what to do about it.

use crate::delivered::Delivered;

/// A cause of bad data. The order is that of the list for people where equal numbers of meters have them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Cause {
    /// Nothing came of a whole day.
    Silent,
    /// The clock is ahead.
    Ahead,
    /// The clock is behind, or each message waits equally long.
    Behind,
    /// Readings come hours later.
    Late,
    /// Readings are missing.
    Missing,
    /// No reading stands at the ends of intervals.
    OffGrid,
    /// Readings come twice.
    Repeats,
    /// Registers fell or jumped.
    Resets,
}

/// A clock is wrong from so many seconds on.
pub(crate) const WRONG_CLOCK: i64 = 300;

impl Cause {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Silent,
        Self::Ahead,
        Self::Behind,
        Self::Late,
        Self::Missing,
        Self::OffGrid,
        Self::Repeats,
        Self::Resets,
    ];

    /// Its name in the summary.
    pub fn name(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Ahead => "clock_ahead",
            Self::Behind => "clock_behind",
            Self::Late => "late",
            Self::Missing => "missing",
            Self::OffGrid => "off_grid",
            Self::Repeats => "repeats",
            Self::Resets => "resets",
        }
    }

    /// What is wrong, of one meter or many.
    pub fn words(self) -> &'static str {
        match self {
            Self::Silent => "nothing sent for a whole day",
            Self::Ahead => "stamps more than 5 min ahead of the time",
            Self::Behind => "each reading equally late, by 10 min or more",
            Self::Late => "readings hours late",
            Self::Missing => "a tenth of a day's readings missing, or more",
            Self::OffGrid => "no reading at the end of intervals",
            Self::Repeats => "readings sent twice",
            Self::Resets => "registers that fall or jump",
        }
    }

    /// What to do about it.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Silent => {
                "ask for them: no supply, no network, or removed? An end in the topology ends their rows"
            }
            Self::Ahead => "set their clocks, or that of their concentrator: see `offset_s` by concentrator",
            Self::Behind => "set their clocks; if the stamps are right, their network holds messages back",
            Self::Late => {
                "nothing is lost: `final_after` must be longer than they take. For alerts in time, ask the \
                 network operator"
            }
            Self::Missing => {
                "look at their network; energy between readings is known, its time of day is not"
            }
            Self::OffGrid => "set their push schedule to the boundaries, or `snap` to how far off they are",
            Self::Repeats => {
                "nothing is lost, the first one counts; a gateway that retries pays for its network twice"
            }
            Self::Resets => {
                "an exchanged meter needs a row in the topology, a load above `most_power` of `[registers]` a contract \
                 there (`sanctioned_w`) or more `most_power`; else have the register looked at"
            }
        }
    }

    /// What is wrong with a day.
    pub(crate) fn of(day: &Delivered, expected: Option<u32>, intervals: i64) -> Causes {
        let received = u32::from(day.received);
        let mut causes = Causes::NONE;
        let mut add = |cause, holds| causes.0 |= u8::from(holds) << cause as u8;
        add(Self::Resets, day.resets > 0);
        add(Self::OffGrid, i64::from(day.off_grid) * 10 >= intervals);
        if received == 0 {
            add(Self::Silent, expected.is_some_and(|expected| expected > 0));
            return causes;
        }
        let offset = day.offset().unwrap_or(0);
        let most = day.delays.iter().max().map_or(0, |&count| u32::from(count));
        let all: u32 = day.delays.iter().map(|&count| u32::from(count)).sum();
        // Readings of a backlog wait for different times, those of a clock that is behind for the same time.
        let all_alike = received >= 4 && day.within_8h == day.received && most * 10 >= all * 9;
        let is_behind = offset < -2 * WRONG_CLOCK && all_alike;
        let of_day = |part: u16, tenths: u32| u32::from(part) * 10 < received * tenths;
        add(Self::Ahead, offset > WRONG_CLOCK);
        add(Self::Behind, is_behind);
        add(Self::Late, of_day(day.within_8h, 5) || of_day(day.within_24h, 9));
        add(Self::Missing, expected.is_some_and(|expected| received * 10 < expected * 9));
        add(Self::Repeats, u32::from(day.repeats) * 10 >= received);
        causes
    }
}

/// A set of causes, in a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Causes(pub(crate) u8);

impl Causes {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Cause> {
        Cause::ALL.into_iter().filter(move |&cause| self.0 >> cause as u8 & 1 == 1)
    }
}
