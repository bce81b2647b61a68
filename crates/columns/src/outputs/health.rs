//! What meters, transformers and concentrators delivered, day by day.

use super::{About, Columns, Output, Sent, Wanted};
use crate::files::TableFile;
use crate::value::{Cell, Value};
use health::{HealthRow, Standing};
use pipeline::{Outputs, Plan};

/// `health.parquet`.
#[derive(Debug)]
pub struct Health;

impl Output for Health {
    const ABOUT: About = About {
        file: "health.parquet",
        row: "a meter, transformer or concentrator and local day; a message a day after its end, and once more when it \
              is final if readings were missing by then",
        key: "ROLE/TARGET/DAY",
        section: "`[health]`",
        only: "health",
        sent: Sent::WithTick,
    };

    type Row<'a> = &'a HealthRow;
    type File = TableFile<Self>;

    fn of(plan: &Plan) -> Option<Self> {
        plan.health.as_ref().map(|_| Self)
    }

    fn with_all_columns() -> Self {
        Self
    }

    fn leave_out(plan: &mut Plan, _wanted: Wanted<'_>) {
        plan.health = None;
    }

    fn rows(out: &Outputs) -> impl Iterator<Item = &HealthRow> + Clone {
        out.health.iter()
    }

    fn in_file(one: &HealthRow) -> bool {
        one.standing != Standing::Open
    }

    fn key<'a>(&'a self, one: &'a HealthRow) -> impl IntoIterator<Item = Value<'a>> {
        [one.whose.role().value(), one.whose.name().value(), one.day.value()]
    }

    fn columns<'a>(&'a self, to: &mut impl Columns<&'a HealthRow>) {
        to.column("role", "", "`meter`, `transformer` or `concentrator`", TOPOLOGY, |one| one.whose.role());
        to.column("target", "", "its name", TOPOLOGY, |one| one.whose.name());
        to.column(
            "day",
            "",
            "the local day of the stamps; a reading stamped midnight belongs to the day before",
            "the `time_zone` of the plan",
            |one| one.day,
        );
        to.column("meters", "", "how many meters are in the row", TOPOLOGY, |one| one.sums.meters);
        to.column(
            "expected",
            "",
            "how many readings there should be: the time over the usual time between two readings of the meter, from \
             its first reading on, up to the end of its rows in the topology; null if it keeps no rhythm of 5, 10 or 30 s, \
             1, 5, 10, 15, 20 or 30 min, 1, 2 or 24 h, and of a day under way when the run ended",
            "majority of the steps between its latest readings",
            |one| one.sums.expected().map(whole),
        );
        to.column("received", "", "readings that came, without repeats and late ones", COUNTED, |one| {
            whole(one.sums.received)
        });
        to.column(
            "delay_p50_s",
            "s",
            "half of the readings came so long after their stamp, or sooner; on a line within classes up to 0, 5 and \
             30 s, 5 and 15 min, 1, 3, 8 and 24 h, and never above 24 h; null if none came",
            ARRIVAL,
            |one| one.sums.delay(0.5),
        );
        to.column("delay_p95_s", "s", "the same for 95 of 100 readings", ARRIVAL, |one| one.sums.delay(0.95));
        to.column(
            "offset_s",
            "s",
            "the most that a stamp was ahead of its arrival, in steps of 2 s up to 18 h: above zero, the clock is ahead \
             by so much or more; below zero, even the quickest reading came so late. Of several meters the median",
            ARRIVAL,
            |one| one.offset_s,
        );
        to.column(
            "off_grid",
            "",
            "intervals flagged `interpolated` of a meter whose stamps are further than `snap` off the boundaries; where \
             only a reading was lost, they are not counted",
            "column `quality` of intervals",
            |one| whole(one.sums.off_grid),
        );
        to.column(
            "repeats",
            "",
            "readings of a moment that the meter had sent before; of a meter up to 255",
            COUNTED,
            |one| whole(one.sums.repeats),
        );
        to.column(
            "resets",
            "",
            "intervals flagged `reset` or `suspect`",
            "column `quality` of intervals",
            |one| whole(one.sums.resets),
        );
        to.column(
            "gaps",
            "",
            "intervals flagged `gap`, known once the meter comes back",
            "column `quality` of intervals",
            |one| whole(one.sums.gaps),
        );
        to.column(
            "last_heard",
            "",
            "the stamp of the latest reading; null before the first",
            COUNTED,
            |one| one.sums.last_heard,
        );
        to.column("within_8h", "", "the share of the expected readings that came within 8 h", SHARE, |one| {
            one.sums.share_within_8h()
        });
        to.column(
            "within_24h",
            "",
            "the share of the expected readings that came within 24 h",
            SHARE,
            |one| one.sums.share_within_24h(),
        );
        to.column(
            "final",
            "",
            "whether nothing can be added: all readings came, or `final_after` is over; in a file also days that were \
             not final when the run ended",
            "key `final_after` of the plan",
            |one| one.standing == Standing::Final,
        );
        to.column(
            "absent",
            "",
            "how many meters of the topology are not in the row: they were never heard, or not for more than 30 days. Of \
             each, `expected` counts as much as of the others on average",
            TOPOLOGY,
            |one| one.sums.absent,
        );
    }
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

const TOPOLOGY: &str = "columns `transformer` and `concentrator` of the topology";
const COUNTED: &str = "readings as they were taken";
const ARRIVAL: &str = "arrival is the time of the broker; in files, and in history that was sent again, the time that \
                       the ticks have reached";
const SHARE: &str = "what Indian programmes for smart meters pay by; null if nothing is expected";
