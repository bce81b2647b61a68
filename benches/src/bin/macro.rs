//! The macro benchmark: CPU seconds of whole processes of `gridwarden replay`, compared with the bare loop in the
//! same run.
//!
//! `macro GRIDWARDEN [METERS] [QUARTERS] [MANY]`: METERS send QUARTERS readings each, as JSON and as Parquet. Then
//! MANY meters (0 for none) send four readings each, so that the state is large.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(program) = arguments.first() else {
        eprintln!("usage: macro GRIDWARDEN [METERS] [QUARTERS] [MANY]");
        return ExitCode::from(2);
    };
    let number =
        |place: usize, otherwise: u32| arguments.get(place).map_or(Some(otherwise), |text| text.parse().ok());
    let (Some(meters), Some(quarters), Some(many)) = (number(1, 100_000), number(2, 24), number(3, 0)) else {
        eprintln!("METERS, QUARTERS and MANY are whole numbers");
        return ExitCode::from(2);
    };
    match run(Path::new(program), meters, quarters, many) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(program: &Path, meters: u32, quarters: u32, many: u32) -> Result<(), Box<dyn std::error::Error>> {
    let dir = std::env::temp_dir().join(format!("gridwarden-macro-{}", std::process::id()));
    fs::create_dir_all(&dir)?;
    let ended = measure(program, meters, quarters, many, &dir);
    fs::remove_dir_all(&dir)?;
    ended
}

fn measure(
    program: &Path,
    meters: u32,
    quarters: u32,
    many: u32,
    dir: &Path,
) -> Result<(), Box<dyn std::error::Error>> {
    println!("job              readings   CPU s   M readings a CPU second   of the bare loop   peak MB");
    let json = dir.join("j1.ndjson");
    write_lines(&json, meters, quarters)?;
    let bare = bare(&json, meters)?;
    row("bare loop", &bare, &bare);
    let parquet = dir.join("j1.parquet");
    write_columns(&parquet, meters, quarters)?;
    let measured = replay(program, &json, dir)?;
    row("J1, JSON", &measured, &bare);
    row("J1, Parquet", &replay(program, &parquet, dir)?, &bare);
    if many > 0 {
        // A whole hour: with less, no interval would be closed, because each waits for the register at its end.
        write_lines(&json, many, 4)?;
        let bare = self::bare(&json, many)?;
        row("bare, many", &bare, &bare);
        row("many meters", &replay(program, &json, dir)?, &bare);
    }
    Ok(())
}

struct Measured {
    readings: u64,
    cpu_s: f64,
    peak: Option<u64>,
}

fn row(job: &str, measured: &Measured, bare: &Measured) {
    let speed = |measured: &Measured| measured.readings as f64 / measured.cpu_s / 1e6;
    println!(
        "{job:<14} {:>10} {:>7.2} {:>25.2} {:>18.2} {:>9}",
        measured.readings,
        measured.cpu_s,
        speed(measured),
        speed(measured) / speed(bare),
        measured.peak.map_or("-".to_owned(), |peak| (peak / 1_000_000).to_string()),
    );
}

/// Runs a replay, and reads its CPU seconds and memory from `summary.json`.
fn replay(program: &Path, readings: &Path, dir: &Path) -> Result<Measured, Box<dyn std::error::Error>> {
    let out = dir.join("out");
    let plan = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../pipelines/j1.toml");
    let status = Command::new(program)
        .args(["--quiet", "replay"])
        .arg(plan)
        .arg("--readings")
        .arg(readings)
        .arg("--out")
        .arg(&out)
        .status()?;
    if !status.success() {
        return Err(format!("{} ended with {status}", program.display()).into());
    }
    let summary: serde_json::Value = serde_json::from_slice(&fs::read(out.join("summary.json"))?)?;
    Ok(Measured {
        readings: summary["readings"].as_u64().ok_or("summary.json has no readings")?,
        cpu_s: summary["cpu_s"].as_f64().ok_or("summary.json has no cpu_s: this needs Linux")?,
        peak: summary["peak_rss_bytes"].as_u64(),
    })
}

/// Runs the bare loop over the same file in this process, including the reading of the file.
fn bare(path: &Path, meters: u32) -> Result<Measured, Box<dyn std::error::Error>> {
    let before = cpu_seconds()?;
    let text = fs::read(path)?;
    let sum = benches::bare::run(&text, meters as usize);
    let cpu_s = cpu_seconds()? - before;
    assert_ne!(sum, 0, "the loop has added something");
    Ok(Measured { readings: memchr::memchr_iter(b'\n', &text).count() as u64, cpu_s, peak: None })
}

fn cpu_seconds() -> Result<f64, Box<dyn std::error::Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    Ok((fields[11].parse::<f64>()? + fields[12].parse::<f64>()?) / 100.0)
}

fn write_lines(path: &Path, meters: u32, quarters: u32) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut line = Vec::new();
    for raw in benches::readings(meters, quarters) {
        line.clear();
        wire::json::encode(&raw, &mut line);
        line.push(b'\n');
        file.write_all(&line)?;
    }
    file.flush()
}

fn write_columns(path: &Path, meters: u32, quarters: u32) -> Result<(), columns::ColumnsError> {
    let mut file = columns::ReadingsWriter::create(path)?;
    let mut some = Vec::with_capacity(8192);
    for raw in benches::readings(meters, quarters) {
        some.push(raw);
        if some.len() == some.capacity() {
            file.write(&some)?;
            some.clear();
        }
    }
    file.write(&some)?;
    file.finish().map(drop)
}
