//! Readings for tests: one that says everything, and any.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use reading::{Batch, EventCode, EventTime, Limits, MeterId, Phases, RawReading, check};
use units::*;

pub(crate) const LIMITS: Limits =
    Limits { v_max: Millivolts(500_000), i_max: Milliamperes(200_000), p_max: Milliwatts(100_000_000) };

/// 2024-01-01T00:15:00Z
pub(crate) const QUARTER_PAST: EventTime = EventTime(1_704_068_100_000);

pub(crate) fn meter(name: &str) -> MeterId {
    MeterId::new(name).unwrap()
}

pub(crate) fn full() -> RawReading {
    let mut raw = RawReading::new(meter("M.1-a_B"), QUARTER_PAST);
    raw.imp = Some(WattHours(16_777_217));
    raw.exp = Some(WattHours(0));
    raw.v = Some(Phases::One(Millivolts(231_255)));
    raw.i = Some(Phases::One(Milliamperes(5_001)));
    raw.neutral = Some(Milliamperes(5_020));
    raw.v_load = Some(Millivolts(230_999));
    raw.p = Some(Phases::One(Milliwatts(-1_150_001)));
    raw.q = Some(Phases::One(Millivars(12)));
    raw.lag = Some(VarHours(3));
    raw.lead = Some(VarHours(4));
    raw.vah = Some(VoltAmpereHours(5));
    raw.f = Some(Millihertz(49_980));
    raw.events = vec![EventCode(201), EventCode(65_535)];
    raw.relay = Some(false);
    raw.seq = Some(u64::MAX);
    raw
}

pub(crate) fn three_phase() -> RawReading {
    let mut raw = RawReading::new(meter("T3"), QUARTER_PAST);
    raw.v = Some(Phases::Three([Millivolts(229_000), Millivolts(230_100), Millivolts(231_002)]));
    raw.i = Some(Phases::Three([Milliamperes(1), Milliamperes(2), Milliamperes(4)]));
    raw.p = Some(Phases::Three([Milliwatts(1), Milliwatts(-2), Milliwatts(3_000_000)]));
    raw.q = Some(Phases::Three([Millivars(0), Millivars(7), Millivars(-8)]));
    raw
}

fn phases<T: std::fmt::Debug + Copy>(
    one: impl Strategy<Value = T>,
) -> impl Strategy<Value = Option<Phases<T>>> {
    let three = vec(one, 3).prop_flat_map(|all| {
        prop_oneof![Just(Phases::One(all[0])), Just(Phases::Three([all[0], all[1], all[2]]))]
    });
    option::of(three)
}

/// Any reading, plausible or not.
pub(crate) fn any_raw() -> impl Strategy<Value = RawReading> {
    // What a double holds to the thousandth.
    let large = || prop_oneof![-200_000_000..200_000_000_i64, -(1_i64 << 52)..(1_i64 << 52)];
    let small = || prop_oneof![0..600_000, any::<i32>()];
    let register = || option::of(prop_oneof![0..100_000_000_i64, any::<i64>()]);
    let time = prop_oneof![1_600_000_000_000..1_800_000_000_000_i64, any::<i64>()];
    let registers = (register(), register(), register(), register(), register());
    let measured = (
        phases(small().prop_map(Millivolts)),
        phases(small().prop_map(Milliamperes)),
        phases(large().prop_map(Milliwatts)),
        phases(large().prop_map(Millivars)),
    );
    let single = (option::of(small()), option::of(small()), option::of(small()));
    let rare = (vec(any::<u16>(), 0..3), any::<Option<bool>>(), any::<Option<u64>>());
    ("[A-Za-z0-9._-]{1,32}", time, registers, measured, single, rare).prop_map(
        |(name, time, registers, (v, i, p, q), (neutral, v_load, f), (events, relay, seq))| RawReading {
            meter: meter(&name),
            time: EventTime(time),
            imp: registers.0.map(WattHours),
            exp: registers.1.map(WattHours),
            lag: registers.2.map(VarHours),
            lead: registers.3.map(VarHours),
            vah: registers.4.map(VoltAmpereHours),
            v,
            i,
            p,
            q,
            neutral: neutral.map(Milliamperes),
            v_load: v_load.map(Millivolts),
            f: f.map(Millihertz),
            events: events.into_iter().map(EventCode).collect(),
            unknown_event: false,
            relay,
            seq,
        },
    )
}

/// The batch that the check makes of readings that never were columns.
pub(crate) fn checked(readings: &[RawReading]) -> Batch {
    let mut batch = Batch::default();
    for raw in readings {
        match check(raw, &LIMITS) {
            Ok(checked) => batch.push(&raw.meter, checked),
            Err(reason) => batch.bury(reading::Span::default(), reason),
        }
    }
    batch
}

/// What must be equal, however the readings came.
pub(crate) fn assert_same(found: &Batch, expected: &Batch) {
    let meters = |batch: &Batch| (0..batch.len()).map(|index| batch.meter(index)).collect::<Vec<_>>();
    let hashes = |batch: &Batch| (0..batch.len()).map(|index| batch.key(index).hash).collect::<Vec<_>>();
    let reasons = |batch: &Batch| batch.dead.iter().map(|dead| dead.reason).collect::<Vec<_>>();
    assert_eq!(found.readings, expected.readings);
    assert_eq!(meters(found), meters(expected));
    assert_eq!(hashes(found), hashes(expected));
    assert_eq!(found.extras, expected.extras);
    assert_eq!(reasons(found), reasons(expected));
    assert_eq!(found.counts, expected.counts);
}

/// A batch in words: each reading, then each dead letter.
pub(crate) fn words(batch: &Batch) -> String {
    let mut words = String::new();
    for (index, one) in batch.readings.iter().enumerate() {
        words += &format!("{} {}", batch.meter(index), one.time());
        let p = one.p().map(|p| p.0);
        words += &format!(
            " imp {:?} v {:?} i {:?} p {p:?}",
            one.imp().map(|imp| imp.0),
            one.v().map(|(a, b)| (a.0, b.0)),
            one.i().map(|i| i.0)
        )
        .replace("Some", "");
        words += "\n";
    }
    for (index, extra) in &batch.extras {
        let codes: Vec<u16> = extra.events.iter().map(|code| code.0).collect();
        words += &format!("{} ev {codes:?} relay {:?}", batch.meter(*index as usize), extra.relay);
        let volts = extra.phases.as_ref().and_then(|each| each.v).map(|v| v.map(|one| one.0));
        words += &volts.map_or_else(String::new, |volts| format!(" v of each {volts:?}"));
        words += "\n";
    }
    for dead in &batch.dead {
        words += &format!("{}: {}\n", dead.reason, String::from_utf8_lossy(batch.text(dead.span)));
    }
    words
}
