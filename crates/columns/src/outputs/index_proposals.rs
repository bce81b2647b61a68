//! Consumers that seem to hang on another transformer or phase than the topology names.

use super::{About, Columns, Output, Sent, Wanted};
use crate::files::{Latest, LatestFile};
use crate::value::{Cell, Value};
use grid::Proposal;
use jiff::civil::Date;
use pipeline::{Outputs, Plan};
use reading::MeterId;

/// `index-proposals.parquet`.
#[derive(Debug)]
pub struct IndexProposals;

impl Output for IndexProposals {
    const ABOUT: About = About {
        file: "index-proposals.parquet",
        row: "a place proposed for a consumer; a message each day that was compared while the \
              proposal is open, and one when it is adopted or withdrawn; in the file as it stands at the end",
        key: "METER/SINCE",
        section: "`[index]`",
        only: "index-proposals",
        sent: Sent::WithTick,
    };

    type Row<'a> = &'a Proposal;
    type File = LatestFile<Self>;

    fn of(plan: &Plan) -> Option<Self> {
        plan.index.is_some().then_some(Self)
    }

    fn with_all_columns() -> Self {
        Self
    }

    fn leave_out(plan: &mut Plan, _wanted: Wanted<'_>) {
        plan.index = None;
    }

    fn rows(out: &Outputs) -> impl Iterator<Item = &Proposal> + Clone {
        out.index_proposals.iter()
    }

    fn key<'a>(&'a self, one: &'a Proposal) -> impl IntoIterator<Item = Value<'a>> {
        [(&one.meter).value(), one.since.value()]
    }

    fn columns<'a>(&'a self, to: &mut impl Columns<&'a Proposal>) {
        to.column("meter", "", "the consumer's meter", TOPOLOGY, |one| &one.meter);
        to.column("since", "", "the first local day on which the proposed place fitted better", DAY, |one| {
            one.since
        });
        to.column("day", "", "the last local day that was compared", DAY, |one| one.day);
        to.column("named_transformer", "", "the transformer that the topology names", TOPOLOGY, |one| {
            &one.named
        });
        to.column("named_phase", "", "the phase that the topology names", TOPOLOGY, |one| {
            one.named_phase.as_deref()
        });
        to.column(
            "proposed_transformer",
            "",
            "the transformer whose consumers' voltages move as its own does; the named one if only the phase differs",
            STEPS,
            |one| &one.proposed,
        );
        to.column(
            "proposed_phase",
            "",
            "the phase of those consumers, as the topology writes it; that of the topology for a three-phase meter",
            STEPS,
            |one| one.proposed_phase.as_deref(),
        );
        to.column(
            "confidence",
            "",
            "`days` plus one over `looked` plus two: the chance that the next day agrees",
            "Laplace's rule of succession",
            Proposal::confidence,
        );
        to.column(
            "days",
            "",
            "days since `since` on which the proposed place fitted better than the named one by the plan's `margin`",
            DAY,
            |one| u32::from(one.days),
        );
        to.column(
            "looked",
            "",
            "days since `since` on which both could be compared; at 250 both counts are halved",
            "half of the day's intervals must have a voltage, and the one before as well",
            |one| u32::from(one.looked),
        );
        to.column(
            "named_fit",
            "",
            "recent correlation with the other consumers of the named place, by day; of a three-phase meter with the \
             phase that fits best",
            STEPS,
            |one| one.named_fit,
        );
        to.column(
            "proposed_fit",
            "",
            "recent correlation with the consumers of the proposed place, by day",
            STEPS,
            |one| one.proposed_fit,
        );
        to.column(
            "state",
            "",
            "`open`, `adopted` when the topology names the proposed place, or `withdrawn` when days against it make up \
             for those for it",
            "keys of `[index]`",
            |one| one.state.name(),
        );
        to.column("revision", "", "how often it was published before", "the key", |one| {
            u32::from(one.revision)
        });
    }
}

impl Latest for IndexProposals {
    type Id = (MeterId, Date);
    type Owned = Proposal;

    fn changes(out: &Outputs) -> impl Iterator<Item = (Self::Id, Option<&Proposal>)> {
        out.index_proposals.iter().map(|one| ((one.meter, one.since), Some(one)))
    }

    fn rows_of(kept: &Proposal) -> impl Iterator<Item = &Proposal> {
        std::iter::once(kept)
    }
}

const TOPOLOGY: &str = "the topology at the end of `day`";
const DAY: &str = "the `time_zone` of the plan";
const STEPS: &str = "steps of the voltage from interval to interval, less the median step on the feeder";
