//! The clock of the demo: the history as fast as possible, then the live part at its pace.

use super::feed::{Feed, Reached};
use super::picture::Picture;
use pipeline::Outputs;
use reading::EventTime;
use reading::time::{DAY, SECOND};
use std::io;
use std::time::{Duration, Instant};

/// How fast the demo runs, and how long.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Days of history.
    pub days: u32,
    /// Seconds of the town's time in one second.
    pub speed: f64,
    /// Seconds of the live part. Without a number, it goes on until the user ends it.
    pub seconds: Option<f64>,
}

/// Why the demo ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The user ended it, or its seconds are over.
    Asked,
    /// The town's last day is over.
    TownsEnd,
}

/// A way to show pictures. An implementation may leave pictures out.
pub trait View {
    /// Takes the picture after each step of at most one interval. It must be quick, or the demo falls behind its
    /// pace.
    fn after_step(&mut self, picture: &Picture) -> io::Result<()>;
    /// Shows the picture, waits so long for the user, and returns whether to go on.
    fn frame(&mut self, picture: &Picture, wait: Duration) -> io::Result<bool>;
}

/// Ten pictures a second look smooth enough.
const FRAME: Duration = Duration::from_millis(100);

/// Runs the whole demo.
pub fn run<V: View>(
    pace: &Pace,
    feed: &mut Feed<'_>,
    picture: &mut Picture,
    view: &mut V,
) -> io::Result<Ended> {
    let mut show = Show { feed, picture, view, out: Outputs::default(), rate: Rate::begin(0) };
    match show.history(pace)? {
        Some(ended) => Ok(ended),
        None => show.live(pace),
    }
}

struct Show<'a, 'town, V> {
    feed: &'a mut Feed<'town>,
    picture: &'a mut Picture,
    view: &'a mut V,
    out: Outputs,
    rate: Rate,
}

impl<V: View> Show<'_, '_, V> {
    fn history(&mut self, pace: &Pace) -> io::Result<Option<Ended>> {
        let start = self.picture.now;
        let end = start.plus(i64::from(pace.days) * DAY);
        while self.picture.now < end {
            let deadline = now() + FRAME;
            let more = self.advance(end, deadline)?;
            self.refresh();
            self.picture.history = Some(self.picture.now.since(start) as f64 / end.since(start) as f64);
            if !self.view.frame(self.picture, Duration::ZERO)? {
                return Ok(Some(Ended::Asked));
            }
            if !more {
                return Ok(Some(Ended::TownsEnd));
            }
        }
        self.picture.history = None;
        Ok(None)
    }

    fn live(&mut self, pace: &Pace) -> io::Result<Ended> {
        let began = now();
        // Forget the rate of the history: it ran as fast as possible, and the live part does not.
        self.rate = Rate::begin(self.picture.gauges.readings);
        let mut last = began;
        // A fraction of a millisecond is carried to the next frame. Otherwise the town's clock would fall behind.
        let mut left = 0.0;
        loop {
            let woke = now();
            let rest = pace.seconds.map(|seconds| seconds - woke.duration_since(began).as_secs_f64());
            let over = rest.is_some_and(|rest| rest <= 0.0);
            left += woke.duration_since(last).as_secs_f64() * pace.speed * SECOND as f64;
            last = woke;
            let until = self.picture.now.plus(left as i64);
            left = left.fract();
            let more = self.advance(until, woke + FRAME)?;
            self.refresh();
            if over {
                return Ok(Ended::Asked);
            }
            let wait = FRAME.saturating_sub(woke.elapsed());
            let wait = rest.map_or(wait, |rest| wait.min(Duration::from_secs_f64(rest.min(1.0))));
            if !self.view.frame(self.picture, wait)? {
                return Ok(Ended::Asked);
            }
            if !more {
                return Ok(Ended::TownsEnd);
            }
        }
    }

    /// Runs the town to a moment, or until the deadline. Returns whether the town has more messages.
    fn advance(&mut self, until: EventTime, deadline: Instant) -> io::Result<bool> {
        let grid = self.picture.grid;
        while self.picture.now < until {
            // One interval at a time, so that the plain lines, one for each hour, miss no hour.
            let next = grid.end(grid.index(self.picture.now.plus(1))).min(until);
            let reached = self.feed.step(next, &mut self.out);
            self.picture.now = match reached {
                Reached::Part(at) => at,
                Reached::Moment | Reached::End => next,
            };
            let ticked = !self.out.closings.is_empty();
            self.picture.take(&mut self.out);
            if self.picture.history.is_none() && ticked {
                self.refresh();
            }
            self.view.after_step(self.picture)?;
            if reached == Reached::End {
                return Ok(false);
            }
            if now() >= deadline {
                break;
            }
        }
        Ok(true)
    }

    fn refresh(&mut self) {
        self.picture.refresh(self.feed);
        self.picture.rate = self.rate.of(self.picture.gauges.readings);
    }
}

/// Readings a second of wall time, over the last few seconds.
struct Rate {
    marks: std::collections::VecDeque<(Instant, u64)>,
}

impl Rate {
    /// Begins to measure at this count of readings.
    fn begin(readings: u64) -> Self {
        Self { marks: [(now(), readings)].into() }
    }

    fn of(&mut self, readings: u64) -> f64 {
        let now = now();
        // Readings come in bursts, one burst an interval. At the usual speed three seconds hold several bursts.
        while self.marks.len() > 1 && now.duration_since(self.marks[0].0) > Duration::from_secs(3) {
            self.marks.pop_front();
        }
        let (since, before) = self.marks[0];
        if self.marks.back().is_none_or(|(last, _)| now.duration_since(*last) >= FRAME / 2) {
            self.marks.push_back((now, readings));
        }
        (readings - before) as f64 / now.duration_since(since).as_secs_f64().max(0.001)
    }
}

#[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
fn now() -> Instant {
    Instant::now()
}
