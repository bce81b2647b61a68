//! What meters report beside their measurements.

use super::*;
use proptest::prelude::*;
use reading::{EventCode, Quality};

const WATCHED: [EventCode; 2] = [EventCode::POWER_FAILURE, EventCode::POWER_FAILURE_RESTORED];

fn event(meter: &str, minutes: i64, codes: &[u16]) -> RawReading {
    let mut raw = RawReading::new(MeterId::new(meter).unwrap(), START.plus(minutes * MINUTE));
    raw.events = codes.iter().map(|code| EventCode(*code)).collect();
    raw
}

fn engine(shards: u32, codes: &[EventCode]) -> Engine {
    let mut engine = Engine::new(&hourly(), shards);
    engine.shards.iter_mut().for_each(|shard| shard.watch(codes));
    engine
}

fn end(engine: &mut Engine) {
    let mut steps = Vec::new();
    engine.sequencer.end(0, &mut steps);
    engine.step(&Batch::default(), steps);
}

/// `METER@MINUTES code`, each tick that has any on a line.
fn events(mut engine: Engine) -> String {
    end(&mut engine);
    engine.events.sort_unstable();
    let word = |one: &Event| format!("{}@{} {}", one.meter, one.time.since(START) / MINUTE, one.code.0);
    let line =
        |tick: &[(EventTime, Event)]| tick.iter().map(|(_, one)| word(one)).collect::<Vec<_>>().join(", ");
    engine.events.chunk_by(|a, b| a.0 == b.0).map(line).collect::<Vec<_>>().join("\n")
}

/// An hour that is open, with the registers at its end for `a`.
fn hour() -> Vec<RawReading> {
    vec![
        event("b", 20, &[102, 7]),
        event("a", 10, &[101]),
        event("a", 12, &[102, 102, 101]),
        register("a", 60, 1000),
        event("c", 61, &[251]),
    ]
}

#[test]
fn events_that_are_watched_come_with_their_tick() {
    let mut engine = engine(1, &WATCHED);
    engine.take(&batch(&hour()));
    // What `b` and `c` have sent is no reading: whether they measure, only a reading shows.
    assert_eq!(events(engine), "a@10 101, a@12 101, a@12 102, b@20 102");
}

#[test]
fn without_watched_codes_there_are_no_events() {
    let mut engine = engine(1, &[]);
    engine.take(&batch(&hour()));
    assert_eq!(events(engine), "");
}

/// Registers of twenty meters, each quarter of an hour.
fn others(quarters: std::ops::Range<i64>) -> Vec<RawReading> {
    let meters = |quarter| (0..20).map(move |meter| register(&format!("m{meter:02}"), quarter * 15, quarter));
    quarters.flat_map(meters).collect()
}

#[test]
fn the_events_of_a_meter_that_is_behind_come_with_the_next_tick_and_those_of_a_late_one_do_not() {
    let mut engine = engine(1, &WATCHED);
    engine.take(&batch(&[event("a", 10, &[101]), event("a", 10, &[102])]));
    engine.take(&batch(&others(0..10)));
    assert_eq!(engine.shards[0].totals().counts.of_issue(Issue::Repeat), 1, "two messages of one moment");
    // The tick of the first hour is closed, but `a` has not gone on: it has measured nothing since.
    engine.take(&batch(&[event("a", 30, &[102]), event("a", 155, &[7])]));
    assert_eq!(engine.late, 0);
    engine.take(&batch(&others(10..20)));
    engine.take(&batch(&[event("a", 40, &[102]), register("a", 290, 5), event("a", 250, &[101])]));
    engine.take(&batch(&others(20..28)));
    assert_eq!(engine.late, 0);
    engine.take(&batch(&[event("a", 50, &[102])]));
    assert_eq!(engine.late, 1, "it has measured something since");
    let with_each_tick = "a@10 101, a@10 102\na@30 102\na@40 102, a@250 101, a@290 0";
    // At the end, the last rows of the others wait for a register.
    let all = events(engine);
    assert_eq!(all.rsplit_once('\n').map(|(ticks, _)| ticks), Some(with_each_tick));
}

/// What a meter shows of the moment of an event, beside it.
fn with_voltage(mut raw: RawReading) -> RawReading {
    raw.v = Some(Phases::One(Millivolts(12_000)));
    raw.i = Some(Phases::One(Milliamperes(0)));
    raw.neutral = Some(Milliamperes(0));
    raw
}

/// A meter sends a last gasp at once and what it measured hours later. None of it may be late because of the gasp.
fn gasps_at_once(beside: fn(RawReading) -> RawReading) {
    let mut engine = engine(1, &WATCHED);
    engine.take(&batch(&[register("a", 0, 0)]));
    engine.take(&batch(&others(0..8)));
    engine.take(&batch(&[beside(event("a", 125, &[101]))]));
    engine.take(&batch(&others(8..16)));
    engine.take(&batch(&[beside(event("a", 250, &[102])), beside(event("a", 251, &[7]))]));
    engine.take(&batch(&others(16..28)));
    let backlog: Vec<RawReading> =
        (1..=28).map(|quarter| register("a", quarter * 15, quarter * 10)).collect();
    let (early, late) = backlog.split_at(6);
    engine.take(&batch(early));
    engine.take(&batch(&others(28..34)));
    engine.take(&batch(late));
    assert_eq!(engine.late, 0);
    let rows = engine.finish();
    let own: Vec<Option<i64>> =
        rows.iter().filter(|row| row.meter.as_str() == "a").map(|row| row.imp.map(|wh| wh.0)).collect();
    assert_eq!(own[1..], [Some(40); 7], "and nothing before the first register");
    assert!(rows.iter().all(|row| row.sums.i_count == 0), "12 V were no voltage of an interval");
}

