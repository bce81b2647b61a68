//! The tests of the standards: currents, power factors and influence quantities, each with its limit.
//!
//! Limits of class 0.5S are those of IEC 62053-22:2003, tables 4 and 6; of class 1, IEC 62053-21:2003, tables 6 and 8.
//! They were written down without the text of the standards. A public quotation of table 8 agrees with the limits of
//! class 1 for voltage, frequency, fifth harmonic and half-waves; the others are not verified.

use crate::Wave;
use meter_synth::{Appliance, Disturbance, Harmonic, Load, Mains, Schedule};

/// A class of accuracy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// IEC 62053-22, connected through transformers.
    HalfS,
    /// IEC 62053-21, connected directly.
    One,
}

/// One test.
#[derive(Debug, Clone)]
pub struct Point {
    /// As a table names it.
    pub name: String,
    /// The wave.
    pub wave: Wave,
    /// The wave whose error is the base, where the standard limits a change.
    pub base: Option<Wave>,
    /// The standard's limit in percent.
    pub limit: f64,
}

/// The largest current of the meters under trial, in amperes.
pub const LARGEST: f64 = 60.0;

const FACTORS: [(&str, f64); 3] = [("1", 0.0), ("0.5 lag", 60.0), ("0.8 lead", -36.869_897_645_844)];

impl Class {
    /// The limit in percent for a current by the nominal one; `None` where the standard sets none.
    pub fn limit(self, share: f64, unity: bool) -> Option<f64> {
        let steps: &[(f64, f64)] = match (self, unity) {
            (Self::HalfS, true) => &[(0.05, 0.5), (0.01, 1.0)],
            (Self::HalfS, false) => &[(0.1, 0.6), (0.02, 1.0)],
            (Self::One, true) => &[(0.1, 1.0), (0.05, 1.5)],
            (Self::One, false) => &[(0.2, 1.0), (0.1, 1.5)],
        };
        steps.iter().find(|(from, _)| share >= from - 1e-9).map(|&(_, limit)| limit)
    }

    /// Limits of change: voltage at unity and at 0.5, frequency at unity and at 0.5, fifth harmonic, half-waves (none
    /// for transformers), odd harmonics (the same), sub-harmonics.
    fn influences(self) -> [f64; 8] {
        match self {
            Self::HalfS => [0.2, 0.4, 0.2, 0.2, 0.5, f64::NAN, f64::NAN, 1.5],
            Self::One => [0.7, 1.0, 0.5, 0.7, 0.8, 3.0, 3.0, 3.0],
        }
    }
}

/// Currents from the class's smallest to the largest, three power factors, at nominal voltage and frequency.
pub fn loads(class: Class, nominal: f64) -> Vec<Point> {
    let shares = [0.01, 0.02, 0.05, 0.1, 0.2, 1.0, LARGEST / nominal];
    let mut points = Vec::new();
    for (factor, lag) in FACTORS {
        for share in shares {
            if let Some(limit) = class.limit(share, lag == 0.0) {
                let wave = Wave::steady(230.0, 50.0, share * nominal, lag);
                points.push(Point { name: named(share, nominal, factor), wave, base: None, limit });
            }
        }
    }
    points
}

/// The corners of voltage and frequency: 80 and 120 %, 45 and 55 Hz. The limits are those of nominal conditions.
pub fn corners(class: Class, nominal: f64) -> Vec<Point> {
    let mut points = Vec::new();
    for (volts, hertz) in [(184.0, 45.0), (184.0, 55.0), (276.0, 45.0), (276.0, 55.0)] {
        for (factor, lag) in FACTORS {
            for share in [0.1, 1.0, LARGEST / nominal] {
                let Some(limit) = class.limit(share, lag == 0.0) else { continue };
                let wave = Wave::steady(volts, hertz, share * nominal, lag);
                let name = format!("{} {volts} V {hertz} Hz", named(share, nominal, factor));
                points.push(Point { name, wave, base: None, limit });
            }
        }
    }
    points
}

fn named(share: f64, nominal: f64, factor: &str) -> String {
    match share {
        share if share * nominal >= LARGEST => format!("Imax pf {factor}"),
        share => format!("{share} I pf {factor}"),
    }
}

