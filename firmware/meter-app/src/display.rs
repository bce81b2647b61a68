//! Two lines of sixteen letters, page by page, as a small display shows them.

use crate::meter::Meter;
use core::fmt::{self, Write};
use embedded_storage::nor_flash::MultiwriteNorFlash;
use meter_tamper::Kind;

/// Letters of a line.
pub const WIDTH: usize = 16;

/// Pages that follow one another.
pub const PAGES: usize = 6;

/// What the display shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Display {
    lines: [[u8; WIDTH]; 2],
}

/// A line that is being filled. What is beyond its end is cut.
struct Line {
    letters: [u8; WIDTH],
    used: usize,
}

/// Thousandths with three digits behind the point.
struct Thousandths(i64);

impl Display {
    /// Its lines.
    pub fn lines(&self) -> [&str; 2] {
        // Only whole ASCII letters are ever put into a line.
        self.lines.each_ref().map(|line| str::from_utf8(line).unwrap_or_default())
    }

    fn of(first: fmt::Arguments<'_>, second: fmt::Arguments<'_>) -> Self {
        let line = |text| {
            let mut line = Line { letters: [b' '; WIDTH], used: 0 };
            // It never fails: what does not fit is cut.
            let _ = line.write_fmt(text);
            line.letters
        };
        Self { lines: [line(first), line(second)] }
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for letter in text.bytes().map(|letter| if letter.is_ascii() { letter } else { b'?' }) {
            if let Some(place) = self.letters.get_mut(self.used) {
                *place = letter;
                self.used += 1;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Thousandths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let size = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:03}", size / 1_000, size % 1_000)
    }
}

impl<F: MultiwriteNorFlash> Meter<F> {
    /// One page; page after page every five seconds shows all.
    pub fn display(&self, page: usize) -> Display {
        let (measured, settings) = (self.measured(), self.settings());
        let import = self.import_micro();
        match page % PAGES {
            0 => Display::of(
                format_args!("IMPORT"),
                format_args!("{} kWh", Thousandths((import / 1_000_000) as i64)),
            ),
            1 => Display::of(
                format_args!("{} V", Thousandths(measured.voltage.0.into())),
                format_args!("{} A", Thousandths(i64::from(measured.phase.current.0 / 1_000))),
            ),
            2 => {
                let factor = measured.phase.power_factor(measured.voltage).0;
                let (sign, size) = (if factor < 0 { "-" } else { "" }, factor.unsigned_abs());
                Display::of(
                    format_args!("{} W", Thousandths(measured.phase.active.0)),
                    format_args!("PF {sign}{}.{:02}", size / 10_000, size % 10_000 / 100),
                )
            }
            3 => match settings.credit_wh(import) {
                Some(left) => Display::of(format_args!("BALANCE"), format_args!("{} kWh", Thousandths(left))),
                None => Display::of(format_args!("BALANCE"), format_args!("billed")),
            },
            4 => {
                let state = if self.relay_closed() { "SUPPLY ON" } else { "SUPPLY OFF" };
                match (self.supply().reasons().next(), self.fault()) {
                    (_, Some(fault)) => Display::of(format_args!("{state}"), format_args!("fault: {fault}")),
                    (Some(reason), None) => Display::of(format_args!("{state}"), format_args!("{reason}")),
                    (None, None) => Display::of(format_args!("{state}"), format_args!("")),
                }
            }
            _ => {
                let mut active = Kind::ALL.into_iter().filter(|kind| self.is_active(*kind));
                match active.next() {
                    Some(kind) => Display::of(
                        format_args!("EVENT {} +{}", kind.occurs().0, active.count()),
                        format_args!("{}", kind.name()),
                    ),
                    None => Display::of(format_args!("NO EVENT"), format_args!("")),
                }
            }
        }
    }
}
