//! News from the folder of a replay. It is read when `summary.json` is there, which a replay writes last, and read again when
//! that is another one.

use super::news::{notice, row};
use api::{News, Post};
use columns::outputs::{Alerts, Cases, Demand, Evidence, Health, Notices, Output};
use columns::read_back;
use serde_json::{Map, Value};
use shell::{Failure, Stop, telemetry};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::{Duration, SystemTime};

/// How often to look for a new summary.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Which summary it is.
type Mark = (SystemTime, u64);

/// Reads the folder on a thread of its own, until the process ends.
pub(super) fn read(dir: &Path, news: &SyncSender<News>, post: &Post, stop: Stop) -> Result<(), Failure> {
    if !dir.is_dir() {
        let problem = format!("there is no folder {}", dir.display());
        return Err(Failure::wrong(problem, "`--results` names the folder that a replay writes"));
    }
    let source = Source { dir: dir.to_owned(), news: news.clone(), post: post.clone() };
    let spawned = thread::Builder::new().name("results".to_owned()).spawn(move || source.follow(&stop));
    spawned.map(drop).map_err(|cause| Failure::failed("cannot start a thread", &cause))
}

struct Source {
    dir: PathBuf,
    news: SyncSender<News>,
    post: Post,
}

/// Nobody takes news any more.
struct Ended;

impl Source {
    fn follow(&self, stop: &Stop) {
        let mut known = None::<Mark>;
        while !stop.is_asked() {
            let mark = self.mark();
            if mark.is_some() && mark != known {
                if self.read_all(known.is_some()).is_err() {
                    return;
                }
                // A replay that moved its files meanwhile has another summary, or none yet.
                if self.mark() == mark {
                    known = mark;
                    if self.send(News::CaughtUp).is_err() {
                        return;
                    }
                }
            }
            self.post.wake();
            thread::sleep(LOOK_EVERY);
        }
    }

    fn mark(&self) -> Option<Mark> {
        let summary = fs::metadata(self.dir.join("summary.json")).ok()?;
        Some((summary.modified().ok()?, summary.len()))
    }

    fn send(&self, news: News) -> Result<(), Ended> {
        self.news.send(news).map_err(|_| Ended)
    }

    fn read_all(&self, again: bool) -> Result<(), Ended> {
        if again {
            self.send(News::Anew)?;
        }
        let (mut alerts, mut notices) = (0, 0);
        self.lines(Alerts::ABOUT.file, |source, line| {
            alerts += 1;
            source.send(row(line, Alerts::ABOUT.file, News::Alert))
        })?;
        let cases = self.table(Cases::ABOUT.file, News::Case)?;
        self.table(Evidence::ABOUT.file, News::Fact)?;
        self.table(Demand::ABOUT.file, News::Demand)?;
        self.table(Health::ABOUT.file, News::Health)?;
        self.lines(Notices::ABOUT.file, |source, line| {
            notices += 1;
            source.send(notice(line, Notices::ABOUT.file, None))
        })?;
        telemetry::outputs_read(alerts, cases, notices);
        Ok(())
    }

    /// Hands on each line. A file that is not there has none: the plan did not ask for it.
    fn lines(&self, file: &str, mut to: impl FnMut(&Self, &[u8]) -> Result<(), Ended>) -> Result<(), Ended> {
        let failed = |error: &io::Error| News::Unreadable(format!("{file}: {error}"));
        let mut lines = match File::open(self.dir.join(file)) {
            Ok(file) => BufReader::new(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return self.send(failed(&error)),
        };
        let mut line = Vec::new();
        loop {
            line.clear();
            match lines.read_until(b'\n', &mut line) {
                Ok(0) => return Ok(()),
                Ok(_) => to(self, line.trim_ascii_end())?,
                Err(error) => return self.send(failed(&error)),
            }
        }
    }

    /// Hands on each row, and returns how many there are.
    fn table(&self, file: &str, news: fn(Map<String, Value>) -> News) -> Result<usize, Ended> {
        let path = self.dir.join(file);
        if !path.is_file() {
            return Ok(0);
        }
        match read_back(&path) {
            Ok((_, rows)) => {
                let count = rows.len();
                rows.into_iter().try_for_each(|row| self.send(news(row)))?;
                Ok(count)
            }
            Err(error) => self.send(News::Unreadable(format!("{file}: {error}"))).map(|()| 0),
        }
    }
}
