//! What stands beside the readings of a block, because few readings carry it.

use crate::numbers::BLOCK;
use reading::Extra;

/// The extras of a block, and a bit for each row that may have one.
#[derive(Debug)]
pub(super) struct Beside {
    all: Vec<Extra>,
    rows: u64,
}

impl Beside {
    pub(super) fn new() -> Self {
        Self { all: vec![Extra::default(); BLOCK], rows: 0 }
    }

    /// The rows that may have one.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// The extra of a row, to be filled.
    #[inline]
    pub(super) fn of(&mut self, row: usize) -> &mut Extra {
        self.rows |= 1 << row;
        &mut self.all[row]
    }

    /// Takes the extra of a row, if it holds anything.
    pub(super) fn take(&mut self, row: usize) -> Option<Extra> {
        let has_one = self.rows >> row & 1 == 1;
        has_one.then(|| std::mem::take(&mut self.all[row])).filter(|extra| *extra != Extra::default())
    }

    /// Forgets what rows have that were refused.
    pub(super) fn clear(&mut self) {
        for row in crate::numbers::bits(std::mem::take(&mut self.rows)) {
            self.all[row] = Extra::default();
        }
    }
}
