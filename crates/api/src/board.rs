//! What was found, as people look at it: the latest alerts, cases with their evidence, and notices. In memory, bounded, made
//! anew from the outputs after each start.

use grid::Topology;
use notify::Notice;
use notify::desk::Phase;
use reading::EventTime;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// So many of each kind are kept. When one more comes, the oldest is forgotten.
pub const MOST: usize = 100_000;

/// A row of an output, as its message has it.
pub type Columns = Map<String, Value>;

/// What a source has found in the outputs.
#[derive(Debug)]
pub enum News {
    /// A row of `alerts`.
    Alert(Columns),
    /// A row of `cases`.
    Case(Columns),
    /// A row of `evidence`.
    Fact(Columns),
    /// A row of `notices`, as it was written and as it is read, and the trace of what settled its tick.
    Notice(Columns, Box<Notice>, Option<String>),
    /// A row of `demand`.
    Demand(Columns),
    /// A row of `health`.
    Health(Columns),
    /// Other meters, and other people at them.
    Places(Box<Topology>),
    /// All outputs were made anew: what came before is out of date.
    Anew,
    /// All that there is has come. What follows is new.
    CaughtUp,
    /// Something of the outputs cannot be read, in words.
    Unreadable(String),
}

/// A row with what it is found by.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its name.
    pub id: String,
    /// Its area, if it has one.
    pub area: Option<String>,
    /// Its columns.
    pub columns: Columns,
}

/// Rows by their names, and by time.
#[derive(Debug, Default)]
pub struct Rows {
    times: BTreeMap<String, i64>,
    rows: BTreeMap<(i64, String), Row>,
}

impl Rows {
    /// Takes a row, in the place of an earlier one of its name. `time` is its column of time. False if it has no name or no
    /// time.
    fn put(&mut self, columns: Columns, time: &str) -> bool {
        let text = |column: &str| columns.get(column).and_then(Value::as_str);
        let Some(id) = text("id").map(str::to_owned) else { return false };
        let Some(time) = text(time).and_then(|text| EventTime::parse_rfc3339(text.as_bytes())) else {
            return false;
        };
        let area = text("area").map(str::to_owned);
        if let Some(before) = self.times.insert(id.clone(), time.0) {
            self.rows.remove(&(before, id.clone()));
        }
        self.rows.insert((time.0, id.clone()), Row { id, area, columns });
        true
    }

    /// Forgets the oldest if there are too many, and returns its name.
    fn trim(&mut self) -> Option<String> {
        if self.rows.len() <= MOST {
            return None;
        }
        let ((_, id), _) = self.rows.pop_first()?;
        self.times.remove(&id);
        Some(id)
    }

    /// The row of this name.
    pub fn get(&self, id: &str) -> Option<&Row> {
        self.rows.get(&(*self.times.get(id)?, id.to_owned()))
    }

