//! Estimates energy that was not measured: the use during a silence, and a stand-in for energy that is not believed.

use fleet::Silence;
use metering::Metering;
use reading::time::HOUR;
use reading::{Interval, Quality};
use units::WattHours;

/// Spreads the energy of silences that are longer than `linear_up_to` by the load profile of the meter. Where the
/// profile has not seen all slots of a silence, its energy stays spread evenly over the time. The sum stays the same
/// to the Wh.
///
/// `rows` are the closed intervals that the silences came with, and `slots` the slots of their meters.
pub fn estimate(
    silences: &[Silence],
    linear_up_to: i64,
    slots: &[u32],
    rows: &mut [Interval],
    known: &mut Metering,
) {
    for silence in silences.iter().filter(|silence| silence.to.since(silence.from) > linear_up_to) {
        let Some(&slot) = slots.get(silence.row) else { continue };
        let rest = slots[silence.row..].iter().take_while(|other| **other == slot).count();
        let rows = &mut rows[silence.row..silence.row + rest];
        let first = rows.partition_point(|row| row.end <= silence.from);
        let upto = rows.partition_point(|row| row.start < silence.to);
        if first < upto {
            spread(silence, slot, &mut rows[first..upto], known);
        }
    }
}

/// Puts what a meter usually uses beside energy that is rejected or estimated, where its profile has seen the slot. It
/// stands in for the one, and shows how much of the other is missing.
pub fn stand_in(slots: &[u32], rows: &mut [Interval], known: &mut Metering) {
    let is_in_doubt = |row: &Interval| row.quality.is_rejected() || row.quality.has(Quality::ESTIMATED);
    for (&slot, row) in slots.iter().zip(rows).filter(|(_, row)| is_in_doubt(row)) {
        // The profile is of net power: a solar roof that exports imports nothing meanwhile.
        let usual = known.usual(slot, row.end).map(|usual| usual.0.max(0.0));
        let wh = usual.map(|usual| usual * row.length() as f64 / HOUR as f64);
        row.instead = wh.map(|wh| WattHours(wh.round() as i64));
    }
}

/// Spreads one silence over the intervals that it touches.
fn spread(silence: &Silence, slot: u32, rows: &mut [Interval], known: &mut Metering) {
    // Running sums of mW times ms. They are whole numbers, and each interval gets the difference of two roundings of
    // the whole, so that the parts add up to the advance of the register exactly.
    let mut weights = Vec::with_capacity(rows.len());
    let mut whole = 0_i128;
    for row in rows.iter() {
        let ms = silence.to.min(row.end).since(silence.from.max(row.start));
        // The profile is of net power: a solar roof that exports imports nothing meanwhile.
        let Some(usual) = known.usual(slot, row.end) else { return };
        whole += i128::from((usual.0.max(0.0) * 1000.0).round() as i64) * i128::from(ms);
        weights.push(whole);
    }
    if whole == 0 {
        return;
    }
    let evenly = |row: &Interval| silence.advance_to(row.end) - silence.advance_to(row.start);
    let all: i64 = rows.iter().map(evenly).sum();
    let mut before = 0;
    for (row, upto) in rows.iter_mut().zip(weights) {
        let by_profile = (i128::from(all) * upto / whole) as i64;
        let even = evenly(row);
        if let Some(imp) = &mut row.imp {
            *imp += WattHours(by_profile - before - even);
        }
        before = by_profile;
    }
}
