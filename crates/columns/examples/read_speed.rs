//! Rows a CPU second from a Parquet file, one thread: `cargo run --release -p columns --example read_speed`.
//!
//! Arguments: meters (20000), readings a meter (100), `time` or `meter` for what the rows are sorted by, and a file
//! to read instead of writing one.

use columns::{ParquetReadings, ReadingsWriter};
use reading::{Batch, EventTime, Limits, MeterId, Phases, RawReading};
use std::error::Error;
use std::path::PathBuf;
use units::{Milliamperes, Millivars, Millivolts, Milliwatts, WattHours};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let meters: u32 = arguments.next().map_or(Ok(20_000), |text| text.parse())?;
    let readings: u32 = arguments.next().map_or(Ok(100), |text| text.parse())?;
    let by_meter = arguments.next().is_some_and(|order| order == "meter");
    let given = arguments.next().map(PathBuf::from);
    let path = given.clone().unwrap_or_else(|| std::env::temp_dir().join("read_speed.parquet"));

    if given.is_none() {
        let before = cpu_ns()?;
        write(&path, meters, readings, by_meter)?;
        let rows = u64::from(meters) * u64::from(readings);
        let (ns, bytes) = (cpu_ns()? - before, std::fs::metadata(&path)?.len());
        println!("written: {rows} rows, {} ns CPU a row, {} bytes a row", ns / rows, bytes / rows);
    }
    // Far above what the file holds; every row goes through the check all the same.
    let limits = Limits {
        v_max: Millivolts(500_000),
        i_max: Milliamperes(4_000_000),
        p_max: Milliwatts(1_000_000_000),
    };
    for _ in 0..5 {
        let before = cpu_ns()?;
        let mut file = ParquetReadings::open(&path)?;
        let mut batch = Batch::default();
        let (mut rows, mut dead, mut mixed) = (0, 0, 0_u64);
        while file.next_batch(&limits, &mut batch)? {
            rows += batch.len() as u64;
            dead += batch.dead.len();
            mixed = (0..batch.len())
                .fold(mixed, |mixed, row| mixed.rotate_left(1).wrapping_add(batch.key(row).hash));
        }
        let ns = cpu_ns()? - before;
        let million_a_second = rows as f64 * 1e3 / ns as f64;
        println!(
            "read: {rows} rows, {dead} dead, {million_a_second:.1} million rows a CPU second, {:.1} ns a row ({mixed:x})",
            ns as f64 / rows as f64,
        );
    }
    if given.is_none() {
        std::fs::remove_file(path)?;
    }
    Ok(())
}

fn write(path: &PathBuf, meters: u32, readings: u32, by_meter: bool) -> Result<(), Box<dyn Error>> {
    let mut file = ReadingsWriter::create(path)?;
    let mut chunk = Vec::new();
    for row in 0..meters * readings {
        let (meter, step) =
            if by_meter { (row / readings, row % readings) } else { (row % meters, row / meters) };
        chunk.push(reading(meter, step)?);
        if chunk.len() == 8192 {
            file.write(&chunk)?;
            chunk.clear();
        }
    }
    file.write(&chunk)?;
    file.finish()?;
    Ok(())
}

/// Numbers that look measured: every meter and step has its own, to the thousandth.
fn reading(meter: u32, step: u32) -> Result<RawReading, Box<dyn Error>> {
    let noise = |salt: u32, below: u32| {
        let mixed = (u64::from(meter) << 32 | u64::from(step) << 8 | u64::from(salt))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33) as u32 % below
    };
    let name = format!("M{meter:07}");
    let time = EventTime(1_704_067_200_000 + i64::from(step) * 900_000);
    let mut raw = RawReading::new(MeterId::new(&name).ok_or("no name")?, time);
    let v = 225_000 + noise(1, 12_000) as i32;
    let i = 200 + noise(2, 9_000) as i32;
    let p = i64::from(v) * i64::from(i) / 1000;
    raw.imp = Some(WattHours(i64::from(meter) * 977 + i64::from(step) * 250 + i64::from(noise(3, 200))));
    raw.v = Some(Phases::One(Millivolts(v)));
    raw.i = Some(Phases::One(Milliamperes(i)));
    raw.neutral = Some(Milliamperes(i + noise(4, 20) as i32));
    raw.p = Some(Phases::One(Milliwatts(p * 95 / 100)));
    raw.q = Some(Phases::One(Millivars(p * 31 / 100)));
    Ok(raw)
}

/// What this thread has used of a CPU, in nanoseconds; Linux only.
fn cpu_ns() -> Result<u64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(stat.split_whitespace().next().ok_or("empty schedstat")?.parse()?)
}
