//! `j1 METERS QUARTERS`: writes the readings of job J1, which `macro` measures, as JSON lines to standard output.

use std::io::{BufWriter, Write, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    let numbers: Option<Vec<u32>> = std::env::args().skip(1).map(|text| text.parse().ok()).collect();
    let Some([meters, quarters]) = numbers.as_deref() else {
        eprintln!("usage: j1 METERS QUARTERS");
        return ExitCode::from(2);
    };
    match write(*meters, *quarters) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(meters: u32, quarters: u32) -> std::io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, stdout().lock());
    let mut line = Vec::new();
    for raw in benches::readings(meters, quarters) {
        line.clear();
        wire::json::encode(&raw, &mut line);
        line.push(b'\n');
        out.write_all(&line)?;
    }
    out.flush()
}
