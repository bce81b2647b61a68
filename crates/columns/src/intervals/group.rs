//! The rows of a row group on their way into the file.

use super::Asked;
use crate::ColumnsError;
use crate::pages::{Column, Flags, Names, Numbers, PagedFile, Wholes, Words};
use reading::{Interval, Quality};
use units::{Amperes, Ratio};

/// The rows that wait to be written, by column: the same as in [`record_batch`](super::record_batch).
#[derive(Debug)]
pub(super) struct Group {
    rows: usize,
    meter: Names,
    start: Wholes,
    end: Wholes,
    imp: Wholes,
    exp: Wholes,
    mean_power: Numbers,
    max_power: Numbers,
    power_factor: Numbers,
    v_min: Numbers,
    v_max: Numbers,
    mean_current: Numbers,
    mean_imbalance: Numbers,
    max_imbalance: Numbers,
    readings: Wholes,
    quality: Words<Quality>,
    valid: Option<Wholes>,
    pf_true: Option<Numbers>,
    unbalance: Option<Numbers>,
    candidate: Option<(Ratio, Amperes, Flags)>,
}

impl Group {
    pub(super) fn new(asked: Asked) -> Self {
        Self {
            rows: 0,
            meter: Names::new(),
            // Nobody filters by anything but time: a row group has all meters.
            start: Wholes::bounded(),
            end: Wholes::bounded(),
            imp: Wholes::optional(),
            exp: Wholes::optional(),
            mean_power: Numbers::new(),
            max_power: Numbers::new(),
            power_factor: Numbers::new(),
            v_min: Numbers::new(),
            v_max: Numbers::new(),
            mean_current: Numbers::new(),
            mean_imbalance: Numbers::new(),
            max_imbalance: Numbers::new(),
            readings: Wholes::new(),
            quality: Words::new(),
            valid: asked.valid.then(Wholes::optional),
            pf_true: asked.pf_true.then(Numbers::new),
            unbalance: asked.unbalance.then(Numbers::new),
            candidate: asked.candidate.map(|(share, floor)| (share, floor, Flags::default())),
        }
    }

    /// How many wait.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn append(&mut self, all: &[Interval]) {
        let rows = || all.iter();
        self.rows += all.len();
        self.meter.append(rows().map(|one| one.meter.as_bytes()));
        self.start.append(rows().map(|one| one.start.0));
        self.end.append(rows().map(|one| one.end.0));
        self.imp.append_some(rows().map(|one| one.imp.map(|imp| imp.0)));
        self.exp.append_some(rows().map(|one| one.exp.map(|exp| exp.0)));
        self.mean_power.append(all, |one| features::mean_power(one).map(|p| p.0));
        self.max_power.append(all, |one| features::max_power(one).map(|p| p.0));
        self.power_factor.append(all, |one| features::power_factor(one).map(|pf| pf.0));
        self.v_min.append(all, |one| features::v_min(one).map(|v| v.0));
        self.v_max.append(all, |one| features::v_max(one).map(|v| v.0));
        self.mean_current.append(all, |one| features::mean_current(one).map(|i| i.0));
        self.mean_imbalance.append(all, |one| features::mean_imbalance(one).map(|i| i.0));
        self.max_imbalance.append(all, |one| features::max_imbalance(one).map(|i| i.0));
        self.readings.append(rows().map(|one| i64::from(one.sums.readings)));
        self.quality.append(rows().map(|one| one.quality));
        if let Some(valid) = &mut self.valid {
            valid.append_some(rows().map(|one| one.valid().map(|wh| wh.0)));
        }
        if let Some(pf_true) = &mut self.pf_true {
            pf_true.append(all, |one| features::true_power_factor(one).map(|pf| pf.0));
        }
        if let Some(unbalance) = &mut self.unbalance {
            unbalance.append(all, |one| features::voltage_unbalance(one).map(|one| one.0));
        }
        if let Some((share, floor, flags)) = &mut self.candidate {
            flags.append(rows().map(|one| features::candidate(one, *share, *floor)));
        }
    }

    /// In the order of the file.
    fn columns(&mut self) -> impl Iterator<Item = &mut dyn Column> {
        let columns: [&mut dyn Column; 15] = [
            &mut self.meter,
            &mut self.start,
            &mut self.end,
            &mut self.imp,
            &mut self.exp,
            &mut self.mean_power,
            &mut self.max_power,
            &mut self.power_factor,
            &mut self.v_min,
            &mut self.v_max,
            &mut self.mean_current,
            &mut self.mean_imbalance,
            &mut self.max_imbalance,
            &mut self.readings,
            &mut self.quality,
        ];
        let last = self.candidate.as_mut().map(|(_, _, flags)| flags as &mut dyn Column);
        let valid = self.valid.as_mut().map(|valid| valid as &mut dyn Column);
        let numbers = self.pf_true.iter_mut().chain(&mut self.unbalance);
        columns.into_iter().chain(valid).chain(numbers.map(|one| one as &mut dyn Column)).chain(last)
    }

    /// Writes all that wait.
    pub(super) fn write(&mut self, file: &mut PagedFile) -> Result<(), ColumnsError> {
        let rows = std::mem::take(&mut self.rows);
        file.group(rows, self.columns().map(Column::end))?;
        self.columns().for_each(Column::clear);
        Ok(())
    }
}
