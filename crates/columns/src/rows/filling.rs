//! The readings of one block while the columns are written into them, one after another.

use super::beside::Beside;
use super::{Phased, SMALL};
use crate::numbers::{BLOCK, Block, Numbers, bits, first};
use reading::{Draft, EachPhase, Limits, Phases, Reason};
use units::Millivolts;

pub(super) struct Filling<'a> {
    pub(super) drafts: &'a mut [Draft],
    pub(super) beside: &'a mut Beside,
    /// The numbers of the columns at hand.
    pub(super) blocks: &'a mut [Block; 4],
    pub(super) refused: &'a mut [Option<Reason>; BLOCK],
    pub(super) from: usize,
}

impl Filling<'_> {
    #[inline(always)]
    pub(super) fn whole(&mut self, numbers: Option<Numbers>, put: impl Fn(&mut Draft, i64)) {
        if let Some(numbers) = numbers {
            numbers.whole(self.from, self.drafts.len(), &mut self.blocks[0]);
            self.put(put);
        }
    }

    #[inline(always)]
    pub(super) fn counter(&mut self, numbers: Option<Numbers>, put: impl Fn(&mut Draft, i64)) {
        if let Some(numbers) = numbers {
            numbers.counter(self.from, self.drafts.len(), &mut self.blocks[0]);
            self.put(put);
        }
    }

    #[inline(always)]
    pub(super) fn small(&mut self, numbers: Option<Numbers>, put: impl Fn(&mut Draft, i32)) {
        if let Some(numbers) = numbers {
            numbers.thousandths(self.from, self.drafts.len(), SMALL, &mut self.blocks[0]);
            self.put(|draft, one| put(draft, one as i32));
        }
    }

    /// The voltage behind the relay.
    pub(super) fn v_load(&mut self, numbers: Option<Numbers>, limits: &Limits) {
        let Some(numbers) = numbers else { return };
        numbers.thousandths(self.from, self.drafts.len(), SMALL, &mut self.blocks[0]);
        self.look_at(0);
        let block = &self.blocks[0];
        for row in bits(block.valid) {
            let v_load = Millivolts(block.numbers[row] as i32);
            self.beside.of(row).v_load = self.drafts[row].v_load(v_load, limits);
        }
    }

    #[inline(always)]
    pub(super) fn phases<T>(
        &mut self,
        phased: &Phased,
        range: (i64, i64),
        keep: impl Fn(&mut EachPhase, [T; 3]),
        put: impl Fn(&mut Draft, Phases<i64>) -> Option<[T; 3]>,
    ) {
        if phased.each.iter().all(Option::is_none) {
            if let Some(numbers) = &phased.total {
                numbers.thousandths(self.from, self.drafts.len(), range, &mut self.blocks[0]);
                self.put(|draft, one| drop(put(draft, Phases::One(one))));
            }
        } else {
            self.three_phases(phased, range, keep, put);
        }
    }

    fn three_phases<T>(
        &mut self,
        phased: &Phased,
        range: (i64, i64),
        keep: impl Fn(&mut EachPhase, [T; 3]),
        put: impl Fn(&mut Draft, Phases<i64>) -> Option<[T; 3]>,
    ) {
        let columns = phased.each.iter().chain([&phased.total]);
        for (at, numbers) in columns.enumerate() {
            match numbers {
                Some(numbers) => {
                    numbers.thousandths(self.from, self.drafts.len(), range, &mut self.blocks[at]);
                    self.look_at(at);
                }
                None => self.blocks[at].valid = 0,
            }
        }
        let [a, b, c, total] = self.blocks.each_ref().map(|block| block.valid);
        let three = a & b & c & !total;
        // A single-phase meter in a file of three-phase ones has its only phase in the first column.
        let one = (a ^ total) & !b & !c;
        let wrong = (a | b | c | total) & !three & !one;
        self.refuse(wrong & total, Reason::FieldTwice);
        self.refuse(wrong & !total, Reason::FieldType);
        let number = |block: usize, row: usize| self.blocks[block].numbers[row];
        for row in bits(one) {
            let block = if total >> row & 1 == 1 { 3 } else { 0 };
            put(&mut self.drafts[row], Phases::One(number(block, row)));
        }
        for row in bits(three) {
            let three = [0, 1, 2].map(|block| number(block, row));
            if let Some(three) = put(&mut self.drafts[row], Phases::Three(three)) {
                keep(self.beside.of(row).phases.get_or_insert_default(), three);
            }
        }
    }

    #[inline(always)]
    fn put(&mut self, put: impl Fn(&mut Draft, i64)) {
        self.look_at(0);
        let block = &self.blocks[0];
        if block.valid == first(self.drafts.len()) {
            let rows = self.drafts.iter_mut().zip(&block.numbers);
            rows.for_each(|(draft, &one)| put(draft, one));
        } else {
            bits(block.valid).for_each(|row| put(&mut self.drafts[row], block.numbers[row]));
        }
    }

    /// Refuses rows whose number is beyond, and notes where one is NaN and was left out.
    #[inline(always)]
    fn look_at(&mut self, block: usize) {
        let Block { beyond, nan, .. } = self.blocks[block];
        self.refuse(beyond, Reason::NumberRange);
        bits(nan).for_each(|row| self.drafts[row].not_a_number());
    }

    #[inline(always)]
    pub(super) fn refuse(&mut self, rows: u64, reason: Reason) {
        for row in bits(rows) {
            self.refused[row].get_or_insert(reason);
        }
    }
}
