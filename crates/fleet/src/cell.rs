//! One meter in one open interval: sums, the first and the last register, and the moments of its readings.

use crate::register::Point;
use reading::{EventCode, EventTime, Sums};
use serde::{Deserialize, Serialize};

/// A cell of 96 bytes. There is one for each meter and open interval, which is most of the engine's memory. Its
/// content does not depend on the order of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) sums: Sums,
    /// One bit for each sixtieth of the interval: whether there was a reading at its end. Above them [`Self::ODD`].
    pub(crate) seen: u64,
    pub(crate) imp: Registers,
}

impl Cell {
    pub(crate) const EMPTY: Self = Self { sums: Sums::EMPTY, seen: 0, imp: Registers::EMPTY };
    /// The bit of `seen` that says that there were readings at other moments.
    pub(crate) const ODD: u64 = 1 << 60;

    pub(crate) fn is_empty(&self) -> bool {
        self.sums.readings == 0
    }

    /// Whether the meter measured something in it. A message that holds an event alone is sent at once, also by a meter
    /// that delivers what it measures hours later.
    pub(crate) fn is_measured(&self) -> bool {
        self.seen != 0
    }

    /// The bit of a moment, if it falls on the end of a sixtieth. `offset` counts from the start of the interval.
    pub(crate) fn bit(offset: u32, sixtieth: u32) -> Option<u64> {
        // An interval excludes its start, so offsets begin above zero, and the last sixtieth has bit 59.
        offset.is_multiple_of(sixtieth).then(|| 1 << (offset / sixtieth - 1))
    }

    /// Whether there was a reading at the end of the interval, or a register that near to it.
    pub(crate) fn has_end(&self, near: &NearEnd) -> bool {
        self.seen >> 59 & 1 == 1 || self.imp.last >= near.from
    }

    /// When the last reading was, in milliseconds after the start: the end of the interval `length` if there were some
    /// at other moments and no register tells.
    pub(crate) fn last_reading(&self, length: u32) -> u32 {
        let marked = self.seen & (Self::ODD - 1);
        let at_moment = (64 - marked.leading_zeros()) * (length / 60);
        match at_moment.max(self.imp.last) {
            0 => length,
            last => last,
        }
    }

    /// Marks the moment of a bit, and returns whether it was marked before.
    pub(crate) fn mark(&mut self, bit: u64) -> bool {
        let before = self.seen & bit != 0;
        self.seen |= bit;
        before
    }
}

/// Where in an interval a reading counts as the one at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NearEnd {
    /// The offset of the end, ms.
    pub(crate) end: u32,
    /// The first offset that is near enough.
    pub(crate) from: u32,
}

/// The first and the last of the register readings of one interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Registers {
    pub(crate) wh_last: i64,
    /// How far the register went from the first to the last.
    pub(crate) wh_between: u32,
    /// Their times, in milliseconds after the start of the interval. Zero means that there is no register yet.
    pub(crate) first: u32,
    pub(crate) last: u32,
    /// Whether the register does not rise evenly. All its readings are then in a list beside the cells, because each
    /// one matters. Few meters need that, so a cell itself keeps only two readings.
    pub(crate) listed: bool,
}

/// A register that does not fit between the first and the last, as after a fall.
pub(crate) struct Uneven;

impl Registers {
    pub(crate) const EMPTY: Self = Self { wh_last: 0, wh_between: 0, first: 0, last: 0, listed: false };

    pub(crate) fn is_empty(&self) -> bool {
        self.last == 0
    }

