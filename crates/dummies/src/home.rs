//! What a home connects, by its seed: no two are alike.

use meter_synth::{Appliance, Harmonic, Load, Mains, Random, Schedule};

/// The voltage at a home, near 230 V.
pub fn mains(seed: u64) -> Mains {
    Mains::clean(Random::new(seed ^ 1).between(223.0, 236.0), 50.0)
}

/// The loads of a home: what is always on, a fridge, a heater, a kettle.
pub fn appliances(seed: u64) -> Vec<Appliance> {
    let mut random = Random::new(seed);
    let supplies = Load::Linear {
        amperes: random.between(0.3, 0.9),
        lag_degrees: random.between(5.0, 25.0),
        harmonics: vec![Harmonic { order: 3.0, share: 0.25, degrees: 180.0 }],
    };
    let mut cycling = |amperes: (f64, f64), lag: f64, on: (f64, f64), off: (f64, f64), jitter| {
        let load = Load::Linear {
            amperes: random.between(amperes.0, amperes.1),
            lag_degrees: lag,
            harmonics: Vec::new(),
        };
        let (on, off) = (random.between(on.0, on.1), random.between(off.0, off.1));
        Appliance { load, schedule: Schedule::Cycling { on, off, jitter, seed: random.bits() } }
    };
    vec![
        Appliance { load: supplies, schedule: Schedule::Always },
        cycling((0.6, 1.2), 40.0, (400.0, 900.0), (900.0, 1_800.0), 300.0),
        cycling((5.0, 9.0), 0.0, (600.0, 1_500.0), (1_500.0, 3_600.0), 1_200.0),
        cycling((7.0, 9.0), 0.0, (120.0, 240.0), (3_600.0, 7_200.0), 3_600.0),
    ]
}