#[test]
fn events_that_come_at_once_make_no_reading_of_a_backlog_late() {
    gasps_at_once(|event| event);
    gasps_at_once(with_voltage);
}

#[test]
fn a_register_or_a_power_beside_an_event_is_a_reading() {
    for measure in [
        |raw: &mut RawReading| raw.imp = Some(WattHours(40)),
        |raw: &mut RawReading| raw.p = Some(Phases::One(Milliwatts(40_000))),
    ] {
        let mut beside = with_voltage(event("b", 60, &[7]));
        measure(&mut beside);
        let rows = run(&hourly(), &[beside]);
        assert_eq!((rows.len(), rows[0].sums.readings, rows[0].sums.i_count), (1, 1, 1));
    }
}

/// Whether an event comes at once or with the readings of its interval, the rows are the same.
#[test]
fn an_event_alone_is_no_reading_of_its_interval() {
    let rows = |gasp_first: bool| {
        let mut engine = engine(1, &WATCHED);
        engine.take(&batch(&[register("a", 0, 0), register("a", 60, 5)]));
        let gasps = [event("a", 70, &[101]), event("a", 130, &[102])];
        if gasp_first {
            engine.take(&batch(&gasps));
        }
        engine.take(&batch(&others(0..20)));
        let [first, second] = gasps;
        let mut backlog = vec![register("a", 75, 8), register("a", 200, 30)];
        if !gasp_first {
            backlog.splice(0..0, [first]);
            backlog.insert(2, second);
        }
        backlog.push(register("a", 240, 40));
        engine.take(&batch(&backlog));
        engine.take(&batch(&others(20..24)));
        assert_eq!(engine.late, 0);
        engine.finish().into_iter().filter(|row| row.meter.as_str() == "a").collect::<Vec<_>>()
    };
    let at_once = rows(true);
    assert_eq!(at_once, rows(false));
    let readings: Vec<u16> = at_once.iter().map(|row| row.sums.readings).collect();
    assert_eq!(readings, [1, 1, 1, 0, 2]);
    assert!(at_once[3].quality.has(Quality::GAP), "{at_once:?}");
}

#[test]
fn a_meter_with_readings_whose_row_waits_counts_as_heard() {
    let mut engine = engine(1, &WATCHED);
    // `a` has a register at the start, and in the next hour none at its end.
    engine.take(&batch(&[register("a", 60, 1000), register("b", 120, 7), register("a", 110, 1100)]));
    assert_eq!(events(engine), "a@110 0");
}

#[test]
fn events_of_one_moment_may_come_in_several_messages_and_beside_a_register() {
    let messages =
        [event("a", 20, &[7]), event("a", 20, &[101]), register("a", 20, 500), register("a", 60, 900)];
    for order in [[0, 1, 2, 3], [2, 1, 0, 3], [1, 2, 3, 0], [3, 2, 1, 0]] {
        let mut engine = engine(1, &WATCHED);
        engine.take(&batch(&order.map(|at| messages[at].clone())));
        end(&mut engine);
        assert_eq!(engine.shards[0].totals().admitted, 3, "{order:?}: the second event alone is a repeat");
        assert_eq!(engine.events.len(), 1, "{order:?}");
    }
}

#[test]
fn an_event_beside_a_repeat_is_among_the_changes() {
    let mut engine = engine(1, &WATCHED);
    let (shard, mut refused) = (&mut engine.shards[0], Vec::new());
    shard.admit(&batch(&[event("a", 10, &[7])]), 0..1, &mut refused);
    shard.keep_changes();
    assert_eq!(shard.changed(), 0);
    shard.admit(&batch(&[event("a", 10, &[101])]), 0..1, &mut refused);
    assert_eq!((shard.changed(), refused.len()), (1, 0));
    assert_eq!(shard.totals().counts.of_issue(Issue::Repeat), 1);
}

#[test]
fn the_earliest_events_of_a_meter_are_kept() {
    let mut engine = engine(1, &WATCHED);
    let readings: Vec<RawReading> = (1..=20).rev().map(|minute| event("a", minute, &[101])).collect();
    engine.take(&batch(&readings));
    end(&mut engine);
    assert_eq!(engine.shards[0].totals().counts.of_issue(Issue::EventsLeftOut), 1, "of one interval");
    let expected: Vec<String> = (1..=16).map(|minute| format!("a@{minute} 101")).collect();
    assert_eq!(events(engine), expected.join(", "));
}

proptest! {
    #[test]
    fn order_shards_and_a_stop_change_nothing(
        minutes in prop::collection::vec((1_i64..60, prop::sample::select(vec!["a", "b", "c", "d"]), 100_u16..104), 0..60),
        shards in 1_u32..5,
        stop in 0_usize..60,
    ) {
        let all: Vec<RawReading> = minutes.iter().map(|(minute, meter, code)| event(meter, *minute, &[*code])).collect();
        let mut whole = engine(1, &WATCHED);
        whole.take(&batch(&all));
        let mut turned: Vec<RawReading> = all.clone();
        turned.reverse();
        let (first, rest) = turned.split_at(stop.min(turned.len()));
        let mut other = engine(shards, &WATCHED);
        other.take(&batch(first));
        let mut other = other.restarted(&hourly(), 5 - shards);
        other.shards.iter_mut().for_each(|shard| shard.watch(&WATCHED));
        other.take(&batch(rest));
        prop_assert_eq!(events(whole), events(other));
    }
}
