//! Rows with nothing odd about them, the usual ones, column by column into readings.

use super::{Columns, LARGE, SMALL};
use crate::numbers::{BLOCK, Block, Numbers, first};
use reading::{Abreast, Limits, Reading};

/// A block of each column that a single-phase reading has.
#[derive(Debug)]
pub(crate) struct Side {
    imp: Block,
    exp: Block,
    p: Block,
    q: Block,
    v: Block,
    i: Block,
    neutral: Block,
    seq: Block,
}

impl Side {
    pub(crate) const EMPTY: Self = Self {
        imp: Block::EMPTY,
        exp: Block::EMPTY,
        p: Block::EMPTY,
        q: Block::EMPTY,
        v: Block::EMPTY,
        i: Block::EMPTY,
        neutral: Block::EMPTY,
        seq: Block::EMPTY,
    };

    /// The readings of the rows from `from`, as many as there are times; none where any of them is not plain, or
    /// there are columns that few files have.
    #[inline]
    pub(crate) fn plain<'a>(
        &'a mut self,
        columns: &Columns<'a>,
        time: &'a [i64],
        from: usize,
        limits: &Limits,
    ) -> Option<impl Iterator<Item = Reading> + 'a> {
        if columns.has_rare() {
            return None;
        }
        let rows = time.len();
        let whole = |numbers: Numbers<'a>, block: &'a mut Block| match numbers.as_whole(from) {
            Some(there) if rows == BLOCK => Some(Some(there)),
            _ => {
                numbers.whole(from, rows, block);
                all_or_none(block, rows)
            }
        };
        // What is there just so may be too large for a reading: the limits are within that.
        let measured = |numbers: Numbers<'a>, range, block: &'a mut Block| match numbers.as_thousandths(from)
        {
            Some(there) if rows == BLOCK => Some(Some(there)),
            _ => {
                numbers.thousandths(from, rows, range, block);
                all_or_none(block, rows)
            }
        };
        let small = |numbers, block| measured(numbers, SMALL, block);
        let large = |numbers, block| measured(numbers, LARGE, block);
        let counter = |numbers: Numbers, block: &'a mut Block| {
            numbers.counter(from, rows, block);
            all_or_none(block, rows)
        };
        let Self { imp, exp, p, q, v, i, neutral, seq } = self;
        let imp = of(columns.imp, imp, whole)?;
        let exp = of(columns.exp, exp, whole)?;
        let p = of(columns.p.total, p, large)?;
        let q = of(columns.q.total, q, large)?;
        let v = of(columns.v.total, v, small)?;
        let i = of(columns.i.total, i, small)?;
        let neutral = of(columns.neutral, neutral, small)?;
        of(columns.seq.filter(|seq| !seq.is_of_counters()), seq, counter)?;
        Abreast { time, imp, exp, p, q, v, i, neutral }.plain(limits)
    }
}

/// What a column has for the rows: something for all of them, or for none; else there is nothing to be had here.
type Had<'a> = Option<Option<&'a [i64; BLOCK]>>;

#[inline(always)]
fn of<'a>(
    column: Option<Numbers<'a>>,
    block: &'a mut Block,
    read: impl Fn(Numbers<'a>, &'a mut Block) -> Had<'a>,
) -> Had<'a> {
    column.map_or(Some(None), |numbers| read(numbers, block))
}

#[inline(always)]
fn all_or_none(block: &Block, rows: usize) -> Had<'_> {
    match block.valid {
        0 => (block.nan == 0).then_some(None),
        valid => (valid == first(rows) && block.beyond == 0).then_some(Some(&block.numbers)),
    }
}
