//! The input of the benchmarks: the readings of job J1, and the bare loop that no engine can beat.
//!
//! J1: 100,000 meters send a reading every quarter of an hour, and the job computes hourly intervals. 3 % of the
//! readings come up to 19 minutes late. Everything comes from a seed.

pub mod bare;

use reading::time::MINUTE;
use reading::{EventTime, MeterId, Phases, RawReading};
use units::{Milliamperes, Millivars, Millivolts, Milliwatts, WattHours};

/// 2024-01-01 UTC.
pub const START: EventTime = EventTime(1_704_067_200_000);

/// The readings of J1 in order of arrival.
pub fn readings(meters: u32, quarters: u32) -> impl Iterator<Item = RawReading> {
    let mut deferred: Vec<(i64, RawReading)> = Vec::new();
    (0..=quarters).flat_map(move |quarter| {
        let mut now = Vec::new();
        let mut earlier = std::mem::take(&mut deferred).into_iter().map(|(_, raw)| raw).peekable();
        if quarter == quarters {
            return earlier.collect::<Vec<_>>();
        }
        for meter in 0..meters {
            let raw = reading(meter, quarter);
            // Three readings in a hundred come at a random time of the next quarter of an hour.
            if mix(u64::from(meter) << 32 | u64::from(quarter)) % 100 < 3 {
                deferred.push((i64::from(meter), raw));
            } else {
                now.push(raw);
            }
            if meter % 32 == 31
                && let Some(late) = earlier.next()
            {
                now.push(late);
            }
        }
        now.extend(earlier);
        now
    })
}

/// One reading of a meter, with 0.2 kW to 5 kW. In one meter of fifty, phase and neutral current differ.
pub fn reading(meter: u32, quarter: u32) -> RawReading {
    let name = MeterId::new(format!("M{meter:07}")).expect("a valid name");
    let mut raw = RawReading::new(name, START.plus(i64::from(quarter + 1) * 15 * MINUTE));
    let noise = mix(u64::from(meter) * 31 + u64::from(quarter));
    let p = 200_000 + (noise % 4_800_000) as i64;
    let v = 220_000 + (noise >> 24) as i32 % 20_000;
    let i = (p * 1000 / i64::from(v)) as i32;
    raw.imp = Some(WattHours(10_000_000 + i64::from(meter % 1000) + i64::from(quarter) * 600));
    raw.v = Some(Phases::One(Millivolts(v / 100 * 100)));
    raw.i = Some(Phases::One(Milliamperes(i)));
    raw.neutral = Some(Milliamperes(if meter % 50 == 7 { i * 6 / 10 } else { i - i / 200 }));
    raw.p = Some(Phases::One(Milliwatts(p / 100 * 100)));
    raw.q = Some(Phases::One(Millivars(p / 5 / 10 * 10)));
    raw.seq = Some(u64::from(quarter));
    raw
}

/// SplitMix64.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Readings as JSON lines.
pub fn lines(readings: impl Iterator<Item = RawReading>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for raw in readings {
        wire::json::encode(&raw, &mut bytes);
        bytes.push(b'\n');
    }
    bytes
}

/// The plan of J1.
pub const J1: &str = include_str!("../../pipelines/j1.toml");
/// The plan with all stages.
pub const DEMO: &str = include_str!("../../pipelines/demo.toml");
