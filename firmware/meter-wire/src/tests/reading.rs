//! Frames and lines are those of the crate `wire`.

use crate::reading::{EVENTS, FRAME, LINE, Name, Reading, Unfit};
use ::reading::{EventCode, EventTime, MeterId, Phases, RawReading};
use expect_test::expect;
use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};
use units::{Milliamperes, Millihertz, Millivars, Millivolts, Milliwatts, WattHours};

fn usual() -> Reading {
    Reading {
        time: 1_704_445_200,
        import: 1_048_213,
        export: 0,
        millivolts: Some(231_400),
        milliamperes: Some(4_120),
        neutral: Some(4_110),
        milliwatts: Some(931_000),
        millivars: Some(-188_050),
        millihertz: None,
        load_millivolts: None,
        sequence: 77,
        events: [0; EVENTS],
        relay: Some(true),
    }
}

fn raw(reading: &Reading, name: &str) -> RawReading {
    let meter = MeterId::new(name).unwrap();
    let events = reading.events.iter().filter(|code| **code != 0).map(|code| EventCode(*code)).collect();
    RawReading {
        imp: Some(WattHours(reading.import)),
        exp: Some(WattHours(reading.export)),
        v: reading.millivolts.map(|one| Phases::One(Millivolts(one))),
        i: reading.milliamperes.map(|one| Phases::One(Milliamperes(one))),
        neutral: reading.neutral.map(Milliamperes),
        p: reading.milliwatts.map(|power| Phases::One(Milliwatts(power))),
        q: reading.millivars.map(|power| Phases::One(Millivars(power))),
        f: reading.millihertz.map(Millihertz),
        v_load: reading.load_millivolts.map(Millivolts),
        seq: Some(reading.sequence),
        relay: reading.relay,
        events,
        ..RawReading::new(meter, EventTime(i64::from(reading.time) * 1000))
    }
}

#[test]
fn a_usual_reading_takes_less_than_a_frame_has() {
    let mut out = [0; FRAME];
    let length = usual().to_frame(&Name::new("M000000000042").unwrap(), &mut out).unwrap();
    assert_eq!(length, 37);
}

#[test]
fn what_does_not_fit_is_not_cut() {
    let name = Name::new("A-long-name-of-a-meter-of-32-xyz").unwrap();
    let long = Reading { events: [7, 9, 101, 201], sequence: u64::MAX, ..usual() };
    let needed = Unfit::Length { needed: 74, has: FRAME };
    assert_eq!(long.to_frame(&name, &mut [0; FRAME]), Err(needed));
    let early = Reading { time: 5, ..usual() };
    assert_eq!(early.to_frame(&name, &mut [0; FRAME]), Err(Unfit::Time));
    assert_eq!(Name::new(""), None);
    assert_eq!(Name::new("a b"), None);
    assert_eq!(Name::new("A-long-name-of-a-meter-of-33-wxyz"), None);
}

#[test]
fn a_human_reads_a_line() {
    let mut out = [0; LINE];
    let reading = Reading { events: [101, 0, 207, 0], ..usual() };
    let length = reading.to_json(&Name::new("M42").unwrap(), &mut out).unwrap();
    expect![[r#"
        {"meter":"M42","time":1704445200000,"imp":1048213,"exp":0,"v":231.400,"i":4.120,"in":4.110,"p":931.000,"q":-188.050,"ev":[101,207],"relay":"on","seq":77}
    "#]].assert_eq(str::from_utf8(&out[..length]).unwrap());
}

fn readings() -> impl Strategy<Value = Reading> {
    let first = (
        946_684_800_u32..4_102_444_800,
        any::<i64>(),
        any::<i64>(),
        any::<Option<i32>>(),
        any::<Option<i32>>(),
    );
    let power = || proptest::option::of(-1 << 60..1_i64 << 60);
    let second = (any::<Option<i32>>(), power(), power(), any::<Option<i32>>());
    let third = (any::<Option<i32>>(), any::<u64>(), any::<[u16; EVENTS]>(), any::<Option<bool>>());
    (first, second, third).prop_map(|((time, import, export, millivolts, milliamperes), second, third)| {
        let (neutral, milliwatts, millivars, millihertz) = second;
        let (load_millivolts, sequence, events, relay) = third;
        Reading {
            time,
            import,
            export,
            millivolts,
            milliamperes,
            neutral,
            milliwatts,
            millivars,
            millihertz,
            load_millivolts,
            sequence,
            events,
            relay,
        }
    })
}

/// The same with numbers as they are in a street, which fit into a frame.
fn usual_readings() -> impl Strategy<Value = Reading> {
    readings().prop_map(|reading| Reading {
        import: reading.import % 1_000_000,
        export: reading.export % 1_000,
        millivolts: reading.millivolts.map(|one| one % 300_000),
        milliamperes: reading.milliamperes.map(|one| one % 100_000),
        neutral: reading.neutral.map(|neutral| neutral % 100_000),
        milliwatts: reading.milliwatts.map(|power| power % 1_000 * 1_000),
        millivars: reading.millivars.map(|power| power % 1_000 * 100),
        millihertz: None,
        sequence: reading.sequence % 1_000,
        events: [reading.events[0], 0, 0, 0],
        ..reading
    })
}

proptest! {
    #[test]
    fn the_frame_is_that_of_wire(
        reading in proptest::prop_oneof![readings(), usual_readings()],
        name in "[A-Z0-9._-]{1,13}|[a-z0-9._-]{1,13}|[A-Za-z0-9._-]{1,32}",
    ) {
        let mut ours = [0; FRAME];
        let mut theirs = [0; wire::frame::LONGEST];
        let length = reading.to_frame(&Name::new(&name).unwrap(), &mut ours);
        let known = wire::frame::encode(&raw(&reading, &name), &mut theirs);
        match known {
            Ok(known) => {
                prop_assert_eq!(length, Ok(known));
                prop_assert_eq!(&ours[..known], &theirs[..known]);
            }
            Err(wire::frame::Unfit::Length { needed }) => {
                prop_assert_eq!(length, Err(Unfit::Length { needed, has: FRAME }));
            }
            Err(wire::frame::Unfit::Power) => prop_assert_eq!(length, Err(Unfit::Power)),
        }
    }

    #[test]
    fn the_line_is_read_by_wire(reading in readings(), name in "[A-Za-z0-9._-]{1,32}") {
        let mut out = [0; LINE];
        let length = reading.to_json(&Name::new(&name).unwrap(), &mut out).unwrap();
        let mut back = raw(&usual(), "-");
        prop_assert_eq!(wire::json::decode(&out[..length], &mut back).map(|_| ()), Ok(()));
        prop_assert_eq!(back, raw(&reading, &name));
    }
}
