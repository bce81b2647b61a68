use crate::*;
use expect_test::{Expect, expect};
use reading::{EventTime, Interval, Limits, MeterId, Phases, Quality, RawReading, Sums, check as believe};
use units::{Amperes, Milliamperes, Millivars, Millivolts, Milliwatts, Ratio, Volts, WattHours, Watts};

/// Readings as `p/q i/in v`, each part in W, var, A and V, `-` where it is missing; then all kernels in one line.
fn check(energy: Option<i64>, readings: &[&str], answer: &Expect) {
    answer.assert_eq(&numbers(&interval(energy, readings)));
}

fn interval(energy: Option<i64>, readings: &[&str]) -> Interval {
    let limits =
        Limits { v_max: Millivolts(600_000), i_max: Milliamperes(200_000), p_max: Milliwatts(100_000_000) };
    let mut sums = Sums::EMPTY;
    let meter = MeterId::new("M1").unwrap();
    let thousandths = |text: &str| text.parse().ok().map(|number: f64| (number * 1000.0).round() as i64);
    for text in readings {
        let mut raw = RawReading::new(meter, EventTime(1_700_000_000_000));
        raw.seq = Some(1);
        let numbers: Vec<Option<i64>> = text.split([' ', '/']).map(thousandths).collect();
        raw.p = numbers[0].map(|mw| Phases::One(Milliwatts(mw)));
        raw.q = numbers[1].map(|mvar| Phases::One(Millivars(mvar)));
        raw.i = numbers[2].map(|ma| Phases::One(Milliamperes(ma as i32)));
        raw.neutral = numbers[3].map(|ma| Milliamperes(ma as i32));
        raw.v = numbers[4].map(|mv| Phases::One(Millivolts(mv as i32)));
        sums.add(&believe(&raw, &limits).unwrap().reading);
    }
    Interval {
        meter,
        start: EventTime(0),
        end: EventTime(1_800_000),
        imp: energy.map(WattHours),
        exp: None,
        sums,
        quality: Quality::MEASURED,
        instead: None,
    }
}

fn numbers(interval: &Interval) -> String {
    let text = |number: Option<f64>| number.map_or("-".to_owned(), |number| format!("{number:.3}"));
    let currents = loop_currents(interval).map_or("-".to_owned(), |currents| {
        format!("{:.3}/{:.3}={:.3}", currents.phase.0, currents.neutral.0, currents.apart.0)
    });
    format!(
        "p {} max {} pf {} | i {} imb {} max {} loop {currents} | v {} {} {}",
        text(mean_power(interval).map(|p| p.0)),
        text(max_power(interval).map(|p| p.0)),
        text(power_factor(interval).map(|pf| pf.0)),
        text(mean_current(interval).map(|i| i.0)),
        text(mean_imbalance(interval).map(|i| i.0)),
        text(max_imbalance(interval).map(|i| i.0)),
        text(v_min(interval).map(|v| v.0)),
        text(mean_voltage(interval).map(|v| v.0)),
        text(v_max(interval).map(|v| v.0)),
    )
}

#[test]
fn a_register_alone_gives_power_over_time() {
    check(Some(250), &[], &expect!["p 500.000 max 500.000 pf - | i - imb - max - loop - | v - - -"]);
}

#[test]
fn own_power_goes_before_energy_over_time() {
    let readings = ["100/0 - 230", "300/0 - 230"].map(|r| r.replace(" - ", " -/- "));
    let readings: Vec<&str> = readings.iter().map(String::as_str).collect();
    check(
        Some(250),
        &readings,
        &expect!["p 200.000 max 300.000 pf 1.000 | i - imb - max - loop - | v 230.000 230.000 230.000"],
    );
}

#[test]
fn nothing_measured_is_no_zero() {
    check(None, &[], &expect!["p - max - pf - | i - imb - max - loop - | v - - -"]);
}

#[test]
fn power_factor_is_of_the_sums() {
    // 3-4-5: the readings' own power factors, 1 and 0, do not matter.
    check(
        None,
        &["300/0 -/- -", "0/400 -/- -"],
        &expect!["p 150.000 max 300.000 pf 0.600 | i - imb - max - loop - | v - - -"],
    );
}

