//! Prints how far the meter and its rivals are from the true energy, point by point. See `scripts/firmware-accuracy`.

use meter_synth::Kind;
use meter_trial::points::{Class, Point, corners, influences, living, loads};
use meter_trial::{Lab, RivalKind, Wave};

const RIVALS: [RivalKind; 3] = [RivalKind::CalcVi, RivalKind::Continuous, RivalKind::MetrologyInsight];

/// One converter; `share` of the limit is what the meter may use. Short runs for steady waves, five minutes for others.
fn trial(title: &str, kind: Kind, class: Class, nominal: f64, starting: f64, share: f64) -> bool {
    println!("\n{title}: errors in percent; the meter may use {share} of the limit\n");
    let head = ["meter", "calcVI", "continuous", "insight", "limit"];
    println!("{:40}{}", "", head.map(|name| format!("{name:>12}")).concat());
    let lab = Lab::new(kind, 1, nominal, starting).beside(&RIVALS);
    let points = [loads(class, nominal), corners(class, nominal), influences(class, nominal)].concat();
    let mut held = true;
    for (point, seconds) in points
        .into_iter()
        .map(|point| (point, 26.0))
        .chain(living(class, nominal).into_iter().map(|point| (point, 306.0)))
    {
        held &= row(&lab, &point, seconds, share);
    }
    held & start_and_creep(&lab, starting)
}

fn row(lab: &Lab, point: &Point, seconds: f64, share: f64) -> bool {
    let changes = lab.changes(point, seconds);
    let held = changes[0].abs() <= share * point.limit;
    let cells: String = changes.iter().map(|change| format!("{change:>12.4}")).collect();
    println!("{:40}{cells}{:>12.2}{}", point.name, point.limit, if held { "" } else { "  <- above" });
    held
}

/// At the starting current a meter counts; with none, at 115 % of the voltage, it does not.
fn start_and_creep(lab: &Lab, starting: f64) -> bool {
    let started = lab.run(&Wave::steady(230.0, 50.0, starting, 0.0), 61.0).registers().import.micro();
    let crept = lab.run(&Wave::steady(264.5, 50.0, 0.0, 0.0), 600.0).registers().import.micro();
    println!("{:40}{started:>12} uWh in a minute", format!("starting current, {} mA", starting * 1e3));
    println!("{:40}{crept:>12} uWh in ten minutes", "no load, 264.5 V");
    started > 0 && crept == 0
}

fn main() {
    let held = [
        trial("24-bit front-end, class 0.5S, In = 5 A", Kind::Frontend24, Class::HalfS, 5.0, 0.005, 0.2),
        trial("16-bit sigma-delta, class 1, Ib = 10 A", Kind::SigmaDelta16, Class::One, 10.0, 0.04, 1.0),
        trial("12-bit SAR, class 1, Ib = 10 A", Kind::Sar12, Class::One, 10.0, 0.04, 1.0),
    ];
    if held.contains(&false) {
        std::process::exit(1);
    }
}
