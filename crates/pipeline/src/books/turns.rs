//! A meter that comes back has many rows at once. They are entered one after the other, because an estimate, and the rules
//! for a day, ask what the rows before have taught.
//!
//! Example: a meter delivers two days, and on the second of them it missed five hours. Its profile must know the first day
//! before these hours are estimated, as if the days had come one by one.

use fleet::Silence;
use reading::Interval;
use std::ops::Range;

/// Rows that are entered together, and the silences that end with them.
#[derive(Debug, PartialEq)]
pub(super) struct Turn {
    pub rows: Range<usize>,
    /// Their indices count from the first row of the turn.
    pub silences: Vec<Silence>,
}

/// Whether a meter has more than one row. Rows are sorted by meter.
pub(super) fn any_has_several(slots: &[u32]) -> bool {
    slots.windows(2).any(|two| two[0] == two[1])
}

/// Divides rows into turns. In each of them a meter has one row, or the rows of one silence that is longer than
/// `longer_than`, for these share its energy.
pub(super) fn turns(slots: &[u32], rows: &[Interval], silences: &[Silence], longer_than: i64) -> Vec<Turn> {
    let mut shares: Vec<bool> = vec![false; rows.len()];
    let mut placed = Vec::with_capacity(silences.len());
    for silence in silences.iter().filter(|silence| silence.to.since(silence.from) > longer_than) {
        let Some(own) = rows_of(slots, silence.row) else { continue };
        let first = own.start + rows[own.clone()].partition_point(|row| row.end <= silence.from);
        let upto = own.start + rows[own].partition_point(|row| row.start < silence.to);
        if first < upto {
            shares[first + 1..upto].fill(true);
            placed.push((first, *silence));
        }
    }
    let mut all: Vec<Turn> = Vec::new();
    let mut first = 0;
    for at in 1..=rows.len() {
        if at == rows.len() || slots[at] == slots[at - 1] && !shares[at] {
            all.push(Turn { rows: first..at, silences: Vec::new() });
            first = at;
        }
    }
    for (row, silence) in placed {
        let turn = all.partition_point(|turn| turn.rows.end <= row);
        let row = row - all[turn].rows.start;
        all[turn].silences.push(Silence { row, ..silence });
    }
    all
}

/// The rows of the meter whose rows begin at an index.
fn rows_of(slots: &[u32], from: usize) -> Option<Range<usize>> {
    let slot = slots.get(from)?;
    Some(from..from + slots[from..].iter().take_while(|other| *other == slot).count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::row;
    use reading::EventTime;
    use reading::time::HOUR;

    fn silence(row: usize, from: i64, to: i64) -> Silence {
        Silence { row, from: EventTime(from), to: EventTime(to), wh: 1 }
    }

    #[test]
    fn a_meter_has_one_row_or_one_silence_in_a_turn() {
        let slots = [0, 1, 1, 1, 1, 1, 1, 2];
        let rows: Vec<Interval> =
            slots.iter().zip([9, 1, 2, 3, 4, 5, 6, 9]).map(|(&slot, hour)| row(slot, hour)).collect();
        // Hours 3 to 5 share a silence, and hour 6 a short one.
        let silences = [silence(1, 2 * HOUR, 5 * HOUR - 1), silence(1, 5 * HOUR + 1, 6 * HOUR)];
        let turn = |rows, silences: &[Silence]| Turn { rows, silences: silences.to_vec() };
        let expected = [
            turn(0..2, &[]),
            turn(2..3, &[]),
            turn(3..6, &[silence(0, 2 * HOUR, 5 * HOUR - 1)]),
            turn(6..8, &[]),
        ];
        assert!(any_has_several(&slots));
        assert_eq!(turns(&slots, &rows, &silences, HOUR), expected);
    }

    #[test]
    fn silences_that_share_a_row_are_in_one_turn() {
        let rows: Vec<Interval> = (1..=4).map(|hour| row(0, hour)).collect();
        let half = HOUR / 2;
        let silences = [silence(0, half, 2 * HOUR + half), silence(0, 2 * HOUR + half, 4 * HOUR)];
        let all = turns(&[0; 4], &rows, &silences, 0);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].silences, [silences[0], silence(2, 2 * HOUR + half, 4 * HOUR)]);
    }

    #[test]
    fn meters_with_a_row_each_have_one_turn() {
        assert!(!any_has_several(&[3, 1, 2]));
        assert!(!any_has_several(&[]));
        let rows = [row(3, 1), row(1, 1), row(2, 1)];
        assert_eq!(turns(&[3, 1, 2], &rows, &[], 0), [Turn { rows: 0..3, silences: Vec::new() }]);
    }
}
