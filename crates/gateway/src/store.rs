//! The gateway's folder: spool, numbers, commands and their log. One gateway at a time.

use crate::audit::{Audit, Noted, Step};
use crate::desk::{Desk, Ended, Happened};
use crate::meters::MeterRow;
use crate::orders::{Order, read_all};
use crate::spool::Spool;
use crate::state::{Numbers, State};
use crate::status;
use meter_wire::message::Title;
use reading::EventTime;
use shell::Failure;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Desk and disk together.
#[derive(Debug)]
pub struct Store {
    /// Who is trusted, and what waits.
    pub desk: Desk,
    /// Readings that wait for the sink.
    pub spool: Spool,
    folder: PathBuf,
    audit: Audit,
    before: Noted,
    /// Commands that were taken from their folder.
    taken: BTreeSet<u64>,
    written: State,
    // Held as long as the gateway runs.
    _lock: File,
}

impl Store {
    /// Opens a folder, or makes it.
    pub fn open(folder: &Path, rows: &[MeterRow]) -> Result<Self, Failure> {
        let cannot =
            |cause| Failure::failed(format!("cannot use the folder {}", folder.display()), &cause).as_wrong();
        fs::create_dir_all(folder).map_err(cannot)?;
        let lock = File::create(folder.join("lock")).map_err(cannot)?;
        if lock.try_lock().is_err() {
            let what = format!("another gateway works in {}", folder.display());
            return Err(Failure::failed_with_help(what, "end it first, or name another folder"));
        }
        let path = folder.join("state");
        let state = State::read(&path)
            .map_err(|cause| Failure::failed(format!("cannot read {}", path.display()), &cause))?;
        let spool = Spool::open(&folder.join("spool"), state.delivered).map_err(cannot)?;
        let (audit, before) = Audit::open(&folder.join("audit.ndjson")).map_err(cannot)?;
        Ok(Self {
            desk: Desk::new(rows, &state.meters),
            spool,
            folder: folder.to_owned(),
            audit,
            before,
            taken: BTreeSet::new(),
            written: state,
            _lock: lock,
        })
    }

    /// Where commands are put for a gateway of this folder.
    pub fn commands(folder: &Path) -> PathBuf {
        folder.join("commands")
    }

    /// Makes safe what came, and gives what may leave then: receipts and commands, in this order on disk and line.
    pub fn commit(
        &mut self,
        now: EventTime,
        reached: impl Fn(&Title) -> bool,
    ) -> io::Result<Vec<(Title, Vec<u8>)>> {
        let lines = self.desk.take_lines();
        self.spool.append(&lines)?;
        self.take_orders(now)?;
        let outgoing = self.desk.outgoing(now, reached);
        self.save()?;
        for happened in self.desk.take_steps() {
            self.note(now, &happened)?;
        }
        Ok(outgoing)
    }

    fn save(&mut self) -> io::Result<()> {
        let numbers = self.desk.meters().map(|(title, known)| {
            (*title, Numbers { heard: known.end.heard(), sent: known.end.sent(), kept: known.kept })
        });
        let mut state = State { delivered: self.spool.delivered(), meters: numbers.collect() };
        // Meters that are no longer in the file keep their numbers, should they come back.
        for (title, numbers) in &self.written.meters {
            state.meters.entry(*title).or_insert(*numbers);
        }
        if state != self.written {
            state.write(&self.folder.join("state"))?;
            if state.delivered.segment > self.written.delivered.segment {
                self.spool.forget()?;
            }
            self.written = state;
        }
        Ok(())
    }

    fn take_orders(&mut self, now: EventTime) -> io::Result<()> {
        let folder = Self::commands(&self.folder);
        let (orders, wrong) = read_all(&folder)?;
        for path in wrong {
            fs::rename(&path, path.with_extension("wrong"))?;
        }
        for order in orders {
            if !self.taken.insert(order.number) {
                continue;
            }
            if !self.before.requested.contains(&order.number) {
                self.audit.note(now, named(&order), Step::Requested, "")?;
            }
            if !self.desk.order(order.clone(), self.before.sent.contains(&order.number)) {
                self.audit.note(now, named(&order), Step::Failed, "unknown-meter")?;
                self.end(order.number)?;
            }
        }
        Ok(())
    }

    fn note(&mut self, now: EventTime, happened: &Happened) -> io::Result<()> {
        let (step, why) = match happened.ended {
            None => (Step::Sent, ""),
            Some(Ended::Done) => (Step::Done, ""),
            Some(Ended::Refused(reason)) => (Step::Failed, reason.name()),
            Some(Ended::Expired) => (Step::Expired, ""),
        };
        self.audit.note(now, named(&happened.order), step, why)?;
        if happened.ended.is_some() { self.end(happened.order.number) } else { Ok(()) }
    }

    fn end(&mut self, number: u64) -> io::Result<()> {
        Order::remove(&Self::commands(&self.folder), number)?;
        self.taken.remove(&number);
        Ok(())
    }

    /// Writes what `gridwarden gateway status` shows.
    pub fn write_status(&self, reached: impl Fn(&Title) -> bool) -> io::Result<()> {
        status::write(&self.folder, &self.desk, reached)
    }
}

fn named(order: &Order) -> (&reading::MeterId, u64, &str) {
    (&order.meter, order.number, &order.name)
}
