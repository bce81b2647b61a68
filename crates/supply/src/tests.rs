//! Streets in pictures: a consumer a line, an interval of an hour a letter, the first of 2024-01-01 UTC.
//!
//! A digit is energy in 100 Wh, `.` nothing heard, `x` a last gasp 40 minutes into the interval, `r` supply that is back
//! 20 minutes into it, `b` a blink (gone after 30 minutes, back two minutes later), `~` heard of with a row that waits,
//! `m` as `r` but with such a row. `@12` behind a place means that the meter delivers every twelve hours; with `!12` it
//! delivers its rows so, and its events at once. `supply` is the meter of a transformer.
//! What a meter used since it was heard of last is a number behind its line: it is spread over the hours in which nothing
//! was heard and the next one, as `fleet` does; without one, nothing was used.

mod late;
mod oracle;
mod pictures;
mod rhythm;
mod state;
mod years;

use crate::*;
use grid::{Join, Role, Topology, TopologyRow};
use jiff::tz::TimeZone;
use reading::TransformerId;
use reading::time::{HOUR, MINUTE};
use reading::{
    AreaId, Calendar, Event, EventCode, EventTime, FeederId, Grid, Interval, MeterId, Quality, Sums,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use units::{Ratio, Volts, WattHours};

const START: EventTime = EventTime(1_704_067_200_000);

fn rules() -> SupplySettings {
    SupplySettings {
        grid: Grid::new(HOUR).unwrap(),
        grace: 20 * MINUTE,
        longest_gap: 48 * HOUR,
        silent_after: 4 * HOUR,
        momentary: 5 * MINUTE,
        transformer_share: Ratio(0.6),
        feeder_share: Ratio(0.6),
        low_voltage: Volts(207.0),
        high_voltage: Volts(253.0),
        unbalance: Ratio(0.03),
        whole: true,
    }
}

fn calendar() -> Calendar {
    Calendar::new(TimeZone::UTC, BTreeSet::new())
}

/// A supply that goes on from these states, by way of their bytes.
fn restored(topology: &Topology, stored: &SupplyState, indices: &IndicesState) -> Supply {
    let mut supply = Supply::new(rules(), calendar(), topology);
    let bytes = postcard::to_stdvec(stored).unwrap();
    supply.restore(topology, postcard::from_bytes(&bytes).unwrap()).unwrap();
    let bytes = postcard::to_stdvec(indices).unwrap();
    supply.restore_indices(postcard::from_bytes(&bytes).unwrap());
    supply
}

fn hour(number: usize) -> EventTime {
    START.plus(number as i64 * HOUR)
}

/// A row of the topology from `METER TRANSFORMER FEEDER AREA`.
fn placed(name: &str, transformer: &str, feeder: &str, area: &str) -> TopologyRow {
    TopologyRow {
        transformer: TransformerId::new(transformer).map(Arc::new),
        feeder: FeederId::new(feeder).map(Arc::new),
        area: AreaId::new(area).map(Arc::new),
        ..TopologyRow::new(MeterId::new(name).unwrap(), Role::Consumer)
    }
}

/// What came in one tick.
#[derive(Debug, Clone, Default)]
struct Came {
    rows: Vec<Interval>,
    events: Vec<Event>,
}

fn row(meter: MeterId, at: usize, wh: Option<i64>, readings: u16, quality: Quality) -> Interval {
    Interval {
        meter,
        start: hour(at),
        end: hour(at + 1),
        imp: wh.map(WattHours),
        exp: None,
        sums: Sums { readings, ..Sums::EMPTY },
        quality,
        instead: None,
    }
}

/// `METER TRANSFORMER FEEDER AREA | 5 5 . . 5` a line, energies of gaps behind it in Wh.
fn street(picture: &str) -> (Topology, Vec<(usize, Came)>) {
    let (mut places, mut ticks) = (Vec::new(), BTreeMap::<usize, Came>::new());
    for line in picture.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (place, hours) = line.split_once('|').unwrap();
        let words: Vec<&str> = place.split_whitespace().collect();
        let how = words.get(4).copied().unwrap_or("@1");
        let role = if how == "supply" { Role::Transformer } else { Role::Consumer };
        places.push(TopologyRow { role, ..placed(words[0], words[1], words[2], words[3]) });
        let (hours, gaps) = hours.split_once('+').unwrap_or((hours, ""));
        let mut gaps = gaps.split_whitespace().map(|wh| wh.parse::<i64>().unwrap());
        let mut own = BTreeMap::new();
        live(MeterId::new(words[0]).unwrap(), hours, &mut gaps, &mut own);
        let every = how[1..].parse().unwrap_or(1);
        for (at, mut came) in own {
            if how.starts_with('!') {
                came.events.retain(|event| event.code != EventCode::HEARD);
                ticks.entry(at).or_default().events.extend(std::mem::take(&mut came.events));
            }
            let tick = ticks.entry((at / every + 1) * every - 1).or_default();
            tick.rows.extend(came.rows);
            tick.events.extend(came.events);
        }
    }
    (Topology::new(places).unwrap(), sorted(ticks))
}

