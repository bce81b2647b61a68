//! Against slow arithmetic over all intervals at once.

use crate::*;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use reading::time::{HOUR, MINUTE};
use reading::{Calendar, EventTime, FeederId, Grid, Interval, MeterId, Quality, Sums, Target, TransformerId};
use std::collections::BTreeMap;
use units::{Ratio, WattHours, Watts};

const HALF: i64 = 30 * MINUTE;
/// Monday, 1 January 2024, midnight in Kolkata; a billing period begins on the 15th.
const START: EventTime = EventTime(1_704_047_400_000);
const TURN: usize = 14 * 48;
const METERS: usize = 6;
const REPORTING: f64 = 0.6;
const SANCTIONED: f64 = 4000.0;

fn calendar() -> Calendar {
    Calendar::new(TimeZone::get("Asia/Kolkata").unwrap(), [].into())
}

fn meter(number: usize) -> MeterId {
    MeterId::new(format!("M{number}")).unwrap()
}

fn transformer(number: usize) -> TransformerId {
    TransformerId::new(format!("T{}", number % 2)).unwrap()
}

fn class(number: usize) -> &'static str {
    if number < 4 { "domestic" } else { "farm" }
}

/// Groups whose intervals wait for so many ticks.
fn groups_that_wait(ticks: i64) -> Groups {
    let grid = Grid::new(HALF).unwrap();
    let demand = DemandRule::new(HOUR, vec![], 15, Ratio(0.85), grid).unwrap();
    let rules = MeteringSettings { grid, profile: None, demand: Some(demand) };
    let rule = GroupRule { reporting: Ratio(REPORTING), whole_town: true };
    Groups::new(&rules, Some(rule), Some(Ratio(1.0)), ticks * HALF, &calendar())
}

fn groups() -> Groups {
    groups_that_wait(0)
}

/// The interval of a meter in a tick: what it imported and exported, or nothing of it.
#[derive(Debug, Clone, Copy)]
struct Seen {
    imp: i64,
    exp: i64,
    quality: Option<Quality>,
}

impl Seen {
    fn is_measured(self) -> bool {
        self.quality == Some(Quality::MEASURED)
    }
}

fn intervals(tick: usize, seen: &[Seen]) -> Vec<Interval> {
    let end = START.plus((tick as i64 + 1) * HALF);
    let row = |(number, seen): (usize, &Seen)| {
        let (imp, exp) = (Some(WattHours(seen.imp)), Some(WattHours(seen.exp)));
        let (start, sums) = (end.minus(HALF), Sums::EMPTY);
        Some(Interval {
            meter: meter(number),
            start,
            end,
            imp,
            exp,
            sums,
            quality: seen.quality?,
            instead: None,
        })
    };
    seen.iter().enumerate().filter_map(row).collect()
}

fn size(target: Target, _: EventTime) -> u32 {
    if matches!(target, Target::Transformer(_)) { METERS as u32 / 2 } else { METERS as u32 }
}

fn placed(rows: &[Interval]) -> impl Iterator<Item = Placed<'_>> + Clone {
    let number = |row: &Interval| row.meter.as_str()[1..].parse().unwrap();
    rows.iter().map(move |row| Placed { row, place: Some(number(row)) })
}

fn network<'a>() -> Network<impl Fn(u32) -> Place<'a>, impl Fn(Target, EventTime) -> u32> {
    let place_of = |number: u32| Place {
        transformer: Some(transformer(number as usize)),
        feeder: FeederId::new("F"),
        area: None,
        sanctioned: Some(Watts(SANCTIONED)),
        class: Some(class(number as usize)),
    };
    Network { place_of, size, is_known: true }
}

fn tick_of(
    groups: &mut Groups,
    tick: usize,
    rows: &[Interval],
    out: &mut Vec<DemandRow>,
) -> Vec<AboveSanctioned> {
    groups.tick(end_of(tick), placed(rows), &network(), out)
}

fn join_of(groups: &mut Groups, rows: &[Interval]) -> Vec<AboveSanctioned> {
    groups.join(placed(rows), &network())
}

fn end_of(tick: usize) -> EventTime {
    START.plus((tick as i64 + 1) * HALF)
}

fn take(
    groups: &mut Groups,
    tick: usize,
    seen: &[Seen],
    out: &mut Vec<DemandRow>,
    above: &mut Vec<AboveSanctioned>,
) {
    above.extend(tick_of(groups, tick, &intervals(tick, seen), out));
}

