use super::*;

#[test]
fn a_single_phase_meter_takes_at_most_256_bytes() {
    let settings = hourly();
    assert!(settings.bytes_per_meter() <= 256, "{} bytes", settings.bytes_per_meter());
    let mut engine = Engine::new(&settings, 1);
    let meters = 100_000;
    for quarter in 0..6 {
        let readings: Vec<RawReading> =
            (0..meters).map(|meter| register(&format!("M{meter:07}"), quarter * 15, quarter * 100)).collect();
        engine.take(&batch(&readings));
    }
    let memory = engine.shards[0].memory();
    // Vectors grow by a quarter, so that some of what is reserved is not used yet.
    let room = settings.bytes_per_meter() * 5 / 4;
    assert!(memory.total() <= room * meters, "{memory:?}");
}

#[test]
fn short_names_and_long_names_are_different_meters() {
    let long = "a-name-of-exactly-32-letters-000";
    let other = "a-name-of-exactly-32-letters-001";
    let rows = run(
        &hourly(),
        &[
            register(long, 0, 0),
            register(other, 0, 0),
            register("a", 0, 0),
            register(long, 60, 100),
            register(other, 60, 200),
            register("a", 60, 300),
        ],
    );
    let energies: Vec<(String, i64)> =
        rows.iter().filter_map(|row| Some((row.meter.to_string(), row.imp?.0))).collect();
    assert_eq!(energies, [("a".to_owned(), 300), (long.to_owned(), 100), (other.to_owned(), 200)]);
}

#[test]
fn more_readings_than_are_kept_apart_are_refused_with_a_reason() {
    let readings: Vec<RawReading> = (1..=1100)
        .map(|second| {
            let mut raw = register("a", 0, 100);
            raw.time = raw.time.plus(second * 1000);
            raw
        })
        .collect();
    let mut engine = Engine::new(&hourly(), 1);
    engine.take(&batch(&readings));
    let refused = engine.refused.len();
    let rows = engine.finish();
    assert_eq!((rows[0].sums.readings, refused), (1024, 76));
}

#[test]
fn a_reading_of_an_interval_that_is_closed_for_its_own_meter_is_refused() {
    let mut fleet = Fleet::new(hourly(), Shard::WHOLE);
    let (mut refused, mut rows) = (Vec::new(), Vec::new());
    let hours = [60, 120].map(|minutes| register("a", minutes, minutes));
    fleet.admit(&batch(&hours), 0..2, &mut refused);
    while fleet.close_next(START.plus(60 * MINUTE), &mut rows).is_some() {}
    assert_eq!(refused, []);
    let outside = [("a", 59), ("a", 61), ("a", -300), ("b", 59), ("b", -300), ("b", 500)];
    let outside = outside.map(|(meter, minutes)| register(meter, minutes, 60 + minutes));
    fleet.admit(&batch(&outside), 0..6, &mut refused);
    let reasons: Vec<_> = refused.iter().map(|refusal| (refusal.index, refusal.reason)).collect();
    assert_eq!(reasons, [(0, Reason::Late), (2, Reason::Late)]);
    let mut restored = Fleet::new(hourly(), Shard::WHOLE);
    restored.restore(&fleet.snapshot()).unwrap();
    restored.admit(&batch(&outside[..1]), 0..1, &mut refused);
    assert_eq!((refused.len(), fleet.totals().counts.of_issue(Issue::Late)), (3, 2));
}
