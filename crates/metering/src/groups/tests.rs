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

fn groups() -> Groups {
    let grid = Grid::new(HALF).unwrap();
    let demand = DemandRule::new(HOUR, vec![], 15, Ratio(0.85), grid).unwrap();
    let rules = MeteringSettings { grid, profile: None, demand: Some(demand) };
    let rule = GroupRule { reporting: Ratio(REPORTING), whole_town: true };
    Groups::new(&rules, Some(rule), Some(Ratio(1.0)), &calendar())
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

fn size(target: Target) -> u32 {
    if matches!(target, Target::Transformer(_)) { METERS as u32 / 2 } else { METERS as u32 }
}

fn take(
    groups: &mut Groups,
    tick: usize,
    seen: &[Seen],
    out: &mut Vec<DemandRow>,
    above: &mut Vec<AboveSanctioned>,
) {
    let rows = intervals(tick, seen);
    let number = |row: &Interval| row.meter.as_str()[1..].parse::<usize>().unwrap();
    let placed = rows.iter().map(|row| Placed { row, place: Some(number(row) as u32) });
    let place_of = |number: u32| Place {
        transformer: Some(transformer(number as usize)),
        feeder: FeederId::new("F"),
        area: None,
        sanctioned: Some(Watts(SANCTIONED)),
        class: Some(class(number as usize)),
    };
    above.extend(groups.tick(START.plus((tick as i64 + 1) * HALF), placed, place_of, size, out));
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
        groups.finish(&mut out);
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
        let end = START.plus((tick as i64 + 1) * HALF);
        above.extend(groups.tick(end, placed, |_| Place::default(), size, &mut out));
    }
    groups.finish(&mut out);
    let all = out.iter().find(|row| row.target() == Target::System).unwrap();
    // Six in four half-hours, and one of those had 90 Wh.
    assert_eq!(all.energy, WattHours(2390));
    assert_eq!(all.block.map(|peak| peak.demand), Some(Watts(1200.0)));
}
