use super::*;
use crate::town::{LOSS_FULL, LOSS_IDLE};
use crate::{Faults, Kind, Role, Settings};
use reading::MeterId;
use reading::time::{DAY, HOUR, MINUTE};
use std::collections::{BTreeMap, BTreeSet};

const START: EventTime = EventTime(1_700_006_400_000);

fn town(settings: Settings) -> Town {
    Town::new(settings).unwrap()
}

fn usual(meters: usize, days: u32, seed: u64) -> Settings {
    Settings::usual(meters, days, seed, START)
}

#[test]
fn a_town_that_is_watched_for_longer_is_the_same_town() {
    let short = town(usual(120, 3, 5));
    let long = town(Settings { days: 6, onset_days: Some(3), ..usual(120, 3, 5) });
    let until = short.settings().end();
    let first =
        |town: &Town| town.messages().take_while(|message| message.arrival <= until).collect::<Vec<_>>();
    assert_eq!(first(&short), first(&long));
    let begun = |town: &Town| {
        let truth = town.truth();
        truth
            .into_iter()
            .filter(|row| row.from < until)
            .map(|row| (row.meter, row.kind, row.from))
            .collect::<Vec<_>>()
    };
    assert_eq!(begun(&short), begun(&long));
}

#[test]
fn what_begins_after_the_last_day_is_no_truth() {
    let town = town(Settings { onset_days: Some(1000), ..usual(500, 2, 5) });
    let end = town.settings().end();
    assert!(town.truth().iter().all(|row| row.from < end && row.from <= row.to));
}

/// The readings of each meter, in order of time, of a town where nothing goes wrong on the way.
fn by_meter(town: &Town) -> BTreeMap<MeterId, Vec<RawReading>> {
    let mut all: BTreeMap<MeterId, Vec<RawReading>> = BTreeMap::new();
    for message in town.messages() {
        all.entry(message.raw.meter).or_default().push(message.raw);
    }
    all
}

fn one<T: Copy>(phases: Option<reading::Phases<T>>) -> T {
    match phases {
        Some(reading::Phases::One(one)) => one,
        _ => panic!("a single-phase value is expected"),
    }
}

fn currents(raw: &RawReading) -> (f64, f64) {
    (f64::from(one(raw.i).0) / 1000.0, f64::from(raw.neutral.unwrap().0) / 1000.0)
}

/// Whether a block's phase and neutral disagree, by the rule that tampering must break and innocents must not.
fn apart(block: &[RawReading]) -> bool {
    let mean = |of: fn(&(f64, f64)) -> f64| {
        block.iter().map(|raw| of(&currents(raw))).sum::<f64>() / block.len() as f64
    };
    let (difference, larger) = (mean(|(i, n)| (i - n).abs()), mean(|(i, n)| i.max(*n)));
    difference > 0.5 && difference > larger * if larger < 2.0 { 0.25 } else { 0.0625 }
}

