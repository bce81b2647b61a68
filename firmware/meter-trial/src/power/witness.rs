//! Remembers what the log has acknowledged, and looks for it after each start.

use super::chip::{Chip, PowerCut};
use meter_log::{
    Configuration, Constants, Energies, Error, Event, Image, Interval, Layout, Log, Record, SLOT, Shelf,
    Snapshot, Topic,
};
use meter_wire::Secrets;
use std::collections::BTreeMap;
use std::fmt;

/// What must not happen, and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken(pub String);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A record as anybody may compare it: its flags, its bytes, and the registers that it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    bytes: (u8, [u8; meter_log::CONTENT]),
    energies: Option<Energies>,
}

impl Seen {
    /// Every record that shows registers begins with its time.
    fn time(&self) -> &[u8] {
        &self.bytes.1[..4]
    }
}

/// Whether a shelf's records are each the only one of their time.
fn is_periodic(shelf: Shelf) -> bool {
    matches!(shelf, Shelf::Profile | Shelf::Daily | Shelf::Billing)
}

/// The records of one shelf that were there once.
#[derive(Debug, Clone, Default)]
struct Known {
    records: BTreeMap<u32, Seen>,
    /// Erases of its sectors when the shelf was last looked at.
    erases: u64,
}

/// Everything that the log ever showed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Witness {
    shelves: Vec<Known>,
}

type Outcome = Result<(), Broken>;

/// What a shelf's newest records are, down to a number that is known.
fn read<const S: usize>(
    log: &mut Log<Chip<S>>,
    shelf: Shelf,
    down_to: u32,
) -> Result<BTreeMap<u32, Seen>, Error<PowerCut>> {
    match shelf {
        Shelf::Energy | Shelf::Daily | Shelf::Billing => {
            records::<Snapshot, S>(log, shelf, down_to, |one| Some(one.energies))
        }
        Shelf::Profile => records::<Interval, S>(log, shelf, down_to, |one| Some(one.energies)),
        Shelf::Events(_) => records::<Event, S>(log, shelf, down_to, |one| Some(one.energies)),
        Shelf::Calibration => records::<Constants, S>(log, shelf, down_to, |_| None),
        Shelf::Configuration => records::<Configuration, S>(log, shelf, down_to, |_| None),
        Shelf::Image => records::<Image, S>(log, shelf, down_to, |_| None),
        Shelf::Line => records::<Secrets, S>(log, shelf, down_to, |_| None),
    }
}

fn records<R: Record, const S: usize>(
    log: &mut Log<Chip<S>>,
    shelf: Shelf,
    down_to: u32,
    energies: impl Fn(&R) -> Option<Energies>,
) -> Result<BTreeMap<u32, Seen>, Error<PowerCut>> {
    let (mut walk, mut found) = (log.walk(shelf), BTreeMap::new());
    while let Some((number, record)) = log.before::<R>(&mut walk)? {
        if number < down_to {
            break;
        }
        found.insert(number, Seen { bytes: record.to_bytes(), energies: energies(&record) });
    }
    Ok(found)
}

impl Witness {
    pub(crate) fn new() -> Self {
        Self { shelves: vec![Known::default(); Shelf::all().count()] }
    }

    /// Remembers what is new on a shelf of a meter that runs: how many records that is.
    pub(crate) fn look<const S: usize>(
        &mut self,
        log: &mut Log<Chip<S>>,
        shelf: Shelf,
    ) -> Result<u64, Broken> {
        let known = self.known(shelf);
        let newest = known.records.last_key_value().map_or(0, |(number, _)| *number);
        let found = read(log, shelf, newest).map_err(|cause| Broken(format!("{shelf:?}: {cause}")))?;
        known.compare(shelf, &found)?;
        let before = known.records.len();
        known.records.extend(found);
        Ok((known.records.len() - before) as u64)
    }