#[test]
fn one_reading_without_reactive_power_leaves_no_power_factor() {
    assert_eq!(power_factor(&interval(None, &["300/10 -/- -", "300/- -/- -"])), None);
    assert_eq!(power_factor(&interval(None, &["0/0 -/- -"])), None);
}

#[test]
fn export_has_a_negative_power_factor() {
    assert_eq!(power_factor(&interval(None, &["-300/0 -/- -"])), Some(Ratio(-1.0)));
}

#[test]
fn distortion_lowers_the_true_power_factor_alone() {
    // 230 V times 10 A are 2,300 VA, of which 1,840 W: 0.8. Of p and q it is 0.995, as a rectifier's harmonics are in
    // neither.
    let rectifier = interval(None, &["1840/184 10/10 230"]);
    assert_eq!(true_power_factor(&rectifier), Some(Ratio(0.8)));
    assert!(power_factor(&rectifier).unwrap().0 > 0.99);
    assert_eq!(true_power_factor(&interval(None, &["-1150/0 10/10 230"])), Some(Ratio(-0.5)));
    // A meter's rounding makes no power factor above 1.
    assert_eq!(true_power_factor(&interval(None, &["2301/0 10/10 230"])), Some(Ratio(1.0)));
    for missing in ["-/- 10/10 230", "100/0 -/- 230", "100/0 10/10 -", "0/0 0/0 230"] {
        assert_eq!(true_power_factor(&interval(None, &[missing])), None, "{missing}");
    }
}

/// Voltages and currents of three phases, a reading a line.
fn of_three_phases(readings: &[([i32; 3], [i32; 3], i64)]) -> Interval {
    let limits =
        Limits { v_max: Millivolts(600_000), i_max: Milliamperes(200_000), p_max: Milliwatts(100_000_000) };
    let mut three = interval(None, &[]);
    for (volts, amperes, watts) in readings {
        let mut raw = RawReading::new(three.meter, EventTime(1_700_000_000_000));
        raw.v = Some(Phases::Three(volts.map(|volts| Millivolts(volts * 1000))));
        raw.i = Some(Phases::Three(amperes.map(|amperes| Milliamperes(amperes * 1000))));
        raw.p = Some(Phases::One(Milliwatts(watts * 1000)));
        three.sums.add(&believe(&raw, &limits).unwrap().reading);
    }
    three
}

#[test]
fn the_unbalance_is_that_of_the_worst_reading() {
    let even = ([230, 230, 230], [10, 10, 10], 5520);
    // (240 - 220) / 230.
    let uneven = ([240, 220, 231], [10, 10, 10], 5520);
    assert_eq!(voltage_unbalance(&of_three_phases(&[even])), Some(Ratio(0.0)));
    assert_eq!(voltage_unbalance(&of_three_phases(&[even, uneven, even])), Some(Ratio(0.087)));
    // A phase without voltage: as far apart as can be.
    assert_eq!(voltage_unbalance(&of_three_phases(&[([230, 0, 230], [1, 0, 1], 400)])), Some(Ratio(2.0)));
    assert_eq!(voltage_unbalance(&of_three_phases(&[([0, 0, 0], [0, 0, 0], 0)])), Some(Ratio(0.0)));
    assert_eq!(voltage_unbalance(&interval(None, &["100/0 1/1 230"])), None, "a single phase");
    assert_eq!(true_power_factor(&of_three_phases(&[even])), Some(Ratio(0.8)), "of all three phases");
    assert_eq!(true_power_factor(&of_three_phases(&[([230, 0, 230], [1, 0, 1], 460)])), None, "a dead phase");
    // A meter of three phases that sends one voltage.
    let mut raw = RawReading::new(MeterId::new("M1").unwrap(), EventTime(1_700_000_000_000));
    raw.v = Some(Phases::One(Millivolts(230_000)));
    raw.i = Some(Phases::Three([Milliamperes(1000); 3]));
    let limits =
        Limits { v_max: Millivolts(600_000), i_max: Milliamperes(200_000), p_max: Milliwatts(100_000_000) };
    let mut one = interval(None, &[]);
    one.sums.add(&believe(&raw, &limits).unwrap().reading);
    assert_eq!(voltage_unbalance(&one), None);
}

