//! CPU seconds and memory of this process, on systems that report them.

use std::fs;

/// CPU seconds of all threads, user and system.
pub fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program may contain spaces, so the fields are counted after its closing bracket.
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    let ticks: f64 = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    // Linux counts these in hundredths of a second on every architecture that Rust runs on.
    Some(ticks / 100.0)
}

/// The most memory that was resident at once, in bytes.
pub fn peak_rss() -> Option<u64> {
    status("VmHWM:")
}

/// The memory that is resident, in bytes.
pub fn rss() -> Option<u64> {
    status("VmRSS:")
}

fn status(field: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}
