//! Readings of one meter from a picture: `3344 4433 .000 00!<0`.
//!
//! | sign | meaning |
//! | --- | --- |
//! | `0` to `9` | one interval that uses so many tenths of a kWh; its reading arrives |
//! | `.` | one interval that uses nothing; its reading is lost |
//! | `!` | no interval: the message before arrives a second time, directly after it |
//! | `<` | no interval: the message before arrives after that of the next interval; `<<`: one interval later still |
//! | space, line end | nothing |
//!
//! The first reading is at the start of the first interval, so that the energy of the first digit is known. The
//! register starts at [`OPENS_AT`], and a reading has nothing but the register.

use reading::{EventTime, MeterId, RawReading};
use units::WattHours;

/// What the register shows at the start.
pub const OPENS_AT: WattHours = WattHours(1_000_000);

/// A tenth of a kWh.
const A_DIGIT: i64 = 100;

/// The readings of a picture, in order of arrival; its first interval starts at `start`.
///
/// # Panics
///
/// If the picture holds another sign, or starts with `!` or `<`: a picture is written by hand, into a test.
pub fn readings(picture: &str, meter: MeterId, start: EventTime, interval_ms: i64) -> Vec<RawReading> {
    let mut register = OPENS_AT;
    let mut time = start;
    // Each message with the interval after whose message it arrives, and whether it is late.
    let mut messages: Vec<(Place, RawReading)> = Vec::new();
    let mut slot = 0;
    messages.push((Place { slot, late: false }, reading(meter, time, register)));
    for sign in picture.chars().filter(|sign| !sign.is_whitespace()) {
        match sign {
            '0'..='9' | '.' => {
                slot += 1;
                time = time.plus(interval_ms);
                if let Some(digit) = sign.to_digit(10) {
                    register += WattHours(A_DIGIT * i64::from(digit));
                    messages.push((Place { slot, late: false }, reading(meter, time, register)));
                }
            }
            '!' if slot > 0 => messages.extend(messages.last().cloned()),
            '<' if slot > 0 => {
                let last = messages.last_mut().expect("the opening reading is there");
                last.0 = Place { slot: last.0.slot + 1, late: true };
            }
            _ => {
                panic!("picture {picture:?} holds {sign:?}, but takes only 0 to 9, `.`, and then `!` or `<`")
            }
        }
    }
    // Stable, so that messages of one place keep the order in which they are drawn.
    messages.sort_by_key(|(place, _)| *place);
    messages.into_iter().map(|(_, raw)| raw).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    slot: u32,
    late: bool,
}

fn reading(meter: MeterId, time: EventTime, register: WattHours) -> RawReading {
    let mut raw = RawReading::new(meter, time);
    raw.imp = Some(register);
    raw
}

#[cfg(test)]
mod tests;
