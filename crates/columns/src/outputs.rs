//! Every output, each declared once: its file, its topic, what a row is, and its columns with unit, definition, source
//! and value. From the declaration come the Parquet file, the JSON of lines and messages, the catalogue, the page
//! `docs/reference/outputs.md`, the names of files and topics, and what `--only` takes.
//!
//! To add an output:
//!
//! 1. Write `outputs/NAME.rs` with a type that implements [`Output`]: `demand.rs` is an example with settings and
//!    columns that a plan may ask for, `balances.rs` a plain one.
//! 2. Add its `mod` line and its row in `each_output!` to this file. Files, topics and pages follow that list.
//! 3. Let the core fill a field of [`pipeline::Outputs`], which `Output::rows` reads.
//! 4. Run `UPDATE_EXPECT=1 cargo test -p system-tests docs` and read the new lines of `docs/reference/outputs.md`.
//!
//! A column is one call of [`Columns::column`]; its type follows from the value, see [`Cell`].

mod alerts;
mod balances;
mod cases;
mod dead_letters;
mod demand;
mod evidence;
mod findings;
mod forecasts;
mod health;
mod index_proposals;
mod intervals;
mod list;
mod losses;
mod messages;
mod notices;
mod outages;
mod profiles;
mod supply;
mod suspicions;

pub use alerts::{AlertRow, above_text};
pub use dead_letters::dead_bytes;
pub(crate) use dead_letters::readable;
pub use list::{ALL, Files, NotPlanned, Planned, Topics, names};
pub use messages::message_line;

use crate::files::OutputFile;
use crate::json::{Encoder, Message};
use crate::value::{Cell, Value};
use notify::each_channel;
use pipeline::{Outputs, Plan};

/// One output: a value holds what its columns need of the plan.
pub trait Output: Sized {
    /// Its names, and what a row is.
    const ABOUT: About;

    /// A row as its columns read it, mostly a reference into [`Outputs`].
    type Row<'a>: Copy;

    /// How its file is written.
    type File: OutputFile<Self>;

    /// The output, if the plan asks for it.
    fn of(plan: &Plan) -> Option<Self>;

    /// The output with every column that a plan can ask for, for the catalogue.
    fn with_all_columns() -> Self;

    /// Takes out of the plan what is worked out for this output alone, because `--only` names others.
    fn leave_out(plan: &mut Plan, wanted: Wanted<'_>);

    /// The rows.
    fn rows(out: &Outputs) -> impl Iterator<Item = Self::Row<'_>> + Clone;

    /// Whether a row stands in the file. A row that comes again stands there once, as it came last.
    fn in_file(_row: Self::Row<'_>) -> bool {
        true
    }

    /// The parts of a message's key, joined by `/`. It is the same in every run and different for every row.
    fn key<'a>(&'a self, row: Self::Row<'a>) -> impl IntoIterator<Item = Value<'a>>;

    /// The columns, in the order of the file.
    fn columns<'a>(&'a self, to: &mut impl Columns<Self::Row<'a>>);

    /// Sends a message for each row, in their order.
    fn messages<'a, E>(
        &'a self,
        out: &'a Outputs,
        encoder: &mut Encoder,
        mut send: impl FnMut(Message<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        Self::rows(out).try_for_each(|row| send(encoder.row(self, row)))
    }
}

/// Hands all outputs to a macro, each as the key of its topic in `[kafka]`, which also names its module and its field in
/// structs, and its type. Files are written in this order; the messages of each channel stand behind the notices
/// that they are made of.
#[macro_export]
macro_rules! each_output {
    ($to:ident) => {
        $crate::each_channel! { $to {
            intervals: Intervals,
            profiles: Profiles,
            demand: Demand,
            balances: Balances,
            losses: Losses,
            index_proposals: IndexProposals,
            health: Health,
            forecasts: Forecasts,
            outages: Outages,
            supply: Supply,
            suspicions: Suspicions,
            cases: Cases,
            evidence: Evidence,
            alerts: Alerts,
            notices: Notices,
        } {
            findings: Findings,
            dead_letters: DeadLetters,
        } }
    };
}

macro_rules! channels {
    ($($field:ident: $Channel:ident,)*) => {
        $(mod $field {
            pub use super::messages::$Channel;
        })*
    };
}

// The outputs of channels are written by their list.
each_channel!(channels);

macro_rules! exported {
    ($($field:ident: $Output:ident,)*) => {
        $(pub use self::$field::$Output;)*
    };
}

// The module of an output has the name of its field.
each_output!(exported);

/// The names of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// The file in the folder of a replay.
    pub file: &'static str,
    /// What a row is, as in "a row is ...".
    pub row: &'static str,
    /// The key of a message, as a pattern.
    pub key: &'static str,
    /// What in a plan asks for it; empty if it is always there.
    pub section: &'static str,
    /// The name by which `--only` asks for it, which several outputs may share; empty if it is always written.
    pub only: &'static str,
    /// When its messages are sent.
    pub sent: Sent,
}

impl About {
    /// The name in the catalogue: that of the file without its ending.
    pub fn name(&self) -> &'static str {
        self.file.split_once('.').map_or(self.file, |(name, _)| name)
    }

    /// What in a plan asks for it, for a person who looks for it there.
    pub fn asked_for_by(&self) -> &'static str {
        if self.section.is_empty() { "every plan" } else { self.section }
    }
}

/// When the messages of an output are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// By partition of the readings, by code of the stream's own.
    ByPartition,
    /// Before the others of a tick, because a person waits for them.
    First,
    /// With the others of a tick.
    WithTick,
}

/// The names that `--only` gives.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a>(&'a [&'a str]);

impl Wanted<'_> {
    /// Whether an output is among them.
    pub fn has(self, about: &About) -> bool {
        about.only.is_empty() || self.0.contains(&about.only)
    }
}

/// What the columns of an output are made into: a record batch, a JSON object, entries of the catalogue.
pub trait Columns<R> {
    /// A column: its name, its unit (empty if it has none), its definition, the source of that, and the value of a row.
    fn column<T: Cell>(
        &mut self,
        name: &str,
        unit: &'static str,
        definition: &'static str,
        source: &'static str,
        value: impl Fn(R) -> T,
    );

    /// A column that a JSON object goes without where a row has no value.
    fn if_any<T: Cell>(
        &mut self,
        name: &str,
        unit: &'static str,
        definition: &'static str,
        source: &'static str,
        value: impl Fn(R) -> Option<T>,
    ) {
        self.column(name, unit, definition, source, value);
    }

    /// A column of the file that messages do not have.
    fn in_file<T: Cell>(
        &mut self,
        name: &str,
        unit: &'static str,
        definition: &'static str,
        source: &'static str,
        value: impl Fn(R) -> T,
    ) {
        self.column(name, unit, definition, source, value);
    }
}

#[cfg(test)]
mod tests;
