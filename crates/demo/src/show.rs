//! The clock of the demo: history as fast as it goes, then live at its pace.

use super::feed::{Came, Feed};
use super::picture::Picture;
use pipeline::Outputs;
use reading::EventTime;
use reading::time::{DAY, SECOND};
use std::io;
use std::time::{Duration, Instant};

/// How fast and how long.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Days of history.
    pub days: u32,
    /// Event seconds a second.
    pub speed: f64,
    /// Seconds of the live part; without it, until the user ends it.
    pub seconds: Option<f64>,
}

/// Why it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The user wanted it, or the seconds are over.
    Asked,
    /// The town's last day is over.
    TownsEnd,
}

/// What shows a picture. An implementation may show less than each picture, and never changes one.
pub trait View {
    /// Takes the picture after each step of at most one interval; must be quick.
    fn news(&mut self, picture: &Picture) -> io::Result<()>;
    /// Shows the picture and waits so long for the user. Tells whether to go on.
    fn frame(&mut self, picture: &Picture, wait: Duration) -> io::Result<bool>;
}

/// Ten pictures a second are enough to see things move.
const FRAME: Duration = Duration::from_millis(100);

/// Runs the whole demo.
pub fn run<V: View>(
    pace: &Pace,
    feed: &mut Feed<'_>,
    picture: &mut Picture,
    view: &mut V,
) -> io::Result<Ended> {
    let mut stage = Stage { feed, picture, view, out: Outputs::default(), rate: Rate::begin(0) };
    match stage.history(pace)? {
        Some(ended) => Ok(ended),
        None => stage.live(pace),
    }
}

struct Stage<'a, 'town, V> {
    feed: &'a mut Feed<'town>,
    picture: &'a mut Picture,
    view: &'a mut V,
    out: Outputs,
    rate: Rate,
}

impl<V: View> Stage<'_, '_, V> {
    fn history(&mut self, pace: &Pace) -> io::Result<Option<Ended>> {
        let start = self.picture.now;
        let end = start.plus(i64::from(pace.days) * DAY);
        while self.picture.now < end {
            let deadline = now() + FRAME;
            let more = self.advance(end, deadline)?;
            self.look();
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
        // The history went as fast as it could, which says nothing about the live part.
        self.rate = Rate::begin(self.picture.gauges.readings);
        let mut last = began;
        // What is less than a millisecond of the town is kept for the next frame.
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
            self.look();
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

    /// Goes on to a moment, or until the deadline. Tells whether the town has more to say.
    fn advance(&mut self, until: EventTime, deadline: Instant) -> io::Result<bool> {
        let grid = self.picture.grid;
        while self.picture.now < until {
            // An interval at a time, so that whoever prints hours misses none.
            let next = grid.end(grid.index(self.picture.now.plus(1))).min(until);
            let came = self.feed.step(next, &mut self.out);
            self.picture.now = match came {
                Came::Part(at) => at,
                Came::There | Came::End => next,
            };
            let ticked = !self.out.ticks.is_empty();
            self.picture.take(&mut self.out);
            if self.picture.history.is_none() && ticked {
                self.look();
            }
            self.view.news(self.picture)?;
            if came == Came::End {
                return Ok(false);
            }
            if now() >= deadline {
                break;
            }
        }
        Ok(true)
    }

    fn look(&mut self) {
        self.picture.look(self.feed);
        self.picture.rate = self.rate.of(self.picture.gauges.readings);
    }
}

/// Readings a second of wall time, over the last few seconds.
struct Rate {
    marks: std::collections::VecDeque<(Instant, u64)>,
}

impl Rate {
    /// From so many readings on.
    fn begin(readings: u64) -> Self {
        Self { marks: [(now(), readings)].into() }
    }

    fn of(&mut self, readings: u64) -> f64 {
        let now = now();
        // Readings come in bursts, one an interval; three seconds are some of them at the usual speed.
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
