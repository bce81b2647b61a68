//! How many lines a second of one core `decode_lines` takes: `cargo run --release -p wire --example decode_speed`.

use reading::{Batch, EventTime, Limits, MeterId, Phases, RawReading};
use units::{Milliamperes, Millihertz, Millivars, Millivolts, Milliwatts, WattHours};

const LINES: u64 = 2048; // about the 300 KB that the shell hands over at a time

fn main() {
    // Fewer rounds for a run under callgrind.
    let rounds = std::env::args().nth(1).map_or(50, |rounds| rounds.parse().expect("rounds is a number"));
    let compact = block();
    let spaced =
        String::from_utf8(compact.clone()).expect("JSON is text").replace(':', ": ").replace(',', ", ");
    measure("compact", &compact, rounds);
    measure("one space after each colon and comma", spaced.as_bytes(), rounds);
}

fn measure(name: &str, block: &[u8], rounds: u64) {
    let limits =
        Limits { v_max: Millivolts(600_000), i_max: Milliamperes(200_000), p_max: Milliwatts(200_000_000) };
    let mut batch = Batch::default();
    let mut best = f64::MAX;
    for _ in 0..40 {
        let start = cpu_seconds();
        for _ in 0..rounds {
            batch.clear();
            batch.bytes.extend_from_slice(block);
            wire::json::decode_lines(&limits, &mut batch);
            assert_eq!(batch.len() as u64, LINES);
        }
        best = best.min(cpu_seconds() - start);
    }
    let lines = (rounds * LINES) as f64;
    let bytes = block.len() as f64 / LINES as f64;
    println!(
        "{name}: {bytes:.0} bytes a line, {:.2} M lines/s, {:.0} ns a line",
        lines / best / 1e6,
        best / lines * 1e9
    );
}

/// Seconds that this process had a processor: the first number of `/proc/self/schedstat`, in nanoseconds.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/schedstat").expect("Linux has this file");
    let ns: f64 =
        stat.split_whitespace().next().and_then(|ns| ns.parse().ok()).expect("a number comes first");
    ns / 1e9
}

/// Different meters with different values, because a predictor learns a single line by heart.
fn block() -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut below = |bound: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % bound
    };
    let mut out = Vec::new();
    for line in 0..LINES {
        let meter = MeterId::new(format!("M{:07}", 12_345 + line)).expect("a name");
        let mut raw = RawReading::new(meter, EventTime(1_704_067_200_000 + 60_000 * line as i64));
        raw.imp = Some(WattHours(1_000_000 + below(90_000_000) as i64));
        raw.v = Some(Phases::One(Millivolts(220_000 + 100 * below(200) as i32)));
        raw.i = Some(Phases::One(Milliamperes(below(30_000) as i32)));
        raw.neutral = Some(Milliamperes(below(30_000) as i32));
        raw.p = Some(Phases::One(Milliwatts(100 * below(60_000) as i64)));
        raw.q = Some(Phases::One(Millivars(10 * below(90_000) as i64)));
        raw.seq = Some(below(10_000));
        raw.f = Some(Millihertz(49_800 + 10 * below(40) as i32));
        wire::json::encode(&raw, &mut out);
        out.push(b'\n');
    }
    out
}