/// The block that begins with a tick: net energy of each meter that was measured all the time.
fn shares(ticks: &[[Seen; METERS]], at: usize) -> [Option<(i64, i64)>; METERS] {
    std::array::from_fn(|meter| {
        let both = [ticks[at][meter], *ticks.get(at + 1)?.get(meter)?];
        both.iter().all(|seen| seen.is_measured()).then(|| {
            (both.iter().map(|seen| seen.imp).sum(), both.iter().map(|seen| seen.imp - seen.exp).sum())
        })
    })
}

/// What some meters imported together in a block, if enough of them were measured.
fn together(ticks: &[[Seen; METERS]], at: usize, of: &[usize]) -> Option<i64> {
    let half = |tick: &[Seen; METERS]| {
        let known: Vec<Seen> =
            of.iter().map(|&meter| tick[meter]).filter(|seen| seen.quality.is_some()).collect();
        let measured = known.iter().filter(|seen| seen.is_measured()).count();
        (measured > 0 && measured as f64 >= REPORTING * of.len() as f64)
            .then(|| known.iter().map(|seen| seen.imp - seen.exp).sum::<i64>().max(0))
    };
    Some(half(&ticks[at])? + half(ticks.get(at + 1)?)?)
}

fn check_period(
    ticks: &[[Seen; METERS]],
    period: std::ops::Range<usize>,
    rows: &BTreeMap<Target, DemandRow>,
) {
    let blocks: Vec<usize> = period.clone().step_by(2).filter(|at| at + 1 < period.end).collect();
    let highest = |of: &[usize]| {
        let mut most = None::<(i64, usize)>;
        for &at in &blocks {
            if let Some(wh) = together(ticks, at, of).filter(|wh| most.is_none_or(|(most, _)| *wh > most)) {
                most = Some((wh, at));
            }
        }
        most
    };
    let all: Vec<usize> = (0..METERS).collect();
    let peak = highest(&all).filter(|(wh, _)| *wh > 0);
    for (target, of) in [
        (Target::System, all.clone()),
        (Target::Feeder(FeederId::new("F").unwrap()), all.clone()),
        (Target::Transformer(transformer(0)), vec![0, 2, 4]),
        (Target::Transformer(transformer(1)), vec![1, 3, 5]),
    ] {
        let Some(row) = rows.get(&target) else { continue };
        let most = highest(&of);
        assert_eq!(row.block.map(|block| block.demand.0), most.map(|(wh, _)| wh as f64), "{target}");
        let among = row.whole.as_ref().unwrap().among;
        let own = of.iter().map(|&meter| {
            let whole = blocks.iter().filter_map(|&at| shares(ticks, at)[meter]);
            whole.map(|(imp, _)| imp).max().unwrap_or(0)
        });
        let diversity =
            most.map(|(wh, _)| own.sum::<i64>() as f64 / wh as f64).filter(|ratio| ratio.is_finite());
        let found = among.diversity.map(|ratio| ratio.0);
        let close = found.zip(diversity).is_none_or(|(found, slow)| (found - slow).abs() < 1e-9);
        assert!(
            close && (found.is_some() || diversity.is_none_or(|ratio| ratio == 0.0)),
            "{target} {found:?} {diversity:?}"
        );
        if target == Target::System {
            // Net, though the block is one of imports: half of it may have been an export.
            let net = |at: usize| {
                let both = ticks[at].iter().chain(&ticks[at + 1]).filter(|seen| seen.quality.is_some());
                both.map(|seen| seen.imp - seen.exp).sum::<i64>() as f64
            };
            assert_eq!(among.coincident.map(|w| w.0), peak.map(|(_, at)| net(at)), "of all");
        }
    }
    let imported = |number: usize| {
        let known: Vec<i64> = period
            .clone()
            .map(|at| ticks[at][number])
            .filter(|seen| seen.quality.is_some())
            .map(|seen| seen.imp)
            .collect();
        (!known.is_empty()).then(|| known.iter().sum::<i64>() as f64)
    };
    for number in 0..METERS {
        let Some(row) = rows.get(&Target::Meter(meter(number))) else { continue };
        let peers: Vec<f64> =
            (0..METERS).filter(|&other| class(other) == class(number)).filter_map(imported).collect();
        let mean = peers.iter().sum::<f64>() / peers.len() as f64;
        let slow = imported(number).map(|wh| wh / mean).filter(|ratio| ratio.is_finite());
        let found = row.whole.as_ref().unwrap().among.peers.map(|ratio| ratio.0);
        assert!(
            found.is_some() == slow.is_some()
                && found.zip(slow).is_none_or(|(found, slow)| (found - slow).abs() < 1e-6),
            "{number} {found:?} {slow:?}"
        );
        let slow = peak.and_then(|(_, at)| Some(shares(ticks, at)[number]?.1 as f64));
        assert_eq!(row.whole.as_ref().unwrap().among.coincident.map(|w| w.0), slow, "{number}");
    }
}