fn sorted(mut ticks: BTreeMap<usize, Came>) -> Vec<(usize, Came)> {
    for came in ticks.values_mut() {
        came.rows.sort_by_key(|row| (row.meter, row.end));
        came.events.sort_unstable();
    }
    // Where nothing at all is heard there is no tick.
    ticks.into_iter().filter(|(_, came)| !came.rows.is_empty() || !came.events.is_empty()).collect()
}

fn live(
    meter: MeterId,
    hours: &str,
    gaps: &mut impl Iterator<Item = i64>,
    ticks: &mut BTreeMap<usize, Came>,
) {
    // Hours whose energy waits for a register: nothing was heard in those that are true.
    let mut waiting = Vec::<(usize, bool)>::new();
    for (at, letter) in hours.chars().filter(|letter| *letter != ' ').enumerate() {
        let came = ticks.entry(at).or_default();
        let mut event = |minutes: i64, code| {
            came.events.push(Event { meter, time: hour(at).plus(minutes * MINUTE), code });
        };
        match letter {
            '.' => {
                waiting.push((at, true));
                continue;
            }
            'x' => event(40, EventCode::POWER_FAILURE),
            'r' | 'm' => event(20, EventCode::POWER_FAILURE_RESTORED),
            'b' => {
                event(30, EventCode::POWER_FAILURE);
                event(32, EventCode::POWER_FAILURE_RESTORED);
            }
            _ => {}
        }
        if matches!(letter, 'x' | '~' | 'm') {
            event(60, EventCode::HEARD);
            waiting.push((at, false));
            continue;
        }
        let energy = letter.to_digit(10).map_or(100, |digit| i64::from(digit) * 100);
        let estimated = Quality::ESTIMATED;
        if waiting.is_empty() {
            came.rows.push(row(meter, at, Some(energy), 1, Quality::MEASURED));
            continue;
        }
        let (advanced, parts) = (gaps.next().unwrap_or(0), waiting.len() as i64 + 1);
        for (hour, silent) in std::mem::take(&mut waiting) {
            let quality = if silent { estimated.with(Quality::GAP) } else { estimated };
            came.rows.push(row(meter, hour, Some(advanced / parts), u16::from(!silent), quality));
        }
        let rest = advanced - advanced / parts * (parts - 1);
        came.rows.push(row(meter, at, Some(rest), 1, estimated));
    }
}

fn shown(change: &Change) -> String {
    let clock = |time: EventTime| {
        let minutes = time.since(START) / MINUTE;
        format!("{:02}:{:02}", minutes / 60, minutes % 60)
    };
    match change {
        Change::Withdrawn(target, start) => format!("not {target} {}", clock(*start)),
        Change::Updated(outage) => format!(
            "{} {} to {} {}{} {} {} min{}",
            outage.target,
            clock(outage.start),
            outage.end.map_or_else(|| "?".to_owned(), clock),
            outage.cause.name(),
            outage.kind.map_or_else(String::new, |kind| format!(" {}", kind.name())),
            outage.consumers,
            outage.customer_minutes(),
            outage.area.map_or_else(String::new, |area| format!(" {area}")),
        ),
    }
}

/// What is published of a street, tick by tick, and at the end.
fn published(picture: &str) -> String {
    let (topology, ticks) = street(picture);
    let mut supply = Supply::new(rules(), calendar(), &topology);
    let mut page = String::new();
    for (at, came) in ticks {
        let mut out = SupplyRows::default();
        supply.tick(hour(at + 1), &Join::new(&topology, &came.rows), &came.events, &mut out);
        out.outages.iter().for_each(|change| page += &format!("{:2} {}\n", at + 1, shown(change)));
    }
    let mut out = SupplyRows::default();
    supply.finish(&topology, &mut out);
    for row in out.indices.iter().filter(|row| row.area.is_none() && row.consumers > 0) {
        let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
        let (saidi, saifi, caidi) = (number(row.saidi), number(row.saifi), number(row.caidi));
        page += &format!("SAIDI {saidi} SAIFI {saifi} CAIDI {caidi} MAIFI {}\n", number(row.maifi));
    }
    page
}