/// The longest run of blocks of so many minutes in which they do.
fn longest_run(readings: &[RawReading], minutes: i64) -> usize {
    let blocks = readings.chunk_by(|a, b| {
        let block = |raw: &RawReading| (raw.time.0 - 1).div_euclid(minutes * MINUTE);
        block(a) == block(b)
    });
    let (mut run, mut longest) = (0, 0);
    for block in blocks {
        run = if apart(block) { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

const BLOCKS: [i64; 3] = [15, 30, 60];

fn no_faults(settings: Settings) -> Settings {
    Settings { faults: Faults::NONE, ..settings }
}

#[test]
fn same_seed_same_messages() {
    let messages = |seed| town(usual(120, 3, seed)).messages().collect::<Vec<_>>();
    assert_eq!(messages(7), messages(7));
    assert_ne!(messages(7), messages(8));
}

#[test]
fn a_meter_more_changes_no_other_transformer() {
    let small = by_meter(&town(no_faults(usual(100, 2, 3))));
    let large = by_meter(&town(no_faults(usual(131, 2, 3))));
    assert!(small.iter().all(|(meter, readings)| large[meter] == *readings));
}

#[test]
fn the_meter_of_a_feeder_changes_no_other_reading() {
    let settings = Settings { outages: 3, ..usual(300, 2, 7) };
    let without = by_meter(&town(settings));
    let with = by_meter(&town(Settings { feeder_meters: true, ..settings }));
    assert!(without.iter().all(|(meter, readings)| with[meter] == *readings));
    let others: Vec<&str> =
        with.keys().filter(|meter| !without.contains_key(meter)).map(MeterId::as_str).collect();
    assert_eq!(others, ["F01", "F02"]);
}

#[test]
fn without_faults_each_meter_sends_once_a_step_in_order() {
    let town = town(Settings { feeder_meters: true, ..no_faults(usual(60, 2, 5)) });
    let places = town.topology().len();
    let messages: Vec<Message> = town.messages().collect();
    assert_eq!(messages.len() as u64, town.readings());
    assert_eq!(messages.len(), places * 2 * 96);
    for (step, of_step) in messages.chunks(places).enumerate() {
        let time = START.plus((step as i64 + 1) * 15 * MINUTE);
        assert!(of_step.iter().all(|m| m.raw.time == time && m.raw.seq == Some(step as u64)));
        let meters: BTreeSet<MeterId> = of_step.iter().map(|m| m.raw.meter).collect();
        assert_eq!(meters.len(), places);
    }
    assert!(messages.is_sorted_by_key(|m| m.arrival));
    assert!(messages.iter().all(|m| m.torn.is_none() && m.arrival > m.raw.time));
}

#[test]
fn arrivals_are_in_order_with_faults_too() {
    for interval_ms in [1000, MINUTE, 15 * MINUTE, HOUR] {
        let days = if interval_ms < MINUTE { 1 } else { 3 };
        let meters = if interval_ms < MINUTE { 2 } else { 60 };
        let faults = Faults { late: 0.01, ..Faults::usual() };
        let town = town(Settings { interval_ms, faults, ..usual(meters, days, 5) });
        let mut last = EventTime::MIN;
        for message in town.messages() {
            assert!(message.arrival >= last);
            last = message.arrival;
        }
    }
}

#[test]
fn transformers_count_consumers_and_loss() {
    let town = town(Settings { solar: 0.0, feeder_meters: true, ..usual(250, 3, 11).honest() });
    let all = by_meter(&town);
    let used = |meter: MeterId| {
        let readings = &all[&meter];
        (readings.last().unwrap().imp.unwrap().0 - readings[0].imp.unwrap().0) as f64
    };
    let rows = town.topology();
    let sum = |role, of: &dyn Fn(&crate::Connection) -> bool| {
        rows.iter().filter(|row| row.role == role && of(row)).map(|row| used(row.meter)).sum::<f64>()
    };
    for row in rows.iter().filter(|row| row.role == Role::Transformer) {
        let below = sum(Role::Consumer, &|consumer| consumer.transformer == row.transformer);
        let loss = used(row.meter) / below - 1.0;
        assert!((LOSS_IDLE..LOSS_FULL).contains(&loss), "{} loses {loss}", row.meter);
    }
    let loss = used(MeterId::new("F01").unwrap()) / sum(Role::Transformer, &|_| true) - 1.0;
    assert!((0.0075..0.0085).contains(&loss), "the feeder loses {loss}");
}

#[test]
fn registers_are_power_over_time() {
    let town = town(no_faults(usual(400, 3, 2)));
    let mut exported = 0;
    for (meter, readings) in by_meter(&town) {
        let (first, last) = (&readings[0], readings.last().unwrap());
        let quarter =
            |raw: &RawReading| raw.p.unwrap().as_slice().iter().map(|p| p.0).sum::<i64>() as f64 / 4000.0;
        let power: f64 = readings[1..].iter().map(quarter).sum();
        let imp = (last.imp.unwrap() - first.imp.unwrap()).0;
        let exp = last.exp.map_or(0, |exp| exp.0) - first.exp.map_or(0, |exp| exp.0);
        exported += exp;
        let swapped = power < 0.0 && exp == 0;
        let apart = if swapped { imp as f64 + power } else { (imp - exp) as f64 - power };
        // Half a watt of rounding a phase and reading, and a watt-hour a register.
        let allowed = readings.len() as f64 * 1.5 / 4.0 + 2.0;
        assert!(apart.abs() < allowed, "{meter}: registers {imp} - {exp}, power {power}");
    }
    assert!(exported > 0);
}

#[test]
fn every_tampered_meter_shows_it() {
    for (interval, days) in [(15, 10), (30, 10), (60, 10), (15, 1), (5, 2)] {
        let settings = no_faults(usual(300, days, u64::from(days) + 90));
        let town = town(Settings { interval_ms: interval * MINUTE, thieves: 0.1, ..settings });
        let all = by_meter(&town);
        let mut guilty: BTreeMap<MeterId, Vec<(EventTime, EventTime)>> = BTreeMap::new();
        for row in town.truth().into_iter().filter(crate::Truth::guilty) {
            assert!((0.15..0.60).contains(&row.share.unwrap()) && row.from < row.to);
            guilty.entry(row.meter).or_default().push((row.from, row.to));
        }
        assert_eq!(guilty.len(), 30);
        for (meter, stretches) in guilty {
            let inside = |raw: &&RawReading| stretches.iter().any(|(a, b)| *a < raw.time && raw.time <= *b);
            let (tampered, honest): (Vec<_>, Vec<_>) = all[&meter].iter().partition(inside);
            let tampered: Vec<RawReading> = tampered.into_iter().cloned().collect();
            let honest: Vec<RawReading> = honest.into_iter().cloned().collect();
            for minutes in BLOCKS.into_iter().filter(|block| *block >= interval) {
                let run = longest_run(&tampered, minutes) as i64;
                assert!(run * minutes >= 8 * 60, "{meter} at {interval}: {run} blocks of {minutes} minutes");
                assert_eq!(longest_run(&honest, minutes), 0, "{meter} before");
            }
        }
    }
}

#[test]
fn innocents_break_no_rule() {
    for seed in 20..22 {
        let town = town(Settings { thieves: 0.0, ..no_faults(usual(400, 14, seed)) });
        let all = by_meter(&town);
        let truth = town.truth();
        assert!(truth.iter().all(|row| !row.guilty()));
        let of = |kind| {
            truth.iter().filter(move |row| row.kind == kind).map(|row| row.meter).collect::<BTreeSet<_>>()
        };
        let (shared, three) = (of(Kind::SharedNeutral), of(Kind::ThreePhase));
        let (brief, wires) = (of(Kind::Brief), of(Kind::SwappedWires));
        assert!([&shared, &three, &brief, &wires, &of(Kind::CtError)].iter().all(|kind| kind.len() >= 2));
        let mut brief_seen = 0;
        for (meter, readings) in &all {
            if !meter.as_str().starts_with('M') || shared.contains(meter) || three.contains(meter) {
                continue;
            }
            for minutes in BLOCKS {
                let run = longest_run(readings, minutes);
                if brief.contains(meter) {
                    brief_seen += run;
                    assert!(run <= 3, "SEED={seed} {meter}: {run} blocks of {minutes} minutes");
                } else {
                    assert_eq!(run, 0, "SEED={seed} {meter}: blocks of {minutes} minutes");
                }
            }
            let reversed = readings.iter().all(|raw| one(raw.p).0 < 0);
            assert_eq!(reversed, wires.contains(meter), "{meter}");
        }
        assert!(brief_seen > 0);
    }
}

#[test]
fn joined_neutrals_differ_by_the_same_at_the_same_time() {
    let town = town(no_faults(usual(400, 10, 31)));
    let all = by_meter(&town);
    let pairs: Vec<_> = town.truth().into_iter().filter(|row| row.kind == Kind::SharedNeutral).collect();
    for pair in pairs.chunks(2) {
        let (less, more) = (&all[&pair[0].meter], &all[&pair[1].meter]);
        assert!(
            longest_run(less, 60) >= 5 || longest_run(less, 15) >= 5,
            "{} looks like nothing",
            pair[0].meter
        );
        for (a, b) in less.iter().zip(more) {
            let ((ia, na), (ib, nb)) = (currents(a), currents(b));
            let odd = (ia - na) + (ib - nb);
            assert!(odd.abs() < 0.02 * (ia + ib) + 0.05, "{}: {odd}", pair[0].meter);
        }
    }
}

#[test]
fn three_phase_meters_send_arrays() {
    let town = town(no_faults(usual(200, 1, 6)));
    let three = town.truth().into_iter().find(|row| row.kind == Kind::ThreePhase).unwrap();
    for raw in &by_meter(&town)[&three.meter] {
        assert_eq!(raw.v.unwrap().as_slice().len(), 3);
        assert_eq!(raw.i.unwrap().as_slice().len(), 3);
        let sum: i32 = raw.i.unwrap().as_slice().iter().map(|i| i.0).sum();
        assert!(raw.neutral.unwrap().0 < sum);
    }
}

#[test]
fn every_reading_passes_the_door() {
    let limits = reading::Limits {
        v_max: units::Millivolts(260_000),
        i_max: units::Milliamperes(400_000),
        p_max: units::Milliwatts(200_000_000),
    };
    for message in town(usual(300, 5, 13)).messages() {
        let checked = reading::check(&message.raw, &limits).unwrap();
        assert!(checked.issues.is_empty(), "{:?}: {:?}", checked.issues, message.raw);
    }
}

#[test]
fn a_torn_line_is_never_whole() {
    let faults = Faults { torn: 0.5, ..Faults::NONE };
    let mut line = Vec::new();
    for message in town(Settings { faults, feeder_meters: true, ..usual(60, 1, 19) }).messages() {
        line.clear();
        wire::json::encode(&message.raw, &mut line);
        assert!(message.torn.is_none_or(|bytes| 0 < bytes && bytes + 1 < line.len()));
    }
}

/// Every fault alone, and what of it is seen.
#[test]
fn every_fault_happens() {
    let calm = Settings { thieves: 0.0, lookalikes: 0.0, ..usual(100, 4, 17) };
    let clean: Vec<Message> = town(no_faults(calm)).messages().collect();
    let with = |faults| {
        let town = town(Settings { faults, ..calm });
        let messages: Vec<Message> = town.messages().collect();
        assert!(messages.is_sorted_by_key(|m| m.arrival));
        (messages, town.truth())
    };
    let stretches =
        |truth: &[crate::Truth], kind| truth.iter().filter(|row| row.kind == kind && !row.guilty()).count();
    let share = |n: usize| n as f64 / clean.len() as f64;
    let delay = |m: &Message| m.arrival.since(m.raw.time);

    let (lost, _) = with(Faults { lost: 0.05, ..Faults::NONE });
    assert!((0.04..0.06).contains(&share(clean.len() - lost.len())));
    let (twice, _) = with(Faults { twice: 0.05, ..Faults::NONE });
    assert!((0.04..0.06).contains(&share(twice.len() - clean.len())));
    let (overtaken, _) = with(Faults { out_of_order: 0.05, ..Faults::NONE });
    assert!((0.04..0.06).contains(&share(overtaken.iter().filter(|m| delay(m) > 20_000).count())));
    assert!(overtaken.iter().all(|m| delay(m) < 15 * MINUTE));
    let (late, _) = with(Faults { late: 0.05, ..Faults::NONE });
    assert!((0.04..0.06).contains(&share(late.iter().filter(|m| delay(m) > 2 * HOUR).count())));
    let (torn, _) = with(Faults { torn: 0.05, ..Faults::NONE });
    let cuts: Vec<usize> = torn.iter().filter_map(|m| m.torn).collect();
    assert!((0.04..0.06).contains(&share(cuts.len())) && cuts.iter().all(|cut| (1..=60).contains(cut)));

    let (ahead, truth) = with(Faults { clock_ahead: 0.05, ..Faults::NONE });
    assert!(ahead.iter().any(|m| delay(m) < -HOUR) && ahead.iter().all(|m| delay(m) > -3 * HOUR));
    assert_eq!(stretches(&truth, Kind::ClockAhead), 5);
    let (behind, truth) = with(Faults { clock_behind: 0.1, ..Faults::NONE });
    assert!(behind.iter().any(|m| delay(m) > HOUR) && behind.iter().any(|m| delay(m) > MINUTE));
    assert_eq!(stretches(&truth, Kind::ClockBehind), 10);
    let (reset, truth) = with(Faults { reset: 0.05, ..Faults::NONE });
    assert_eq!(stretches(&truth, Kind::Reset), 5);
    let low: BTreeSet<MeterId> =
        reset.iter().filter(|m| m.raw.imp.unwrap().0 < 10_000).map(|m| m.raw.meter).collect();
    assert_eq!(low.len(), 5);
    let (swap, truth) = with(Faults { swap: 0.05, ..Faults::NONE });
    assert_eq!((swap.len(), stretches(&truth, Kind::Swap)), (clean.len(), 5));
    for row in truth.iter().filter(|row| row.kind == Kind::Swap) {
        let new = format!("{}-2", row.meter);
        for message in &swap {
            let name = message.raw.meter.as_str();
            assert!(name != new || message.raw.time > row.from);
            assert!(name != row.meter.as_str() || message.raw.time <= row.from);
        }
        assert!(swap.iter().any(|m| m.raw.meter.as_str() == new && m.raw.imp.unwrap().0 < 10_000));
    }
}

#[test]
fn faults_on_the_way_change_no_reading() {
    let settings = |faults| Settings { faults, ..usual(80, 3, 23) };
    let way = Faults { lost: 0.1, twice: 0.1, late: 0.1, out_of_order: 0.1, torn: 0.1, ..Faults::NONE };
    let clean = by_meter(&town(settings(Faults::NONE)));
    for message in town(settings(way)).messages() {
        let step = message.raw.time.since(START) / (15 * MINUTE) - 1;
        assert_eq!(clean[&message.raw.meter][step as usize], message.raw);
    }
    assert_eq!(town(settings(Faults::NONE)).truth(), town(settings(way)).truth());
}

#[test]
fn truth_lies_within_the_run() {
    let town = town(usual(500, 30, 41));
    let (start, end) = (START, START.plus(30 * DAY));
    for row in town.truth() {
        assert!(start <= row.from && row.from <= row.to && row.to <= end, "{row:?}");
        if row.guilty() {
            assert!(row.from >= start.plus(6 * DAY));
        }
    }
}

#[test]
fn a_daily_meter_delivers_a_day_at_once_in_its_own_order() {
    let faults = Faults { daily: 0.1, ..Faults::NONE };
    let town = town(Settings { faults, ..usual(50, 4, 8) });
    let daily: Vec<MeterId> =
        town.truth().iter().filter(|truth| truth.kind == Kind::Daily).map(|truth| truth.meter).collect();
    assert_eq!(daily.len(), 5);
    for meter in daily {
        let own: Vec<Message> = town.messages().filter(|message| message.raw.meter == meter).collect();
        assert_eq!(own.len(), 4 * 96);
        assert!(own.is_sorted_by_key(|message| message.raw.time));
        let waits = own.iter().map(|message| message.arrival.since(message.raw.time));
        assert!(waits.clone().all(|wait| (0..=DAY + MINUTE).contains(&wait)));
        assert!(waits.max() > Some(23 * HOUR));
        let mut arrivals: Vec<_> = own.iter().map(|message| message.arrival).collect();
        arrivals.dedup();
        assert!(arrivals.len() <= 5 + 1, "{} deliveries in four days", arrivals.len());
    }
}

#[test]
fn a_fast_concentrator_stamps_all_meters_of_its_transformer_an_hour_ahead() {
    let faults = Faults { fast_concentrators: 0.26, ..Faults::NONE };
    let town = town(Settings { faults, ..usual(100, 1, 8) });
    let ahead = |message: &Message| message.raw.time.since(message.arrival) > 50 * MINUTE;
    let fast: BTreeSet<MeterId> = town.messages().filter(ahead).map(|message| message.raw.meter).collect();
    let of_truth: BTreeSet<MeterId> = town
        .truth()
        .into_iter()
        .filter(|truth| truth.kind == Kind::ClockAhead)
        .map(|truth| truth.meter)
        .collect();
    assert_eq!(of_truth.len(), 25, "one of four transformers");
    assert_eq!(fast.len(), 26, "and the meter of the transformer");
    assert!(fast.is_superset(&of_truth));
    let wrong =
        town.messages().filter(|message| fast.contains(&message.raw.meter) && !ahead(message)).count();
    assert_eq!(wrong, 0);
}