/// Influence quantities that a wave can carry, one by one.
pub fn influences(class: Class, nominal: f64) -> Vec<Point> {
    let [voltage, voltage_lag, frequency, frequency_lag, fifth, half_wave, odd, sub] = class.influences();
    let steady = |volts, hertz, lag| Wave::steady(volts, hertz, nominal, lag);
    let shaped = |load, harmonics| {
        let mains = Mains { harmonics, ..Mains::clean(230.0, 50.0) };
        Wave { mains, appliances: vec![Appliance { load, schedule: Schedule::Always }] }
    };
    let base = |amperes| Some(Wave::steady(230.0, 50.0, amperes, 0.0));
    let harmonic = |share| vec![Harmonic { order: 5.0, share, degrees: 0.0 }];
    let linear = |amperes, harmonics| Load::Linear { amperes, lag_degrees: 0.0, harmonics };
    let mut points = Vec::new();
    let mut add = |name: &str, wave: Wave, base: Option<Wave>, limit: f64| {
        points.push(Point { name: name.to_owned(), wave, base, limit });
    };
    for (volts, sign) in [(207.0, "-10 %"), (253.0, "+10 %")] {
        add(&format!("voltage {sign} pf 1"), steady(volts, 50.0, 0.0), base(nominal), voltage);
        let lagging = Some(steady(230.0, 50.0, 60.0));
        add(&format!("voltage {sign} pf 0.5 lag"), steady(volts, 50.0, 60.0), lagging, voltage_lag);
    }
    for (hertz, sign) in [(49.0, "-2 %"), (51.0, "+2 %")] {
        add(&format!("frequency {sign} pf 1"), steady(230.0, hertz, 0.0), base(nominal), frequency);
        let lagging = Some(steady(230.0, 50.0, 60.0));
        add(&format!("frequency {sign} pf 0.5 lag"), steady(230.0, hertz, 60.0), lagging, frequency_lag);
    }
    let half = LARGEST / 2.0;
    let fifth_wave = shaped(linear(half, harmonic(0.4)), harmonic(0.1));
    add("5th harmonic, 10 % V, 40 % I", fifth_wave, base(half), fifth);
    if class == Class::One {
        // Imax / sqrt(2), which is the RMS of the half-waves of a load of Imax.
        let amperes = LARGEST / 2f64.sqrt();
        add(
            "DC and even harmonics (half-waves)",
            shaped(Load::HalfWave { amperes }, vec![]),
            base(amperes),
            half_wave,
        );
        let fired = Load::PhaseFired { amperes: nominal / 2.0, degrees: 90.0 };
        add("odd harmonics (fired at 90 deg)", shaped(fired, vec![]), base(nominal / 2.0), odd);
    }
    let bursts = Wave {
        mains: Mains::clean(230.0, 50.0),
        appliances: vec![Appliance {
            load: linear(nominal / 2.0, vec![]),
            // Two cycles on, two off.
            schedule: Schedule::Cycling { on: 0.04, off: 0.04, jitter: 0.0, seed: 0 },
        }],
    };
    add("sub-harmonics (2 cycles on, 2 off)", bursts, base(nominal / 2.0), sub);
    points
}

/// What no standard's table has: loads that come and go, and grids that do not stand still. No limit but the class's.
pub fn living(class: Class, nominal: f64) -> Vec<Point> {
    let limit = class.limit(1.0, true).expect("every class limits nominal current");
    let wave = |disturbances, appliances| Wave {
        mains: Mains { disturbances, ..Mains::clean(230.0, 50.0) },
        appliances,
    };
    let cycling = |on, off, jitter, seed| Appliance {
        load: Load::Linear { amperes: nominal, lag_degrees: 0.0, harmonics: vec![] },
        schedule: Schedule::Cycling { on, off, jitter, seed },
    };
    let sag = |from, share| Disturbance::Level { from, to: from + 0.3, share };
    let steady = || vec![Appliance::steady(nominal, 30.0)];
    let points = [
        ("induction hob, 1.5 s on, 1.5 s off", wave(vec![], vec![cycling(1.5, 1.5, 0.4, 3)])),
        ("oven, 7 s on, 13 s off", wave(vec![], vec![cycling(7.0, 13.0, 3.0, 4)])),
        ("burst-fired heater, 0.3 s on, 0.9 s off", wave(vec![], vec![cycling(0.3, 0.9, 0.2, 5)])),
        (
            "sags to 40 %, swells to 115 %",
            wave(
                (0..20).map(|n| sag(6.3 + 2.7 * f64::from(n), [0.4, 1.15][n as usize % 2])).collect(),
                steady(),
            ),
        ),
        ("flicker of 3 % at 8.8 Hz", wave(vec![Disturbance::Flicker { hertz: 8.8, depth: 0.03 }], steady())),
        (
            "frequency rises by 0.01 Hz a second",
            wave(vec![Disturbance::Ramp { hertz_per_second: 0.01 }], steady()),
        ),
    ];
    points.map(|(name, wave)| Point { name: name.to_owned(), wave, base: None, limit }).into()
}
