//! The demo as plain lines: for pipes, logs and simple terminals.

use super::local;
use super::picture::Picture;
use super::show::View;
use reading::EventTime;
use reading::time::HOUR;
use shell::{Stop, count};
use std::io::{self, Write};
use std::time::Duration;

/// Lines on an output.
pub struct Lines<W> {
    out: W,
    stop: Stop,
    quiet: bool,
    /// Tenths of the history that were printed.
    tenths: u32,
    live: bool,
    hour: Option<i64>,
    alerts: u64,
}

impl<W: Write> Lines<W> {
    /// Nothing is printed yet.
    pub fn new(out: W, stop: Stop, quiet: bool) -> Self {
        Self { out, stop, quiet, tenths: 0, live: false, hour: None, alerts: 0 }
    }

    fn history(&mut self, picture: &Picture, share: f64) -> io::Result<()> {
        let tenths = (share * 10.0) as u32;
        if tenths > self.tenths {
            self.tenths = tenths;
            writeln!(
                self.out,
                "history {:>3.0} %  {}  {}  {:.0} readings/s  {} opened",
                100.0 * share,
                local::moment(&picture.calendar, picture.now),
                count(picture.gauges.readings, "reading"),
                picture.rate,
                count(picture.opened, "case"),
            )?;
            self.out.flush()?;
        }
        Ok(())
    }

    fn hour(&mut self, picture: &Picture, end: EventTime) -> io::Result<()> {
        let Some(load) = picture.load() else { return Ok(()) };
        let expected = picture.expected_at(load.end).map_or("none".to_owned(), |expected| {
            format!(
                "{} kW ({} to {})",
                local::kilowatts(expected.kw),
                local::kilowatts(expected.low),
                local::kilowatts(expected.high)
            )
        });
        let watermark = picture
            .gauges
            .watermark
            .map_or("none".to_owned(), |watermark| local::clock(&picture.calendar, watermark));
        writeln!(
            self.out,
            "{}  load {} kW  expected {expected}  {:.0} readings/s  watermark {watermark}  {} open",
            local::moment(&picture.calendar, end),
            local::kilowatts(load.kw),
            picture.rate,
            count(picture.gauges.open_intervals, "interval"),
        )
    }
}

impl<W: Write> View for Lines<W> {
    fn after_step(&mut self, picture: &Picture) -> io::Result<()> {
        if self.quiet || picture.history.is_some() {
            return Ok(());
        }
        if !self.live {
            // The lines of the history have counted its alerts, so only later ones are printed.
            self.live = true;
            writeln!(self.out, "live from {}", local::moment(&picture.calendar, picture.now))?;
        }
        let new = (picture.alert_count - self.alerts).min(picture.alerts.len() as u64) as usize;
        self.alerts = picture.alert_count;
        for alert in picture.alerts.iter().take(new).rev() {
            let time = local::moment(&picture.calendar, alert.time());
            writeln!(self.out, "ALERT {time}  {}", alert.sentence(&picture.calendar))?;
        }
        if let Some(load) = picture.load() {
            let day = picture.calendar.start_of(picture.calendar.day(load.end));
            let hour = load.end.since(day).div_euclid(HOUR) + day.0.div_euclid(HOUR);
            if self.hour.replace(hour).is_some_and(|before| before < hour) {
                self.hour(picture, load.end)?;
            }
        }
        self.out.flush()
    }

    fn frame(&mut self, picture: &Picture, wait: Duration) -> io::Result<bool> {
        if let Some(share) = picture.history.filter(|_| !self.quiet) {
            self.history(picture, share)?;
        }
        if picture.history.is_some() {
            self.alerts = picture.alert_count;
        }
        std::thread::sleep(wait);
        Ok(!self.stop.is_asked())
    }
}
