//! The two sorts of town as one source of messages and tables.

use reading::MeterId;
use simulate::lv::{LvMessages, write_lv_truth_csv};
use simulate::{Connection, LvTown, Message, Messages, Outage, Town};
use simulate::{write_outages_csv, write_topology_csv, write_truth_csv};
use std::collections::BTreeSet;
use std::io;

/// A town of either sort.
pub enum AnyTown {
    /// Each home by itself.
    Plain(Box<Town>),
    /// With a low-voltage network.
    Lv(Box<LvTown>),
}

impl AnyTown {
    /// The messages of the town from the start.
    pub fn source(&self) -> Source<'_> {
        match self {
            Self::Plain(town) => Source::Plain(town, Box::new(town.messages())),
            Self::Lv(town) => Source::Lv(town, Box::new(town.messages())),
        }
    }
}

/// The messages of a town, and its tables.
pub enum Source<'town> {
    /// Of a plain one.
    Plain(&'town Town, Box<Messages<'town>>),
    /// Of one with a network.
    Lv(&'town LvTown, Box<LvMessages<'town>>),
}

impl Source<'_> {
    /// `topology.csv`.
    pub fn topology(&self) -> Vec<u8> {
        let rows: Vec<Connection> = match self {
            Self::Plain(town, _) => town.topology(),
            Self::Lv(town, _) => town.topology(),
        };
        written(|to| write_topology_csv(&rows, to))
    }

    /// `truth.csv`. With a network it has the energy that was lost so far: it is complete after the last message.
    pub fn truth(&self) -> Vec<u8> {
        match self {
            Self::Plain(town, _) => written(|to| write_truth_csv(&town.truth(), to)),
            Self::Lv(_, messages) => written(|to| write_lv_truth_csv(&messages.truth(), to)),
        }
    }

    /// Whether some file holds the truth of this town, perhaps of an earlier moment.
    pub fn is_own_truth(&self, before: &[u8]) -> bool {
        match self {
            Self::Plain(..) => before == self.truth(),
            Self::Lv(..) => without_energy(before) == without_energy(&self.truth()),
        }
    }

    /// `outages.csv`, if there are any.
    pub fn outages(&self) -> Option<Vec<u8>> {
        let rows: Vec<Outage> = match self {
            Self::Plain(town, _) => town.outages(),
            Self::Lv(town, _) => town.outages(),
        };
        (!rows.is_empty()).then(|| written(|to| write_outages_csv(&rows, to)))
    }

    /// How many meters were tampered with.
    pub fn guilty(&self) -> usize {
        let meters: BTreeSet<MeterId> = match self {
            Self::Plain(town, _) => {
                town.truth().iter().filter(|row| row.guilty()).map(|row| row.meter).collect()
            }
            Self::Lv(_, messages) => {
                messages.truth().iter().filter(|row| row.guilty).map(|row| row.meter).collect()
            }
        };
        meters.len()
    }
}

impl Iterator for Source<'_> {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        match self {
            Self::Plain(_, messages) => messages.next(),
            Self::Lv(_, messages) => messages.next(),
        }
    }
}

fn written(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> Vec<u8> {
    let mut text = Vec::new();
    write(&mut text).expect("memory takes all bytes");
    text
}

/// The lines of a truth without their last two columns, which grow while the town runs.
fn without_energy(csv: &[u8]) -> Vec<&[u8]> {
    let rest = |line: &[u8]| line.rsplitn(3, |byte| *byte == b',').last().map_or(0, <[u8]>::len);
    csv.split(|byte| *byte == b'\n').map(|line| &line[..rest(line)]).collect()
}
