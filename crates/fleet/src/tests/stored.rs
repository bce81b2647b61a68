//! What is written straight from memory is what the plain data would be written as.

use super::*;
use reading::EventCode;

fn bytes(state: &impl serde::Serialize) -> Vec<u8> {
    postcard::to_stdvec(state).unwrap()
}

/// A fleet with all that a meter may have: a register in doubt, an export, an odd moment, a row that waits, a swap, and
/// intervals behind and ahead of the others.
fn fleet() -> Fleet {
    let mut fleet = Fleet::new(hourly(), Shard::WHOLE);
    let (mut refused, mut rows) = (Vec::new(), Vec::new());
    fleet.watch(&[EventCode(101)]);
    fleet.swap(MeterId::new("c").unwrap(), START);
    let mut export = register("b", 20, 500);
    export.exp = Some(WattHours(7));
    let first = [register("a", 15, 1100), register("a", 30, 50), register("b", 0, 400), export];
    fleet.admit(&batch(&first), 0..4, &mut refused);
    let gone_on = [register("a", 70, 60), register("b", 80, 590)];
    fleet.admit(&batch(&gone_on), 0..2, &mut refused);
    while fleet.close_next(START.plus(60 * MINUTE), &mut rows).is_some() {}
    let mut odd = register("b", 90, 600);
    odd.time = odd.time.plus(1234);
    odd.events = vec![EventCode(101)];
    let second = [odd, register("d", 75, 900), register("d", 90, 800), register("d", 105, 850)];
    fleet.admit(&batch(&second), 0..4, &mut refused);
    let mut elsewhere = [register("e", -100, 5), register("e", -90, 3), register("f", 500, 5)];
    (elsewhere[0].exp, elsewhere[1].events) = (Some(WattHours(2)), vec![EventCode(101)]);
    fleet.admit(&batch(&elsewhere), 0..3, &mut refused);
    assert_eq!((fleet.behind.len(), fleet.far.len()), (1, 1));
    assert_eq!((rows.len(), fleet.doubts.len(), fleet.pending.len(), refused.len()), (1, 1, 2, 0));
    fleet
}

#[test]
fn a_fleet_is_written_as_its_snapshot() {
    let fleet = fleet();
    let written = bytes(&fleet.stored());
    assert_eq!(written, bytes(&fleet.snapshot()));
    assert_eq!(postcard::from_bytes::<FleetState>(&written), Ok(fleet.snapshot()));
}

#[test]
fn changes_are_written_alone_and_laid_over_what_was_stored() {
    let mut fleet = fleet();
    let mut whole = fleet.snapshot();
    fleet.keep_changes();
    let mut refused = Vec::new();
    let readings = [register("b", 150, 950), register("new", 150, 0)];
    fleet.admit(&batch(&readings), 0..2, &mut refused);
    let changes: FleetState = postcard::from_bytes(&bytes(&fleet.changes())).unwrap();
    assert_eq!((changes.meters(), fleet.changed(), refused.len()), (2, 0, 0));
    whole.overlay(changes).unwrap();
    assert_eq!(whole, fleet.snapshot());
}

#[test]
fn an_interval_comes_back_as_it_was_and_never_backwards() {
    let mut row = run(&hourly(), &[register("a", 0, 0), register("a", 60, 100)])[1];
    let back = |row: &Interval| {
        postcard::from_bytes::<IntervalV1>(&bytes(&IntervalV1::from(row))).unwrap().restore()
    };
    assert_eq!(back(&row), Ok(row));
    row.end = row.start;
    assert_eq!(back(&row), Err(RestoreError::Value));
}

#[test]
fn what_waits_is_stored_with_the_order_of_arrival() {
    let mut engine = Engine::new(&hourly(), 1);
    let mut far = register("a", 500, 0);
    far.events = vec![EventCode(101)];
    far.relay = Some(true);
    let all = (0..20).map(|meter| register(&format!("m{meter:02}"), 0, 0)).chain([far]);
    engine.take(&batch(&all.collect::<Vec<_>>()));
    assert_eq!(engine.sequencer.waiting(), 1);
    let state = engine.sequencer.snapshot();
    assert_eq!(postcard::from_bytes::<SequencerState>(&bytes(&state)), Ok(state));
}

/// A long backlog is joined between two ticks, and its events come with the next one, also after a restart.
#[test]
fn the_events_of_a_joined_backlog_are_stored_until_the_tick() {
    let mut fleet = Fleet::new(hourly(), Shard::WHOLE);
    fleet.watch(&[EventCode(101)]);
    let (mut refused, mut rows) = (Vec::new(), Vec::new());
    fleet.admit(&batch(&[register("a", 10, 5), register("b", 200, 7)]), 0..2, &mut refused);
    while fleet.close_next(START.plus(180 * MINUTE), &mut rows).is_some() {}
    let mut event = register("a", 30, 6);
    event.events = vec![EventCode(101)];
    let backlog = [event, register("a", 60, 8)];
    fleet.admit(&batch(&backlog), 0..2, &mut refused);
    fleet.join(1, &mut rows);
    let mut restored = Fleet::new(hourly(), Shard::WHOLE);
    restored.watch(&[EventCode(101)]);
    restored.restore(&fleet.snapshot()).unwrap();
    for fleet in [&mut fleet, &mut restored] {
        fleet.admit(&batch(&[register("b", 260, 9)]), 0..1, &mut refused);
        assert!(fleet.close_next(START.plus(240 * MINUTE), &mut Vec::new()).is_some());
        let events = fleet.tick_events().iter().map(|event| (event.meter.as_str().to_owned(), event.code));
        assert_eq!(events.filter(|(_, code)| code.0 == 101).count(), 1);
    }
    assert_eq!(refused, []);
}
