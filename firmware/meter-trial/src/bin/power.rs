//! Cuts the power of meters at random moments, looks for what their logs had acknowledged, and computes the wear of the
//! flash. See `scripts/firmware-power`.

use meter_log::{Keeper, Layout, Log};
use meter_trial::power::{
    Broken, Count, Kept, Life, Profile, SECTOR, Tearing, kept_by_log, kept_by_map, measured, wear,
};
use std::process::ExitCode;

/// Cuts in the life of one meter.
const CUTS: u64 = 500;

/// What the makers of serial NOR flash state: erases of a sector, and the longest times of a program and of an erase.
const ENDURANCE: f64 = 100_000.0;
const PROGRAM_MS: u64 = 3;
const ERASE_MS: u64 = 400;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let held = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["wear", days] => days.parse().ok().map(print_wear),
        ["beside", cuts] => cuts.parse().ok().map(print_beside),
        ["cuts", cuts, seed] => {
            cuts.parse().ok().zip(seed.parse().ok()).map(|(cuts, seed)| print_cuts(cuts, seed))
        }
        _ => None,
    };
    match held {
        Some(true) => ExitCode::SUCCESS,
        Some(false) => ExitCode::FAILURE,
        None => {
            eprintln!("usage: power cuts CUTS SEED | power beside CUTS | power wear DAYS");
            ExitCode::from(2)
        }
    }
}

fn print_cuts(cuts: u64, seed: u64) -> bool {
    let counted = trial(cuts, seed);
    match &counted {
        Ok(count) => report(count),
        Err(broken) => println!("{broken}"),
    }
    counted.is_ok()
}

/// Meters one after another, each with a life of its own.
fn trial(cuts: u64, seed: u64) -> Result<Count, Broken> {
    let mut total = Count::default();
    for life in 0..cuts.div_ceil(CUTS) {
        let mut meter = Life::<512>::new(seed + life);
        meter.run(CUTS.min(cuts - life * CUTS))?;
        total += meter.count;
    }
    // A trial that tries nothing must not hold.
    let tried = [total.in_writes * 5, total.in_erases * 20, total.flips * 5, total.clocks_lost * 10];
    if cuts >= CUTS && tried.iter().any(|&count| count < cuts) {
        return Err(Broken(format!("too little was tried: {total:?}")));
    }
    Ok(total)
}

fn report(count: &Count) {
    let cuts = count.between + count.in_writes + count.in_erases;
    let row = |name: &str, number: u64| println!("{name:58}{number:>10}");
    row("power cuts", cuts);
    row("  between two operations of the flash", count.between);
    row("  within a write", count.in_writes);
    row("  within an erase", count.in_erases);
    row("  before the start was over, of all", count.in_starts);
    row("bits that flipped", count.flips);
    row("starts with a lost clock", count.clocks_lost);
    row("times the clock was set", count.clocks_set);
    row("sectors erased", count.erases);
    row("records acknowledged", count.records);
    row("records looked for after a start", count.found);
    row("most seconds of energy lost by a cut (10 may be)", count.most_seconds_lost.into());
    row("most program operations a block waited for", count.most_programs);
    row("most erases a block waited for", count.most_erases);
    let longest = count.most_programs * PROGRAM_MS + count.most_erases * ERASE_MS;
    row("  in milliseconds, by the longest times of a chip", longest);
    println!("No acknowledged record was lost or changed. No energy went back or was counted twice.");
}

/// The same value, cuts and chips for the crate of the field; a hundred cuts for each chip.
fn print_beside(cuts: u64) -> bool {
    let chips = cuts.div_ceil(100);
    println!(
        "One value of 48 bytes in 4 sectors of 512, {chips} chips with 100 cuts each; starts at which it was"
    );
    let mut held = true;
    for (title, tearing) in [
        ("cuts end at a byte:", Tearing::Bytes),
        ("cuts end at any bit:", Tearing::Bits),
        ("cuts leave unstable bits too:", Tearing::Unstable),
    ] {
        println!("\n{title:32}{:>14}{:>10}{:>10}{:>12}", "acknowledged", "older", "none", "unreadable");
        let all = |kept: fn(u64, u64, Tearing) -> Kept| {
            (1..=chips).map(|seed| kept(100, seed, tearing)).fold(Kept::default(), add)
        };
        let rows = [("meter-log", all(kept_by_log)), ("sequential-storage 8.0.2", all(kept_by_map))];
        for (name, Kept { acknowledged, older, none, refused }) in rows {
            println!("{name:32}{acknowledged:>14}{older:>10}{none:>10}{refused:>12}");
        }
        let ours = rows[0].1;
        held &= ours.acknowledged > 0 && (ours.older, ours.none, ours.refused) == (0, 0, 0);
    }
    held
}

fn add(one: Kept, other: Kept) -> Kept {
    Kept {
        acknowledged: one.acknowledged + other.acknowledged,
        older: one.older + other.older,
        none: one.none + other.none,
        refused: one.refused + other.refused,
    }
}

/// By sector, for the default profile; checked against a meter that ran for some days.
fn print_wear(days: u32) -> bool {
    let (layout, profile) = (Layout::STANDARD, Profile::DEFAULT);
    let Profile { years, interval_s, cuts, events, changes } = profile;
    println!(
        "{years} years, intervals of {interval_s} s; a day: {cuts} power cuts, {events} event of each kind"
    );
    println!(
        "each setting changed {changes} times a year; sectors of {SECTOR} bytes, {ENDURANCE} erases each\n"
    );
    println!("{:22}{:>8}{:>14}{:>18}{:>12}", "", "sectors", "slots a day", "erases a sector", "of limit");
    let rows = wear(&layout, &profile);
    for row in &rows {
        let (sectors, share) = (row.rings * usize::from(row.sectors), row.erases / ENDURANCE * 100.0);
        println!("{:22}{sectors:>8}{:>14.1}{:>18.1}{share:>10.2} %", row.name, row.slots_a_day, row.erases);
    }
    let sectors = layout.sectors();
    println!("{:22}{sectors:>8} = {} kB", "in all", sectors as usize * SECTOR / 1024);
    let quiet = Profile { cuts: 0.0, events: 0.0, ..profile };
    let expected = wear(&layout, &quiet);
    println!("\nErases by sector in {years} years from {days} days of a meter without cuts:");
    let mut held = rows.iter().all(|row| row.erases < ENDURANCE);
    for (row, found) in expected.iter().zip(measured(days)) {
        let found = found * 365.25 * years;
        println!("{:22}{found:>12.1} counted, {:.1} computed", row.name, row.erases);
        held &= (found / row.erases - 1.0).abs() < 0.02;
    }
    println!("\nMemory: {} bytes of log and keeper, beside the chip's driver", size_of::<Keeper<()>>());
    println!("of which the log: {}", size_of::<Log<()>>());
    held
}