#[test]
fn both_wires_carry_the_same_or_are_apart() {
    check(
        None,
        &["-/- 5/3 229", "-/- 7/5.5 231"],
        &expect![
            "p - max - pf - | i 6.000 imb 1.750 max 2.000 loop 6.000/4.250=1.750 | v 229.000 230.000 231.000"
        ],
    );
}

#[test]
fn differences_to_both_sides_are_imbalance_but_no_distance_of_the_means() {
    check(
        None,
        &["-/- 5/3 -", "-/- 3/5 -"],
        &expect!["p - max - pf - | i 4.000 imb 2.000 max 2.000 loop 4.000/4.000=0.000 | v - - -"],
    );
}

#[test]
fn a_reading_without_neutral_leaves_no_loop_currents() {
    assert_eq!(loop_currents(&interval(None, &["-/- 5/3 -", "-/- 5/- -"])), None);
}

#[test]
fn the_base_load_is_what_a_twentieth_lies_below() {
    let powers: Vec<Option<Watts>> = (0..100).rev().map(|power| Some(Watts(f64::from(power)))).collect();
    assert_eq!(base_load(&powers), Some(Watts(5.0)));
    assert_eq!(base_load(&[None, Some(Watts(7.0))]), Some(Watts(7.0)));
    assert_eq!(base_load(&[None]), None);
}

#[test]
fn a_candidate_is_beyond_share_and_floor() {
    let candidate = |reading: &str| candidate(&interval(None, &[reading]), Ratio(0.0625), Amperes(0.5));
    assert!(candidate("-/- 8/7.4 -"));
    assert!(!candidate("-/- 8/7.5 -"), "exactly share and floor");
    assert!(!candidate("-/- 1/0.6 -"), "below the floor");
    assert!(!candidate("-/- 20/19 -"), "below the share");
    assert!(!candidate("-/- 20/- -"), "no neutral");
}

#[test]
fn net_energy_needs_an_import_register() {
    let mut interval = interval(Some(250), &[]);
    interval.exp = Some(WattHours(300));
    assert_eq!(net_energy(&interval), Some(WattHours(-50)));
    interval.imp = None;
    assert_eq!(net_energy(&interval), None);
}

/// Each digit is 100 W in one interval, `.` is a hole.
fn row(picture: &str) -> Vec<Option<Watts>> {
    picture.chars().map(|c| c.to_digit(10).map(|digit| Watts(f64::from(digit) * 100.0))).collect()
}

#[test]
fn peak_demand_is_of_whole_blocks() {
    let peak = |picture, width| block_peak(&row(picture), width).map(|peak| (peak.at, peak.demand.0));
    assert_eq!(peak("1199 1", 1), Some((2, 900.0)));
    assert_eq!(peak("1991", 2), Some((0, 500.0)), "blocks stand side by side, and the first of equals wins");
    assert_eq!(peak("9.33", 2), Some((2, 300.0)), "a block with a hole takes no part");
    assert_eq!(peak("339", 2), Some((0, 300.0)), "nor does half a block");
    assert_eq!(peak("", 2), None);
    assert_eq!(peak("12", 0), None);
}

#[test]
fn a_flat_load_has_load_factor_one() {
    assert_eq!(load_factor(&row("3333")), Some(Ratio(1.0)));
    assert_eq!(load_factor(&row("4.0")), Some(Ratio(0.5)));
    assert_eq!(load_factor(&row("0000")), None);
    assert_eq!(load_factor(&row("....")), None);
}

#[test]
fn indices_are_those_of_a_hand_computed_year() {
    // 2,000 consumers; 300 out for 90 min, 150 for 30 min, 50 for 240 min, and 400 for a moment.
    let (minutes, sustained) = (300.0 * 90.0 + 150.0 * 30.0 + 50.0 * 240.0, 500);
    assert_eq!(saidi(minutes, 2000), Some(21.75));
    assert_eq!(saifi(sustained, 2000), Some(0.25));
    assert_eq!(caidi(minutes, sustained), Some(87.0));
    assert_eq!(maifi(400, 2000), Some(0.2));
    assert_eq!((saidi(0.0, 0), saifi(0, 0), caidi(0.0, 0), maifi(0, 0)), (None, None, None, None));
}

