//! Open intervals of closed ticks: what is still missing of meters that are behind.
//!
//! A backlog comes in the order of its meter, so that a reading nearly always belongs to the latest interval of its
//! meter, or begins the next one. Cells of all meters lie in one vector and stay where they are until they are settled.

use crate::cell::ApartCell;
use crate::slot_set::SlotSet;
use crate::table::grow_by_a_quarter;
use std::ops::Range;

/// Stands for a meter that is not behind.
const NONE: u32 = u32::MAX;

/// An interval: its number, and the place of its cell.
type Own = (i64, u32);

/// The intervals of all meters that are behind.
#[derive(Debug, Default)]
pub(crate) struct Behind {
    /// The meters that are behind: a look at the lists for each meter and tick would be slow.
    slots: SlotSet,
    /// By slot: the place of the meter's list.
    of_slot: Vec<u32>,
    /// The intervals of each meter, ascending.
    lists: Vec<Vec<Own>>,
    free_lists: Vec<u32>,
    cells: Vec<ApartCell>,
    free_cells: Vec<u32>,
    /// The meters that sent something since they were settled last. Any other has one interval here, without its last
    /// reading.
    fresh: SlotSet,
    fresh_slots: Vec<u32>,
}

impl Behind {
    #[inline]
    pub(crate) fn has(&self, slot: u32) -> bool {
        self.slots.contains(slot)
    }

    pub(crate) fn is_fresh(&self, slot: u32) -> bool {
        self.fresh.contains(slot)
    }

    /// All meters that are behind, ascending.
    pub(crate) fn slots(&self) -> Vec<u32> {
        self.slots.slots().collect()
    }

    /// How many intervals there are.
    pub(crate) fn len(&self) -> usize {
        self.cells.len() - self.free_cells.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        let of_lists = |list: &Vec<Own>| size_of::<Vec<Own>>() + list.capacity() * size_of::<Own>();
        self.slots.bytes()
            + self.fresh.bytes()
            + self.cells.capacity() * size_of::<ApartCell>()
            + self.lists.iter().map(of_lists).sum::<usize>()
            + (self.of_slot.capacity() + self.fresh_slots.capacity()) * size_of::<u32>()
            + (self.free_lists.capacity() + self.free_cells.capacity()) * size_of::<u32>()
    }

    fn list(&self, slot: u32) -> &[Own] {
        let list = self.of_slot.get(slot as usize).and_then(|&list| self.lists.get(list as usize));
        list.map_or(&[], Vec::as_slice)
    }

    /// The intervals of a meter, ascending.
    pub(crate) fn of(&self, slot: u32) -> impl Iterator<Item = (i64, &ApartCell)> {
        self.list(slot).iter().map(|&(index, place)| (index, &self.cells[place as usize]))
    }

    /// An interval of a meter, if it is here.
    pub(crate) fn get(&self, slot: u32, index: i64) -> Option<&ApartCell> {
        let list = self.list(slot);
        let place = list.binary_search_by_key(&index, |own| own.0).ok()?;
        Some(&self.cells[list[place].1 as usize])
    }

    /// The interval that a reading of a meter belongs to. It begins if it is not here yet.
    pub(crate) fn open(&mut self, slot: u32, index: i64) -> &mut ApartCell {
        self.freshen(slot);
        let list = self.list(slot);
        let found = match list.last() {
            Some(&(last, _)) if last < index => Err(list.len()),
            Some(&(last, _)) if last == index => Ok(list.len() - 1),
            _ => list.binary_search_by_key(&index, |own| own.0),
        };
        let place = match found {
            Ok(at) => list[at].1,
            Err(at) => {
                let place = self.place_of(ApartCell::EMPTY);
                self.list_mut(slot).insert(at, (index, place));
                place
            }
        };
        &mut self.cells[place as usize]
    }

    /// Keeps an interval of a closed tick open. Nothing of it can be settled before its meter sends something.
    pub(crate) fn keep(&mut self, slot: u32, index: i64, cell: ApartCell) {
        let place = self.place_of(cell);
        let list = self.list_mut(slot);
        let at = list.partition_point(|own| own.0 < index);
        list.insert(at, (index, place));
    }

