//! Prints what the tamper rules notice on waves, how soon, and what they take for theft in honest households. See
//! `scripts/firmware-tamper`.

use meter_synth::Kind as Converter;
use meter_tamper::Kind;
use meter_trial::Lab;
use meter_trial::tampering::{MONTH, Spread, false_events, honest_hours, on_waves, staged, stated_seconds};

const CONVERTERS: [(&str, Converter); 3] =
    [("24 bits", Converter::Frontend24), ("16 bits", Converter::SigmaDelta16), ("12 bits", Converter::Sar12)];

/// Every theft and lookalike, sample by sample: whether each theft was noticed in time, and no lookalike was.
fn on_all_waves() -> bool {
    println!("Staged on the wires, seconds until the event:\n");
    println!("{:32}{:26}{:>8}{:>10}{:>10}{:>10}", "", "expected", "stated", "24 bits", "16 bits", "12 bits");
    let labs = CONVERTERS.map(|(_, kind)| Lab::new(kind, 1, 10.0, 0.04));
    let mut held = true;
    for one in staged() {
        let stated = one.expected.map(stated_seconds);
        let found = labs.each_ref().map(|lab| {
            let occurred = on_waves(lab, &one, stated.map_or(180.0, |stated| stated + 15.0));
            let second =
                occurred.iter().find(|(kind, _)| Some(*kind) == one.expected).map(|(_, second)| *second);
            held &= match stated {
                Some(stated) => second.is_some_and(|second| second <= stated),
                None => occurred.is_empty(),
            };
            second.map_or("-".to_owned(), |second| format!("{second:.0}"))
        });
        let cells = found.map(|second| format!("{second:>10}")).concat();
        let stated = stated.map_or("-".to_owned(), |stated| format!("{stated:.0}"));
        println!("{:32}{:26}{stated:>8}{cells}", one.name, one.expected.map_or("-", Kind::name));
    }
    held
}

/// Honest households whose meters err as the worst converter does; at most one event a kind in 100 months.
fn honest_months(months: u64) -> bool {
    let spread = Spread::found(Converter::Sar12, 20);
    println!(
        "\n20 meters of 12 bits: phase and neutral up to {:.3} % apart from 2 A on, {:.1} mA off at 0.5 A",
        spread.apart * 100.0,
        spread.low * 1e3
    );
    // Ten times what was found, since sensors age.
    let aged = Spread { apart: spread.apart * 10.0, low: spread.low * 10.0 };
    let mut total = [0u32; Kind::ALL.len()];
    for seed in 0..months {
        for (sum, count) in total.iter_mut().zip(false_events(aged, seed, MONTH)) {
            *sum += count;
        }
    }
    println!("Honest households, {months} meter-months, sensors ten times as far off; events:\n");
    for kind in Kind::ALL {
        println!("{:26}{:>5}{:>8}", kind.name(), kind.occurs().0, total[kind as usize]);
    }
    total.iter().all(|&count| u64::from(count) * 100 <= months)
}

/// An honest household, sample by sample.
fn honest_day(hours: f64) -> bool {
    let occurred = honest_hours(&Lab::new(Converter::Sar12, 1, 10.0, 0.04), 1, hours);
    println!(
        "\nHonest household, sample by sample for {hours} hours, 12 bits: {} events {occurred:?}",
        occurred.len()
    );
    occurred.is_empty()
}

fn main() {
    let mut sizes = std::env::args().skip(1).map(|size| size.parse::<u32>());
    let mut size = |usual| sizes.next().and_then(Result::ok).unwrap_or(usual);
    let (months, hours) = (size(1_000), size(24));
    if !(on_all_waves() & honest_months(months.into()) & honest_day(hours.into())) {
        std::process::exit(1);
    }
}
