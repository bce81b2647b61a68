//! The consumers of each transformer, side by side.

use crate::row::{Role, TopologyRow};
use reading::EventTime;

/// Marks a row that always holds and is the only one of its meter. Then the table itself, which is large, need not be
/// looked at.
const PLAIN: u32 = 1 << 31;

/// The rows of consumers, transformer by transformer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Members {
    /// Numbers of rows; most of them with [`PLAIN`].
    rows: Vec<u32>,
    /// Where the rows of each transformer end in `rows`.
    ends: Vec<u32>,
}

impl Members {
    /// `rows` is the table, by meter; `transformer_of` knows the number of the transformer of each row.
    pub(crate) fn new(
        rows: &[TopologyRow],
        transformer_of: impl Fn(u32) -> Option<u32>,
        transformers: usize,
    ) -> Self {
        let mut placed: Vec<(u32, u32)> = (0..)
            .zip(rows)
            .filter(|(_, row)| row.role == Role::Consumer)
            .filter_map(|(number, _)| Some((transformer_of(number)?, number)))
            .collect();
        placed.sort_unstable();
        let ends = (0..transformers as u32)
            .map(|transformer| placed.partition_point(|(of, _)| *of <= transformer) as u32)
            .collect();
        Self { rows: placed.into_iter().map(|(_, row)| row | plain(rows, row)).collect(), ends }
    }

    /// The consumers that a transformer supplies at `end`: for each the number of its row, and that of the first row
    /// of its meter.
    pub(crate) fn at<'a>(
        &'a self,
        table: &'a [TopologyRow],
        transformer: u32,
        end: EventTime,
    ) -> impl Iterator<Item = (u32, u32)> + 'a {
        let to = self.ends[transformer as usize] as usize;
        let from = transformer.checked_sub(1).map_or(0, |before| self.ends[before as usize] as usize);
        self.rows[from..to].iter().filter_map(move |&row| {
            let number = row & !PLAIN;
            if row & PLAIN != 0 {
                return Some((number, number));
            }
            table[number as usize].holds_at(end).then(|| (number, first_of(table, number)))
        })
    }
}

/// The number of the first row of the meter in the row with a number.
fn first_of(table: &[TopologyRow], row: u32) -> u32 {
    let meter = &table[row as usize].meter;
    let before = (0..row).rev().take_while(|&earlier| table[earlier as usize].meter == *meter);
    before.last().unwrap_or(row)
}

/// [`PLAIN`] if it fits the row with a number.
fn plain(table: &[TopologyRow], number: u32) -> u32 {
    let at = number as usize;
    let row = &table[at];
    let is_other = |neighbour: Option<usize>| {
        neighbour.and_then(|at| table.get(at)).is_none_or(|other| other.meter != row.meter)
    };
    let is_plain =
        row.from.is_none() && row.to.is_none() && is_other(at.checked_sub(1)) && is_other(Some(at + 1));
    if is_plain { PLAIN } else { 0 }
}
