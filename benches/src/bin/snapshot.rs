//! `snapshot METERS`: measures how long it takes to store the state of a partition, while its worker stands still,
//! and to restore it.
//!
//! All meters are in one lane. A worker with several partitions stores them one after another, which takes as long as
//! one partition with all meters.

use pipeline::{Lane, Outputs, Plan};
use reading::{Batch, RawReading};
use std::fs;
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let Some(meters) = std::env::args().nth(1).and_then(|text| text.parse().ok()) else {
        eprintln!("usage: snapshot METERS");
        return ExitCode::from(2);
    };
    measure(meters);
    ExitCode::SUCCESS
}

fn measure(meters: u32) {
    let plan = Plan::read(benches::J1).expect("the plan is part of the project");
    let topology = grid::Topology::new(Vec::new()).expect("no rows cannot contradict each other");
    let mut lane = Lane::new(&plan, &topology);
    lane.open(0, None);
    // An hour of readings of every meter, and one reading more after the full state.
    let mut readings = benches::readings(meters, 5);
    fill(&plan, &mut lane, readings.by_ref().take(4 * meters as usize));
    println!("{meters} meters, {:.0} MB resident", resident("VmRSS:"));
    let full = timed("store, full", || lane.store());
    fill(&plan, &mut lane, readings);
    let changes = timed("store, changes of all meters", || lane.store_changes());
    let none = timed("store, changes of none", || lane.store_changes());
    println!("full {} bytes, changes {}, none {}", full.len(), changes.len(), none.len());
    println!("{:.0} MB at most", resident("VmHWM:"));
    drop(lane);
    let back = |chain: &[&[u8]]| {
        Lane::restore(&plan, &topology, chain).expect("a state that was just stored can be restored").0
    };
    drop(timed("restore, full", || back(&[&full])));
    let mut both = timed("restore, full and changes", || back(&[&full, &changes]));
    println!("{:.0} MB at most", resident("VmHWM:"));
    assert_eq!(both.fleet().len(), meters as usize);
    assert!(!both.store().is_empty());
}

fn fill(plan: &Plan, lane: &mut Lane, readings: impl Iterator<Item = RawReading>) {
    let mut batch = Batch::default();
    let mut take = |batch: &mut Batch| {
        wire::json::decode_lines(&plan.limits, batch);
        lane.take(0, batch, 0, &mut Outputs::default());
        batch.clear();
    };
    for raw in readings {
        wire::json::encode(&raw, &mut batch.bytes);
        batch.bytes.push(b'\n');
        if batch.bytes.len() > 256 * 1024 {
            take(&mut batch);
        }
    }
    take(&mut batch);
}

#[expect(clippy::disallowed_methods, reason = "a measurement owns its clock")]
fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let (began, cpu) = (Instant::now(), cpu_seconds());
    let done = work();
    println!("{what:<30} {:>6.2} s, {:>5.2} CPU s", began.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    done
}

fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = |at| stat.rsplit(')').next()?.split_whitespace().nth(at)?.parse().ok();
    (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0
}

fn resident(field: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse().ok()).unwrap_or(0.0) / 1000.0
}