    fn place_of(&mut self, cell: ApartCell) -> u32 {
        if let Some(place) = self.free_cells.pop() {
            self.cells[place as usize] = cell;
            return place;
        }
        grow_by_a_quarter(&mut self.cells);
        self.cells.push(cell);
        self.cells.len() as u32 - 1
    }

    fn list_mut(&mut self, slot: u32) -> &mut Vec<Own> {
        self.slots.insert(slot);
        if self.of_slot.len() <= slot as usize {
            self.of_slot.resize(slot as usize + 1, NONE);
        }
        let at = &mut self.of_slot[slot as usize];
        if *at == NONE {
            *at = self.free_lists.pop().unwrap_or_else(|| {
                grow_by_a_quarter(&mut self.lists);
                self.lists.push(Vec::new());
                self.lists.len() as u32 - 1
            });
        }
        &mut self.lists[*at as usize]
    }

    /// Takes the intervals of a meter out that are over, ascending. If the meter has gone on, these are all of them. If not,
    /// the last one in which it measured something is over if `has_end`. Those after it are [`Self::take_events`]. Cells
    /// remain until [`Self::take_cell`].
    pub(crate) fn take(
        &mut self,
        slot: u32,
        has_gone_on: bool,
        has_end: impl FnOnce(&ApartCell) -> bool,
    ) -> Vec<Own> {
        let Some(list) = self.known_list(slot) else { return Vec::new() };
        let (list, cells) = (&self.lists[list], &self.cells);
        let upto = match list.iter().rposition(|&(_, place)| cells[place as usize].cell.is_measured()) {
            _ if has_gone_on => list.len(),
            Some(last) => last + usize::from(has_end(&cells[list[last].1 as usize])),
            None => 0,
        };
        self.take_range(slot, 0..upto)
    }

    /// Takes the last intervals of a meter out in which it measured nothing: messages there hold events alone.
    pub(crate) fn take_events(&mut self, slot: u32) -> Vec<Own> {
        let Some(list) = self.known_list(slot) else { return Vec::new() };
        let (list, cells) = (&self.lists[list], &self.cells);
        let measured = list.iter().rposition(|&(_, place)| cells[place as usize].cell.is_measured());
        self.take_range(slot, measured.map_or(0, |last| last + 1)..list.len())
    }

    /// The place of a meter's list, if it has one.
    fn known_list(&self, slot: u32) -> Option<usize> {
        let at = *self.of_slot.get(slot as usize)?;
        (at != NONE).then_some(at as usize)
    }

    fn take_range(&mut self, slot: u32, range: Range<usize>) -> Vec<Own> {
        let at = self.of_slot[slot as usize];
        let list = &mut self.lists[at as usize];
        if range.len() < list.len() {
            return list.drain(range).collect();
        }
        let taken = std::mem::take(list);
        self.slots.remove(slot);
        self.of_slot[slot as usize] = NONE;
        self.free_lists.push(at);
        taken
    }

    /// Takes the cell of an interval that was taken out.
    pub(crate) fn take_cell(&mut self, place: u32) -> ApartCell {
        self.free_cells.push(place);
        std::mem::replace(&mut self.cells[place as usize], ApartCell::EMPTY)
    }

    /// The meters that sent something since the last call of [`Self::all_settled`], in the order in which they did.
    pub(crate) fn fresh(&self) -> &[u32] {
        &self.fresh_slots
    }

    /// Whether a message of an open interval of a meter holds an event.
    pub(crate) fn has_events(&self, slot: u32) -> bool {
        self.of(slot).any(|(_, cell)| cell.rest.as_ref().is_some_and(|rest| !rest.events.is_empty()))
    }

    /// Every fresh meter has been settled.
    pub(crate) fn all_settled(&mut self) {
        for slot in self.fresh_slots.drain(..) {
            self.fresh.remove(slot);
        }
    }

    /// These fresh meters have been settled.
    pub(crate) fn settled(&mut self, slots: &[u32]) {
        for &slot in slots {
            self.fresh.remove(slot);
        }
        let fresh = &self.fresh;
        self.fresh_slots.retain(|slot| fresh.contains(*slot));
    }

    /// Counts a meter as fresh: after a restore it is not known which meters are.
    pub(crate) fn freshen(&mut self, slot: u32) {
        if self.fresh.insert(slot) {
            self.fresh_slots.push(slot);
        }
    }
}