#[test]
fn a_major_event_day_is_beyond_two_and_a_half_deviations_of_the_logarithms() {
    // 15 days of 1 min and 15 of e^2 min: alpha = 1, squares 30 x 1, beta = sqrt(30/29) = 1.017095.
    let days = (0..30).map(|day| if day % 2 == 0 { 1.0 } else { 2.0_f64.exp() });
    let threshold = med_threshold(days.clone()).unwrap();
    assert!((threshold - 34.561_424).abs() < 1e-5, "exp(1 + 2.5 x 1.017095) = {threshold}");
    // Days without an interruption have no logarithm, and fewer days do not show what is usual.
    assert_eq!(med_threshold(days.clone().chain([0.0; 9])), Some(threshold));
    assert_eq!(med_threshold(days.skip(1)), None);
    // Days that are all alike: none of them is major.
    assert!((med_threshold([2.5; 40].into_iter()).unwrap() - 2.5).abs() < 1e-12);
}

#[test]
fn a_meter_that_counted_more_than_the_edges_had_supply() {
    let moved =
        |advanced, edges, all| moved_while_silent(WattHours(advanced), WattHours(edges), WattHours(all));
    assert!(!moved(500, 200, 800) && moved(501, 200, 800));
    assert!(!moved(0, 0, 0), "nobody is at home");
}

#[test]
fn voltage_is_beyond_a_limit_by_its_lowest_and_its_highest() {
    let mut interval = interval(None, &[]);
    assert_eq!(voltage_beyond(&interval, Volts(207.0), Volts(253.0)), None);
    (interval.sums.v_min, interval.sums.v_max) = (206_900, 253_000);
    assert_eq!(voltage_beyond(&interval, Volts(207.0), Volts(253.0)), Some((true, false)));
}

#[test]
fn the_catalogue_lists_every_public_kernel_once() {
    let sources = [
        include_str!("power.rs"),
        include_str!("current.rs"),
        include_str!("voltage.rs"),
        include_str!("profile.rs"),
        include_str!("supply.rs"),
    ];
    // Kernels stand at the margin; methods of their answers are indented.
    let mut kernels: Vec<&str> = sources
        .iter()
        .flat_map(|source| source.lines())
        .filter_map(|line| line.strip_prefix("pub fn ")?.split('(').next())
        .collect();
    let mut listed: Vec<&str> = CATALOGUE.iter().map(|entry| entry.name).collect();
    kernels.sort_unstable();
    listed.sort_unstable();
    assert_eq!(listed, kernels);
    for entry in CATALOGUE {
        assert!(!entry.definition.is_empty() && !entry.source.is_empty(), "{}", entry.name);
    }
}

#[test]
fn a_typical_day_is_that_of_a_week_and_a_night_a_share_of_it() {
    let of = |watts: [f64; 4]| watts.map(|power| Some(Watts(power)));
    let weekday = of([100.0, 300.0, 400.0, 800.0]);
    let saturday = of([100.0, 300.0, 750.0, 100.0]);
    let unknown = [None; 4];
    let day = typical_day([&weekday, &saturday, &unknown]).unwrap();
    // Of six days, because nothing is known of Sundays.
    let expected = [100.0, 300.0, (5.0 * 400.0 + 750.0) / 6.0, (5.0 * 800.0 + 100.0) / 6.0];
    assert_eq!(day, expected.map(Watts));
    let share = night_share(&day).unwrap().0;
    assert!((share - 100.0 / expected.iter().sum::<f64>()).abs() < 1e-12);
    assert_eq!(typical_day([&[None, Some(Watts(1.0))], &[None; 2], &[None; 2]]), None);
    assert_eq!(night_share(&[Watts(-1.0); 4]), None);
    assert_eq!(night_share(&[]), None);
}
