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
        columns: &Columns,
        time: &'a [i64],
        from: usize,
        limits: &Limits,
    ) -> Option<impl Iterator<Item = Reading> + 'a> {
        if columns.has_rare() {
            return None;
        }
        let rows = time.len();
        let whole = |numbers: &Numbers, block: &mut Block| numbers.whole(from, rows, block);
        let counter = |numbers: &Numbers, block: &mut Block| numbers.counter(from, rows, block);
        let small = |numbers: &Numbers, block: &mut Block| numbers.thousandths(from, rows, SMALL, block);
        let large = |numbers: &Numbers, block: &mut Block| numbers.thousandths(from, rows, LARGE, block);
        let Self { imp, exp, p, q, v, i, neutral, seq } = self;
        let imp = fill(columns.imp, imp, rows, whole)?;
        let exp = fill(columns.exp, exp, rows, whole)?;
        let p = fill(columns.p.total, p, rows, large)?;
        let q = fill(columns.q.total, q, rows, large)?;
        let v = fill(columns.v.total, v, rows, small)?;
        let i = fill(columns.i.total, i, rows, small)?;
        let neutral = fill(columns.neutral, neutral, rows, small)?;
        fill(columns.seq, seq, rows, counter)?;
        Abreast { time, imp, exp, p, q, v, i, neutral }.plain(limits)
    }
}

/// What a column has for the rows, if it has something for all of them, or for none; else there is nothing to be had here.
#[inline(always)]
fn fill<'a>(
    numbers: Option<Numbers>,
    block: &'a mut Block,
    rows: usize,
    read: impl Fn(&Numbers, &mut Block),
) -> Option<Option<&'a [i64; BLOCK]>> {
    let Some(numbers) = numbers else { return Some(None) };
    read(&numbers, block);
    match block.valid {
        0 => Some(None),
        valid => (valid == first(rows) && block.beyond == 0).then_some(Some(&block.numbers)),
    }
}