/// An empty row of a meter, as the first stage publishes it.
fn blank(number: usize, start: EventTime) -> DemandRow {
    DemandRow {
        whose: crate::Whose::Meter(meter(number)),
        start,
        end: start,
        zone: 0,
        block: None,
        sliding: None,
        block_va: None,
        sliding_va: None,
        energy: WattHours(0),
        is_final: true,
        whole: Some(Whole {
            exported: WattHours(0),
            load_factor: None,
            pf: None,
            reactive: None,
            low_pf_hours: 0.0,
            pf_spread: None,
            hours: 0.0,
            estimated_hours: 0.0,
            base: None,
            night_share: None,
            among: Among::default(),
        }),
    }
}

fn ticks() -> impl Strategy<Value = Vec<[Seen; METERS]>> {
    let seen = (0..3000_i64, 0..4000_i64, 0..12_u8).prop_map(|(imp, exp, kind)| {
        let quality = match kind {
            0 => None,
            1 => Some(Quality::ESTIMATED),
            _ => Some(Quality::MEASURED),
        };
        Seen { imp, exp: if kind == 2 { exp } else { 0 }, quality }
    });
    // Some blocks before the turn, and some after it.
    prop::collection::vec(prop::array::uniform6(seen), 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn groups_and_shares_in_the_peak_are_those_of_slow_arithmetic(ticks in ticks(), before in 0..10_usize, stop in 0..40_usize) {
        let first = TURN - 2 * before;
        let (mut groups, mut out, mut above) = (groups(), Vec::new(), Vec::new());
        for (index, seen) in ticks.iter().enumerate() {
            if index == stop {
                let bytes = postcard::to_stdvec(&groups.snapshot()).unwrap();
                groups = self::groups();
                prop_assert!(groups.restore(postcard::from_bytes(&bytes).unwrap()));
            }
            take(&mut groups, first + index, seen, &mut out, &mut above);
        }
        groups.finish(size, &mut out);
        let turn = (2 * before).min(ticks.len());
        let starts = ["2023-12-15", "2024-01-15"].map(|day| calendar().start_of(day.parse().unwrap()));
        for (start, period) in starts.into_iter().zip([0..turn, turn..ticks.len()]) {
            let mut rows: BTreeMap<Target, DemandRow> =
                out.iter().filter(|row| row.start == start).map(|row| (row.target(), row.clone())).collect();
            for number in 0..METERS {
                let mut row = blank(number, start);
                groups.complete(&mut row);
                rows.insert(row.target(), row);
            }
            // A turn that nothing came after is not known of.
            if !period.is_empty() {
                check_period(&ticks, period.clone(), &rows);
            }
            for number in 0..METERS {
                let blocks = period.clone().step_by(2).filter(|at| at + 1 < period.end);
                let mut demand = blocks.filter_map(|at| Some((at, shares(&ticks, at)[number]?.0 as f64)));
                let slow = demand.find(|(_, demand)| *demand > SANCTIONED);
                let end = |at: usize| START.plus((first + at + 2) as i64 * HALF);
                let within = period.clone().map(|at| START.plus((first + at + 1) as i64 * HALF)).collect::<Vec<_>>();
                let fast: Vec<_> = above.iter().filter(|one| one.meter == meter(number) && within.contains(&one.end)).collect();
                prop_assert_eq!(fast.first().map(|one| (one.end, one.demand.0)), slow.map(|(at, demand)| (end(at), demand)));
                prop_assert!(fast.len() <= 1);
            }
        }
    }
}

#[test]
fn what_is_not_believed_is_in_no_peak_and_what_stands_in_is_in_the_sum() {
    let usual = Seen { imp: 100, exp: 0, quality: Some(Quality::MEASURED) };
    let (mut groups, mut out, mut above) = (groups(), Vec::new(), Vec::new());
    for tick in 0..4 {
        let mut rows = intervals(tick, &[usual; METERS]);
        if tick == 1 {
            (rows[0].imp, rows[0].quality) = (Some(WattHours(900_000)), Quality::SUSPECT);
            rows[0].instead = Some(WattHours(90));
        }
        let placed = rows.iter().map(|row| Placed { row, place: None });
        let network = Network { place_of: |_| Place::default(), size, is_known: false };
        above.extend(groups.tick(end_of(tick), placed, &network, &mut out));
    }
    groups.finish(size, &mut out);
    let all = out.iter().find(|row| row.target() == Target::System).unwrap();
    // Six in four half-hours, and one of those had 90 Wh.
    assert_eq!(all.energy, WattHours(2390));
    assert_eq!(all.block.map(|peak| peak.demand), Some(Watts(1200.0)));
}

/// So many ticks an interval may wait.
const PATIENCE: usize = 6;

/// How many ticks each meter is silent before it delivers what it has.
fn deliveries() -> impl Strategy<Value = [usize; METERS]> {
    prop::array::uniform6(prop_oneof![2 => Just(1), 3 => 1..=PATIENCE])
}

/// The rows that arrive in each tick, and after the last one: each meter delivers all that it has every so many ticks.
fn arrivals(first: usize, ticks: &[[Seen; METERS]], every: [usize; METERS]) -> Vec<Vec<Interval>> {
    let mut arrivals = vec![Vec::new(); ticks.len() + 1];
    for (tick, seen) in ticks.iter().enumerate() {
        for (meter, every) in every.into_iter().enumerate() {
            let arrives = (tick / every * every + every - 1).min(ticks.len());
            arrivals[arrives].extend(
                intervals(first + tick, &seen[..=meter])
                    .into_iter()
                    .filter(|row| row.meter == self::meter(meter)),
            );
        }
    }
    arrivals.iter_mut().for_each(|rows| rows.sort_by_key(|row| (row.meter, row.end)));
    arrivals
}

/// Rows of meters that are completed when they have come so far, and at the end.
fn completed(groups: &mut Groups, start: EventTime) -> Vec<DemandRow> {
    (0..METERS)
        .map(|number| {
            let mut row = blank(number, start);
            groups.complete(&mut row);
            row
        })
        .collect()
}

/// In one order, and without whether late rows could still have joined.
fn by_target(mut rows: Vec<DemandRow>) -> Vec<DemandRow> {
    rows.iter_mut().for_each(|row| row.is_final = true);
    rows.sort_by_key(|row| (row.start, row.target()));
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn late_rows_end_at_the_demand_of_rows_in_time(
        ticks in ticks(),
        before in 0..10_usize,
        every in deliveries(),
        (stop, in_parts) in (0..40_usize, any::<bool>()),
    ) {
        let first = TURN - 2 * before;
        let (mut timely, mut out, mut above) = (groups(), Vec::new(), Vec::new());
        for (index, seen) in ticks.iter().enumerate() {
            take(&mut timely, first + index, seen, &mut out, &mut above);
        }
        timely.finish(size, &mut out);
        let (mut late, mut late_out, mut late_above) = (groups_that_wait(PATIENCE as i64), Vec::new(), Vec::new());
        for (index, rows) in arrivals(first, &ticks, every).into_iter().enumerate() {
            if index == stop {
                let bytes = postcard::to_stdvec(&late.snapshot()).unwrap();
                late = groups_that_wait(PATIENCE as i64);
                prop_assert!(late.restore(postcard::from_bytes(&bytes).unwrap()));
                prop_assert_eq!(&bytes, &postcard::to_stdvec(&late.snapshot()).unwrap());
            }
            // A long backlog comes in parts, the first of them before the tick.
            let behind = |row: &Interval| index > 0 && (in_parts || index == ticks.len()) && row.end < end_of(first + index);
            let (behind, rows): (Vec<Interval>, Vec<Interval>) = rows.into_iter().partition(behind);
            late_above.extend(join_of(&mut late, &behind));
            if index < ticks.len() {
                late_above.extend(tick_of(&mut late, first + index, &rows, &mut late_out));
            }
            prop_assert!(late.memory() <= (PATIENCE + 1) * 4 * Groups::BYTES_PER_INTERVAL);
        }
        prop_assert!(late_out.iter().all(|row| row.is_final));
        let known = late_out.len();
        late.settle(size, &mut late_out);
        prop_assert!(!late_out[known..].iter().any(|row| row.is_final));
        prop_assert_eq!(late.memory(), 0);
        for start in ["2023-12-15", "2024-01-15"].map(|day| calendar().start_of(day.parse().unwrap())) {
            for (row, in_time) in completed(&mut late, start).iter().zip(completed(&mut timely, start)) {
                let [row, in_time] = [row, &in_time].map(|row| row.whole.as_ref().unwrap().among);
                prop_assert_eq!(row.peers, in_time.peers);
                // The use of the peak is unknown if other blocks looked higher without the late rows.
                prop_assert!(row.coincident.is_none() || row.coincident == in_time.coincident);
            }
        }
        late.finish(size, &mut late_out);
        prop_assert_eq!(by_target(late_out), by_target(out));
        let key = |one: &AboveSanctioned| (one.meter, one.end);
        above.sort_by_key(key);
        late_above.sort_by_key(key);
        prop_assert_eq!(late_above, above);
    }

    #[test]
    fn groups_that_wait_for_nobody_that_comes_have_the_rows_of_those_that_do_not_wait(
        ticks in ticks(),
        before in 0..10_usize,
        patience in 1..60_i64,
    ) {
        let first = TURN - 2 * before;
        let (mut one, mut one_out) = (groups(), Vec::new());
        let (mut other, mut other_out) = (groups_that_wait(patience), Vec::new());
        let mut above = Vec::new();
        let starts = ["2023-12-15", "2024-01-15"].map(|day| calendar().start_of(day.parse().unwrap()));
        for (index, seen) in ticks.iter().enumerate() {
            take(&mut one, first + index, seen, &mut one_out, &mut above);
            take(&mut other, first + index, seen, &mut other_out, &mut above);
            for start in starts {
                // Rows of meters do not wait: they show what has come so far.
                prop_assert_eq!(completed(&mut one, start), completed(&mut other, start));
            }
        }
        one.finish(size, &mut one_out);
        other.finish(size, &mut other_out);
        prop_assert_eq!(by_target(one_out), by_target(other_out));
    }
}

#[test]
fn without_patience_a_late_row_counts_in_no_group() {
    let usual = Seen { imp: 100, exp: 0, quality: Some(Quality::MEASURED) };
    let (mut groups, mut out, mut above) = (groups(), Vec::new(), Vec::new());
    let mut seen = [usual; METERS];
    seen[5].quality = None;
    take(&mut groups, 0, &seen, &mut out, &mut above);
    let late = intervals(0, &[usual; METERS]).split_off(5);
    assert_eq!(join_of(&mut groups, &late), []);
    let rows = [late, intervals(1, &[usual; METERS])].concat();
    tick_of(&mut groups, 1, &rows, &mut out);
    groups.finish(size, &mut out);
    let all = out.iter().find(|row| row.target() == Target::System).unwrap();
    assert_eq!(all.energy, WattHours(1100));
}

#[test]
fn an_interval_waits_until_it_is_final_and_then_no_row_joins_it() {
    let usual = Seen { imp: 100, exp: 0, quality: Some(Quality::MEASURED) };
    let (mut groups, mut out, mut above) = (groups_that_wait(3), Vec::new(), Vec::new());
    let mut without = [usual; METERS];
    without[5].quality = None;
    let mut waiting = Vec::new();
    for tick in 0..5 {
        take(&mut groups, tick, &without, &mut out, &mut above);
        waiting.push(groups.memory() / (4 * Groups::BYTES_PER_INTERVAL));
    }
    assert_eq!(waiting, [1, 2, 3, 3, 3]);
    // The meter delivers all of its day: two of its intervals are final.
    let late: Vec<Interval> =
        (0..5).flat_map(|tick| intervals(tick, &[usual; METERS]).split_off(5)).collect();
    join_of(&mut groups, &late);
    take(&mut groups, 5, &[usual; METERS], &mut out, &mut above);
    assert_eq!(groups.memory(), 0);
    groups.finish(size, &mut out);
    let all = out.iter().find(|row| row.target() == Target::System).unwrap();
    assert_eq!(all.energy, WattHours(2 * 500 + 4 * 600));
}
