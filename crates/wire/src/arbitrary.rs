//! Any reading at all, for the properties of both formats.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use reading::{EventCode, EventTime, MeterId, Phases, RawReading};
use units::{
    Milliamperes, Millihertz, Millivars, Millivolts, Milliwatts, VarHours, VoltAmpereHours, WattHours,
};

/// A name; many look like a meter's.
pub(crate) fn meter() -> impl Strategy<Value = MeterId> {
    prop_oneof!["M[0-9]{7}", "[A-Z0-9._-]{1,32}", "[a-z0-9._-]{1,32}", "[A-Za-z0-9._-]{1,32}"]
        .prop_map(|name| MeterId::new(name).unwrap())
}

fn any_size() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => -1000_i64..1000,
        4 => -100_000_000_i64..100_000_000,
        1 => any::<i64>(),
        1 => prop_oneof![Just(i64::MIN), Just(i64::MAX)],
    ]
}

fn any_small() -> impl Strategy<Value = i32> {
    prop_oneof![4 => -1000_i32..1000, 4 => -1_000_000_i32..1_000_000, 1 => any::<i32>(), 1 => Just(i32::MIN)]
}

fn phases<T: Copy + core::fmt::Debug>(
    one: impl Strategy<Value = T> + Clone,
) -> impl Strategy<Value = Option<Phases<T>>> {
    of(prop_oneof![
        3 => one.clone().prop_map(Phases::One),
        1 => [one.clone(), one.clone(), one].prop_map(Phases::Three),
    ])
}

/// Any reading, plausible or not.
pub(crate) fn reading() -> impl Strategy<Value = RawReading> {
    let who = (meter(), prop_oneof![0..4_102_444_800_000_i64, any::<i64>()]);
    let registers = (of(any_size()), of(any_size()), of(any_size()), of(any_size()), of(any_size()));
    let measured = (
        phases(any_small().boxed()),
        phases(any_small().boxed()),
        of(any_small()),
        of(any_small()),
        phases(any_size().boxed()),
        phases(any_size().boxed()),
        of(any_small()),
    );
    let rest = (vec(any::<u16>(), 0..4), of(any::<bool>()), of(any::<u64>()));
    (who, registers, measured, rest).prop_map(|(who, registers, measured, (events, relay, seq))| {
        let mut raw = RawReading::new(who.0, EventTime(who.1));
        raw.imp = registers.0.map(WattHours);
        raw.exp = registers.1.map(WattHours);
        raw.lag = registers.2.map(VarHours);
        raw.lead = registers.3.map(VarHours);
        raw.vah = registers.4.map(VoltAmpereHours);
        raw.v = measured.0.map(|v| each(v, Millivolts));
        raw.i = measured.1.map(|i| each(i, Milliamperes));
        raw.neutral = measured.2.map(Milliamperes);
        raw.v_load = measured.3.map(Millivolts);
        raw.p = measured.4.map(|p| each(p, Milliwatts));
        raw.q = measured.5.map(|q| each(q, Millivars));
        raw.f = measured.6.map(Millihertz);
        raw.events = events.into_iter().map(EventCode).collect();
        raw.relay = relay;
        raw.seq = seq;
        raw
    })
}

fn each<T: Copy, Q>(phases: Phases<T>, quantity: impl Fn(T) -> Q) -> Phases<Q> {
    match phases {
        Phases::One(one) => Phases::One(quantity(one)),
        Phases::Three(three) => Phases::Three(three.map(quantity)),
    }
}
