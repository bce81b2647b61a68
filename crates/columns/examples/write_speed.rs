//! CPU time of a row of `intervals.parquet`, one thread: `cargo run --release -p columns --example write_speed`.
//!
//! Arguments: meters (100000), intervals a meter (6), the compression (zstd), and a path where the file is kept.

use columns::IntervalsFile;
use columns::files::OutputFile;
use columns::outputs::Intervals;
use pipeline::Compression;
use reading::{EventTime, Interval, Limits, MeterId, Phases, Quality, RawReading, Reason, Sums, check};
use std::error::Error;
use std::path::PathBuf;
use units::{Amperes, Milliamperes, Millivars, Millivolts, Milliwatts, Ratio, WattHours};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let meters: u32 = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    let intervals: u32 = arguments.next().map_or(Ok(6), |text| text.parse())?;
    let compression = arguments.next().map_or(Ok(Compression::USUAL), |name| Compression::named(&name))?;
    let kept = arguments.next().map(PathBuf::from);
    let path = kept.clone().unwrap_or_else(|| std::env::temp_dir().join("write_speed.parquet"));

    let mut all = Vec::new();
    for step in 0..intervals {
        for meter in 0..meters {
            all.push(interval(meter, step)?);
        }
    }
    let rows = all.len() as u64;
    for _ in 0..5 {
        let before = cpu_ns()?;
        let output = Intervals { candidate: Some((Ratio(0.1), Amperes(0.3))), ..Intervals::PLAIN };
        let mut file = IntervalsFile::create(&path, output, compression)?;
        // As the engine does: all meters of one interval at once.
        for tick in all.chunks(meters as usize) {
            file.write(tick)?;
        }
        file.finish()?;
        let (ns, bytes) = (cpu_ns()? - before, std::fs::metadata(&path)?.len());
        let (ns, bytes) = (ns as f64 / rows as f64, bytes as f64 / rows as f64);
        println!("written: {rows} rows, {ns:.0} ns CPU a row, {bytes:.1} bytes a row");
    }
    if kept.is_none() {
        std::fs::remove_file(path)?;
    }
    Ok(())
}

/// Three readings of a household.
fn interval(meter: u32, step: u32) -> Result<Interval, Box<dyn Error>> {
    let limits = Limits {
        v_max: Millivolts(500_000),
        i_max: Milliamperes(4_000_000),
        p_max: Milliwatts(1_000_000_000),
    };
    let name = MeterId::new(format!("M{meter:07}")).ok_or("no name")?;
    let start = EventTime(1_704_067_200_000 + i64::from(step) * 900_000);
    let mut sums = Sums::EMPTY;
    for turn in 1..=3 {
        let mut raw = RawReading::new(name, start.plus(i64::from(turn) * 300_000));
        let v = 225_000 + noise(meter, step, turn, 12_000) as i32;
        let i = 200 + noise(meter, step, turn + 3, 9_000) as i32;
        let p = i64::from(v) * i64::from(i) / 1000;
        raw.v = Some(Phases::One(Millivolts(v)));
        raw.i = Some(Phases::One(Milliamperes(i)));
        raw.neutral = Some(Milliamperes(i + noise(meter, step, turn + 6, 20) as i32));
        raw.p = Some(Phases::One(Milliwatts(p * 95 / 100)));
        raw.q = Some(Phases::One(Millivars(p * 31 / 100)));
        sums.add(&check(&raw, &limits).map_err(Reason::name)?.reading);
    }
    let imp = Some(WattHours(i64::from(noise(meter, step, 10, 900))));
    let quality = if noise(meter, step, 11, 50) == 0 { Quality::ESTIMATED } else { Quality::MEASURED };
    Ok(Interval {
        meter: name,
        start,
        end: start.plus(900_000),
        imp,
        exp: None,
        sums,
        quality,
        instead: None,
    })
}

fn noise(meter: u32, step: u32, salt: u32, below: u32) -> u32 {
    let mixed =
        (u64::from(meter) << 32 | u64::from(step) << 8 | u64::from(salt)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33) as u32 % below
}

/// What this thread has used of a CPU, in nanoseconds; Linux only.
fn cpu_ns() -> Result<u64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(stat.split_whitespace().next().ok_or("empty schedstat")?.parse()?)
}
