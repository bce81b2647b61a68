//! Prints what the meter's line refuses, and whether numbers stay new through power cuts. See `scripts/firmware-wire`.

use meter_trial::power::Broken;
use meter_trial::wire::{Numbers, Used, threats};
use std::process::ExitCode;

/// Cuts in the life of one meter.
const CUTS: u64 = 500;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let held = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["refused"] => Some(print_threats()),
        ["cuts", cuts, seed] => {
            cuts.parse().ok().zip(seed.parse().ok()).map(|(cuts, seed)| print_cuts(cuts, seed))
        }
        _ => None,
    };
    match held {
        Some(true) => ExitCode::SUCCESS,
        Some(false) => ExitCode::FAILURE,
        None => {
            eprintln!("usage: wire refused | wire cuts CUTS SEED");
            ExitCode::from(2)
        }
    }
}

fn print_threats() -> bool {
    let mut held = true;
    println!("{:58}{:>6}{:>7}  counted as", "", "tried", "taken");
    for (name, tally) in threats() {
        let reasons: Vec<_> =
            tally.reasons.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
        println!("{name:58}{:>6}{:>7}  {}", tally.tried, tally.taken, reasons.join(", "));
        if let Some(wrong) = tally.wrong() {
            held = false;
            println!("  <- {wrong}");
        }
    }
    held
}

fn print_cuts(cuts: u64, seed: u64) -> bool {
    let counted = trial(cuts, seed);
    match &counted {
        Ok(used) => report(used),
        Err(broken) => println!("{broken}"),
    }
    counted.is_ok()
}

/// Meters one after another, each with a life of its own.
fn trial(cuts: u64, seed: u64) -> Result<Used, Broken> {
    let mut total = Used::default();
    for life in 0..cuts.div_ceil(CUTS) {
        let mut meter = Numbers::new(seed + life);
        meter.run(CUTS.min(cuts - life * CUTS))?;
        total += meter.used;
    }
    // A trial that tries nothing must not hold.
    let tried = [
        total.in_writes * 5,
        total.in_erases * 30,
        total.flips * 5,
        total.blocks * 10,
        total.keys * 10,
        total.cut_off * 20,
    ];
    if cuts >= CUTS && tried.iter().any(|&count| count < cuts) {
        return Err(Broken(format!("too little was tried: {total:?}")));
    }
    Ok(total)
}

fn report(used: &Used) {
    let row = |name: &str, number: u64| println!("{name:58}{number:>10}");
    row("power cuts", used.between + used.in_writes + used.in_erases);
    row("  within a write", used.in_writes);
    row("  within an erase", used.in_erases);
    row("bits that flipped", used.flips);
    row("messages", used.messages);
    row("numbers that no message has", used.skipped);
    row("blocks of numbers that ended while the meter ran", used.blocks);
    row("commands done", used.commands);
    row("  of them new keys", used.keys);
    row("commands cut off, neither done nor acknowledged", used.cut_off);
    row("recorded commands sent again after a start, refused", used.replayed);
    println!("No number was used twice, no command was done twice, no key came back.");
}