    /// The rows, the newest first; with `after`, only those behind the row of this name. `None` if there is no such row.
    pub fn newest(&self, after: Option<&str>) -> Option<impl Iterator<Item = &Row>> {
        let end = match after {
            None => (i64::MAX, String::new()),
            Some(id) => (*self.times.get(id)?, id.to_owned()),
        };
        Some(self.rows.range(..end).rev().map(|(_, row)| row))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// All that was found.
#[derive(Debug, Default)]
pub struct Board {
    /// Alerts.
    pub alerts: Rows,
    /// Cases as they are now.
    pub cases: Rows,
    /// Notices.
    pub notices: Rows,
    /// Facts of each case, by what names one.
    facts: BTreeMap<String, BTreeMap<String, Columns>>,
    /// What goes on, by the name of the episode.
    going_on: BTreeMap<String, GoingOn>,
    /// What each meter counted in its latest billing period.
    uses: BTreeMap<String, Use>,
    /// The stamp of the latest reading of each meter.
    last_heard: BTreeMap<String, EventTime>,
    /// What is over. Notices of one thing may come by several partitions, and so its end before its beginning.
    over: Over,
    /// Whether all that there was has come.
    pub is_whole: bool,
    /// Rows that could not be read.
    pub unreadable: u64,
}

/// Something that goes on.
#[derive(Debug)]
struct GoingOn {
    area: Option<String>,
    /// The meter, transformer or feeder.
    name: String,
}

/// The latest [`MOST`] episodes that ended, with their ends.
#[derive(Debug, Default)]
struct Over {
    times: BTreeMap<String, EventTime>,
    oldest: BTreeSet<(EventTime, String)>,
}

impl Over {
    fn insert(&mut self, episode: &str, time: EventTime) {
        if let Some(before) = self.times.insert(episode.to_owned(), time) {
            self.oldest.remove(&(before, episode.to_owned()));
        }
        self.oldest.insert((time, episode.to_owned()));
        if self.oldest.len() > MOST
            && let Some((_, forgotten)) = self.oldest.pop_first()
        {
            self.times.remove(&forgotten);
        }
    }
}

/// Watt-hours, since when and until when.
pub type Use = (i64, EventTime, EventTime);

/// What names a fact, beside its case: the key of its message.
const FACT: [&str; 4] = ["run", "detector", "looked_at", "fact"];

impl Board {
    /// Takes a row of `alerts`.
    pub fn alert(&mut self, columns: Columns) {
        self.unreadable += u64::from(!self.alerts.put(columns, "time"));
        self.alerts.trim();
    }

    /// Takes a row of `cases`.
    pub fn case(&mut self, columns: Columns) {
        self.unreadable += u64::from(!self.cases.put(columns, "updated"));
        if let Some(forgotten) = self.cases.trim() {
            self.facts.remove(&forgotten);
        }
    }

    /// Takes a row of `evidence`.
    pub fn fact(&mut self, columns: Columns) {
        let text = |column: &str| columns.get(column).and_then(Value::as_str);
        let Some(case) = text("case").map(str::to_owned) else {
            self.unreadable += 1;
            return;
        };
        let key = FACT.map(|column| text(column).unwrap_or("-")).join("/");
        self.facts.entry(case).or_default().insert(key, columns);
        // Evidence may come before its case, but cases alone are counted.
        while self.facts.len() > 2 * MOST {
            self.facts.pop_first();
        }
    }

    /// Takes a row of `notices`. False if it is the beginning of something whose end came before.
    pub fn notice(&mut self, columns: Columns, notice: &Notice) -> bool {
        let area = notice.place.area.map(|area| area.to_string());
        let is_over = self.over.times.contains_key(&notice.episode);
        match notice.phase {
            Phase::Began if is_over => {}
            Phase::Began => {
                let name = notice.scope.to_string();
                self.going_on.insert(notice.episode.clone(), GoingOn { area, name });
            }
            Phase::Ended | Phase::Withdrawn => {
                self.going_on.remove(&notice.episode);
                self.over.insert(&notice.episode, notice.time);
            }
            Phase::Once => {}
        }
        self.notices.put(columns, "time");
        self.notices.trim();
        !(is_over && notice.phase == Phase::Began)
    }

    /// The facts of a case, those of its latest strongest run alone.
    pub fn facts(&self, case: &str) -> Vec<&Columns> {
        let Some(facts) = self.facts.get(case) else { return Vec::new() };
        let until = |row: &Columns| {
            let text = |column: &str| row.get(column).and_then(Value::as_str).unwrap_or_default().to_owned();
            (text("run"), text("until"))
        };
        let mut latest = BTreeMap::<String, String>::new();
        for (run, until) in facts.values().map(until) {
            let known = latest.entry(run).or_default();
            // RFC 3339 in UTC sorts as time does.
            *known = until.max(std::mem::take(known));
        }
        facts
            .values()
            .filter(|row| {
                let (run, until) = until(row);
                latest.get(&run) == Some(&until)
            })
            .collect()
    }

    /// Whether an episode goes on.
    pub fn goes_on(&self, episode: &str) -> bool {
        self.going_on.contains_key(episode)
    }

    /// Whether it is a case that is open.
    pub fn is_open(&self, case: &str) -> bool {
        let state = self.cases.get(case).and_then(|row| row.columns.get("state"));
        state.and_then(Value::as_str) == Some("open")
    }

    /// What goes on by this name, with its area: the episode, its meter or part of the network, or the number at the end of
    /// that name. Only what somebody may know of.
    pub fn called(
        &self,
        what: &str,
        may_know: impl Fn(Option<&str>) -> bool,
    ) -> Vec<(String, Option<String>)> {
        let known = self.going_on.iter().filter(|(_, one)| may_know(one.area.as_deref()));
        let found = |is_called: &dyn Fn(&str, &str) -> bool| -> Vec<(String, Option<String>)> {
            let found = known.clone().filter(|(episode, one)| is_called(episode, &one.name));
            found.map(|(episode, one)| (episode.clone(), one.area.clone())).collect()
        };
        let whole =
            found(&|episode, name| episode.eq_ignore_ascii_case(what) || name.eq_ignore_ascii_case(what));
        let number = number_of(what).filter(|_| whole.is_empty() && what.bytes().all(|b| b.is_ascii_digit()));
        match number {
            None => whole,
            Some(number) => found(&|_, name| number_of(name) == Some(number)),
        }
    }

    /// Takes a row of `demand`: of a meter, for the whole day, the latest billing period counts.
    pub fn demand(&mut self, columns: &Columns) {
        let text = |column: &str| columns.get(column).and_then(Value::as_str);
        let time = |column: &str| text(column).and_then(|text| EventTime::parse_rfc3339(text.as_bytes()));
        let wh = columns.get("energy_wh").and_then(Value::as_i64);
        let (Some(meter), Some("all"), Some(from), Some(to)) =
            (text("meter"), text("zone"), time("start"), time("end"))
        else {
            return;
        };
        // Groups are named like `transformer/T1`.
        let Some(wh) = wh.filter(|_| !meter.contains('/')) else { return };
        let is_older = self.uses.get(meter).is_none_or(|(_, known, _)| *known <= from);
        if is_older {
            self.uses.insert(meter.to_owned(), (wh, from, to));
        }
    }

    /// Takes a row of `health`: of a meter, the latest reading counts.
    pub fn health(&mut self, columns: &Columns) {
        let text = |column: &str| columns.get(column).and_then(Value::as_str);
        let heard = text("last_heard").and_then(|text| EventTime::parse_rfc3339(text.as_bytes()));
        if let (Some("meter"), Some(meter), Some(heard)) = (text("role"), text("target"), heard) {
            let known = self.last_heard.entry(meter.to_owned()).or_insert(heard);
            *known = heard.max(*known);
        }
    }

    /// The stamp of the latest reading of a meter.
    pub fn last_heard(&self, meter: &str) -> Option<EventTime> {
        self.last_heard.get(meter).copied()
    }

    /// The episodes that go on at a meter.
    pub fn episodes_at(&self, meter: &str) -> Vec<String> {
        let here = self.going_on.iter().filter(|(_, one)| one.name == meter);
        here.map(|(episode, _)| episode.clone()).collect()
    }

    /// What happened once by this name: an alert that opens no case, or a notice, with its area.
    pub fn happened(&self, name: &str) -> Option<Option<&str>> {
        let row = self.alerts.get(name).or_else(|| self.notices.get(name))?;
        Some(row.area.as_deref())
    }

    /// What a meter counted in its latest billing period.
    pub fn use_of(&self, meter: &str) -> Option<Use> {
        self.uses.get(meter).copied()
    }

    /// The area of an episode that is known, whether or not it goes on.
    pub fn area_of_episode(&self, episode: &str) -> Option<Option<&str>> {
        if let Some(one) = self.going_on.get(episode) {
            return Some(one.area.as_deref());
        }
        self.cases.get(episode).map(|row| row.area.as_deref())
    }
}

/// The number at the end of a name, if there is one.
fn number_of(name: &str) -> Option<u64> {
    let digits = name.bytes().rev().take_while(u8::is_ascii_digit).count();
    name[name.len() - digits..].parse().ok()
}
