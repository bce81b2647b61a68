//! The register readings of an interval that is over, as far as they are needed.

use crate::cell::Registers;
use crate::fleet::Fleet;
use crate::register::Point;

/// The register readings of one interval, of import or of export.
#[derive(Debug)]
pub(crate) enum RegisterPoints {
    /// They rise evenly: the first and the last.
    Ends([Point; 2]),
    /// All that are needed, by time.
    Points(Vec<Point>),
}

impl RegisterPoints {
    pub(crate) fn points(&self) -> &[Point] {
        match self {
            Self::Ends([first, last]) if first == last => std::slice::from_ref(first),
            Self::Ends(ends) => ends,
            Self::Points(points) => points,
        }
    }
}

impl Fleet {
    /// The register readings that an interval is settled by, if it has any.
    pub(crate) fn register_points(
        &self,
        slot: u32,
        index: i64,
        registers: Registers,
        mut points: Vec<Point>,
    ) -> Option<RegisterPoints> {
        let (first, last) = registers.ends(self.settings.grid.start(index))?;
        if !registers.listed {
            return Some(RegisterPoints::Ends([first, last]));
        }
        points.sort_by_key(|point| point.time);
        // With two devices keep each point: one whose height is between two others may be the first of the new
        // device.
        if !self.swaps.contains_key(&self.table.meter(slot)) {
            keep_the_turns(&mut points);
        }
        Some(RegisterPoints::Points(points))
    }
}

/// Removes points whose height is between that of an earlier and a later point. Whether such a point was kept depends
/// on the order of arrival, and the result must not.
fn keep_the_turns(points: &mut Vec<Point>) {
    let mut turns = vec![false; points.len()];
    let mut lowest = i64::MAX;
    for (turn, point) in turns.iter_mut().zip(points.iter()) {
        *turn |= point.wh < lowest;
        lowest = lowest.min(point.wh);
    }
    let mut highest = i64::MIN;
    for (turn, point) in turns.iter_mut().zip(points.iter()).rev() {
        *turn |= point.wh > highest;
        highest = highest.max(point.wh);
    }
    let mut turns = turns.into_iter();
    points.retain(|_| turns.next() == Some(true));
}