    /// After a start: everything is still there, but for whole sectors of the oldest records that were erased since. Gives
    /// how many records that are.
    pub(crate) fn find<const S: usize>(
        &mut self,
        log: &mut Log<Chip<S>>,
        chip: &Chip<S>,
        layout: &Layout,
        restored: &Energies,
    ) -> Result<u64, Broken> {
        let (mut count, mut first) = (0, 0);
        for shelf in Shelf::all() {
            let behind = first + usize::from(layout.of(shelf));
            let erases = chip.erases(first..behind);
            first = behind;
            let found = read(log, shelf, 0).map_err(|cause| Broken(format!("{shelf:?}: {cause}")))?;
            self.known(shelf).settle::<S>(shelf, found, erases)?;
            count += self.known(shelf).records.len() as u64;
            let shown = self.known(shelf).records.values().filter_map(|seen| seen.energies);
            if let Some(higher) = shown.into_iter().find(|shown| !restored.covers(shown)) {
                return Err(Broken(format!(
                    "energy went back to {:?} although {shelf:?} shows {:?}",
                    restored.micro, higher.micro
                )));
            }
        }
        Ok(count)
    }

    /// The newest record's bytes of a shelf.
    pub(crate) fn newest(&mut self, shelf: Shelf) -> Option<(u8, [u8; meter_log::CONTENT])> {
        self.known(shelf).records.last_key_value().map(|(_, seen)| seen.bytes)
    }

    fn known(&mut self, shelf: Shelf) -> &mut Known {
        let place = Shelf::all().position(|one| one == shelf).expect("a shelf is one of all");
        &mut self.shelves[place]
    }
}

impl Known {
    /// Numbers follow one another, known records are as they were, and registers do not go back.
    fn compare(&self, shelf: Shelf, found: &BTreeMap<u32, Seen>) -> Outcome {
        let mut before: Option<(u32, Seen)> = None;
        for (&number, &seen) in found {
            if let Some((last, _)) = before.filter(|(last, _)| last + 1 != number) {
                return Err(Broken(format!("{shelf:?}: record {number} follows {last}: lost in between")));
            }
            if self.records.get(&number).is_some_and(|known| *known != seen) {
                return Err(Broken(format!("{shelf:?}: record {number} has changed")));
            }
            let earlier = before.and_then(|(_, seen)| seen.energies).unwrap_or_default();
            if seen.energies.is_some_and(|energies| !energies.covers(&earlier)) {
                return Err(Broken(format!("{shelf:?}: registers went back in record {number}")));
            }
            if is_periodic(shelf) && before.is_some_and(|(_, before)| before.time() == seen.time()) {
                return Err(Broken(format!("{shelf:?}: record {number} closes the same time once more")));
            }
            before = Some((number, seen));
        }
        let newest = self.records.last_key_value().map(|(number, _)| *number);
        match (newest, found.last_key_value()) {
            (Some(newest), Some((last, _))) if *last >= newest => Ok(()),
            (Some(newest), last) => {
                let last = last.map(|(number, _)| number);
                Err(Broken(format!("{shelf:?}: record {newest} was acknowledged, newest is {last:?}")))
            }
            (None, _) => Ok(()),
        }
    }

    fn settle<const S: usize>(&mut self, shelf: Shelf, found: BTreeMap<u32, Seen>, erases: u64) -> Outcome {
        self.compare(shelf, &found)?;
        let oldest = found.first_key_value().map_or(u32::MAX, |(number, _)| *number);
        let dropped = self.records.range(..oldest).count() as u64;
        // One more: a sector that was given up before its erase began.
        let room = (erases - self.erases + 1) * (S / SLOT - 1) as u64;
        if dropped > room {
            return Err(Broken(format!(
                "{shelf:?}: {dropped} of the oldest records are gone, {room} may be"
            )));
        }
        (self.records, self.erases) = (found, erases);
        Ok(())
    }
}

/// A topic that is noisy, so that its ring is full all the time.
pub(crate) const NOISY: Topic = Topic::Relay;