    /// Adds a point, unless it falls, or rises by more than `most`, Wh.
    #[inline]
    pub(crate) fn add(&mut self, offset: u32, wh: i64, most: u32) -> Result<(), Uneven> {
        if self.last == 0 {
            (self.first, self.last, self.wh_last, self.wh_between) = (offset, offset, wh, 0);
            return Ok(());
        }
        if self.listed {
            return Err(Uneven);
        }
        // The rise is stored instead of the first register: it fits into half the bytes.
        let wh_first = self.wh_last - i64::from(self.wh_between);
        if offset > self.last {
            let between = u32::try_from(wh - wh_first).map_err(|_| Uneven)?;
            if wh < self.wh_last || between > most {
                return Err(Uneven);
            }
            self.wh_between = between;
            (self.last, self.wh_last) = (offset, wh);
        } else if offset < self.first {
            let between = u32::try_from(self.wh_last - wh).map_err(|_| Uneven)?;
            if wh > wh_first || between > most {
                return Err(Uneven);
            }
            self.wh_between = between;
            self.first = offset;
        } else if wh < wh_first || wh > self.wh_last {
            // Its time is between the two, but its height is not: the register went up and down.
            return Err(Uneven);
        }
        Ok(())
    }

    /// Moves the last register to the end if it is near enough.
    pub(crate) fn snap(&mut self, near: &NearEnd) {
        if self.last < near.from {
            return;
        }
        if self.first == self.last {
            self.first = near.end;
        }
        self.last = near.end;
    }

    /// The first and the last point, of an interval that starts at `start`.
    pub(crate) fn ends(&self, start: EventTime) -> Option<(Point, Point)> {
        let point = |offset: u32, wh| Point { time: start.plus(i64::from(offset)), wh };
        let wh_first = self.wh_last - i64::from(self.wh_between);
        (self.last != 0).then(|| (point(self.first, wh_first), point(self.last, self.wh_last)))
    }
}

/// An open interval that is in no plane: of a meter behind closed ticks, or ahead of every plane.
#[derive(Debug, Clone)]
pub(crate) struct ApartCell {
    pub(crate) cell: Cell,
    /// Empty if the meter does not export.
    pub(crate) exp: Registers,
    pub(crate) rest: Option<Box<Rest>>,
}

// As long backlogs are read, there may be 65,536 of them.
const _: () = assert!(size_of::<ApartCell>() == 128);

/// What few intervals need, and a plane keeps beside its cells.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rest {
    pub(crate) odd: Vec<u32>,
    pub(crate) bare: Vec<u32>,
    pub(crate) listed: [Vec<Point>; 2],
    pub(crate) events: Vec<(u32, EventCode)>,
}

impl ApartCell {
    pub(crate) const EMPTY: Self = Self { cell: Cell::EMPTY, exp: Registers::EMPTY, rest: None };

    /// As it is stored.
    pub(crate) fn to_own(&self, index: i64) -> OwnCell {
        let Cell { sums, seen, imp } = self.cell;
        let Rest { odd, bare, listed, events } = self.rest.as_deref().cloned().unwrap_or_default();
        let exp = Some(self.exp).filter(|exp| !exp.is_empty());
        OwnCell { index, sums, seen, odd, bare, imp, exp, listed, events }
    }
}

impl From<OwnCell> for ApartCell {
    fn from(from: OwnCell) -> Self {
        let (cell, exp) = (from.cell(), from.exp.unwrap_or(Registers::EMPTY));
        let OwnCell { odd, bare, listed, events, .. } = from;
        let has_rest = !odd.is_empty()
            || !bare.is_empty()
            || !events.is_empty()
            || listed.iter().any(|list| !list.is_empty());
        Self { cell, exp, rest: has_rest.then(|| Box::new(Rest { odd, bare, listed, events })) }
    }
}

/// An open interval of one meter alone, with its share of what a plane keeps for all meters, as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct OwnCell {
    pub(crate) index: i64,
    pub(crate) sums: Sums,
    pub(crate) seen: u64,
    pub(crate) odd: Vec<u32>,
    pub(crate) bare: Vec<u32>,
    pub(crate) imp: Registers,
    pub(crate) exp: Option<Registers>,
    pub(crate) listed: [Vec<Point>; 2],
    pub(crate) events: Vec<(u32, EventCode)>,
}

impl OwnCell {
    pub(crate) fn cell(&self) -> Cell {
        let odd = if self.odd.is_empty() { 0 } else { Cell::ODD };
        Cell { sums: self.sums, seen: self.seen | odd, imp: self.imp }
    }
}
