//! Each rule as a picture: one letter for five seconds.

use crate::rules;
use crate::{Kind, Limits, Observation, Watch};
use expect_test::{Expect, expect, expect_file};
use meter_core::{BilledBy, Measured, MeasuredCurrent, Microamperes};
use reading::EventCode;
use units::{Millihertz, Millivars, Millivolts, Milliwatts};

const LIMITS: Limits = Limits { nominal_mv: 230_000, largest_ua: 60_000_000, exports: false };

/// 230 V, phase and neutral in amperes, unity power factor.
fn load(phase: f64, neutral: f64) -> Observation {
    let one = |amperes: f64| MeasuredCurrent {
        current: Microamperes((amperes.abs() * 1e6) as u32),
        active: Milliwatts((amperes * 230_000.0) as i64),
        reactive: Millivars(0),
    };
    let measured = Measured {
        milliseconds: 5_000,
        voltage: Millivolts(230_000),
        frequency: Millihertz(50_000),
        phase: one(phase),
        neutral: one(neutral),
    };
    Observation { measured, relay_closed: true, ..Observation::default() }
}

fn at(volts: i32, seen: Observation) -> Observation {
    Observation { measured: Measured { voltage: Millivolts(volts * 1_000), ..seen.measured }, ..seen }
}

/// The letters' blocks in their order, so many each; what occurs with its block, and the current that is billed at the end.
fn run(blocks: &[(usize, Observation)]) -> String {
    let mut watch = Watch::new(LIMITS);
    let mut reported = String::new();
    for (number, seen) in blocks.iter().flat_map(|(times, seen)| vec![seen; *times]).enumerate() {
        for (_, code) in watch.look(seen).codes() {
            reported += &format!("{} {}; ", number + 1, EventCode(code.0));
        }
    }
    reported + &format!("{:?}", watch.billed_by())
}

fn check(blocks: &[(usize, Observation)], expected: Expect) {
    expected.assert_eq(&run(blocks));
}

#[test]
fn names_and_numbers_are_those_of_the_engine() {
    for kind in Kind::ALL {
        assert_eq!(EventCode::named(kind.name()), Some(EventCode(kind.occurs().0)), "{kind:?}");
        if let Some(code) = kind.restored() {
            assert_eq!(EventCode(code.0).to_string(), restored(kind.name()), "{kind:?}");
        }
    }
}

fn restored(name: &str) -> String {
    format!("{name}-restored")
}

/// Blocks of five seconds in words.
fn duration(blocks: u16) -> String {
    match u32::from(blocks) * 5 {
        seconds if seconds < 60 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}

#[test]
fn the_page_of_events_is_what_the_rules_are() {
    let mut page = String::from(
        "<!-- Generated from the code: `UPDATE_EXPECT=1 cargo test -p meter-tamper` in firmware/ rewrites it. -->\n\n\
         # Events of the meter\n\n\
         Numbers are those of IS 15959, and from 401 on Gridwarden's own.\n\
         A rule that cannot be judged, without a load or without voltage, neither occurs nor is restored.\n\
         Every kind has innocent causes. An event is a reason to look, and no proof.\n\n\
         Each rule has two times: how long it must hold to occur, and how long it must be over to be restored.\n\n",
    );
    for kind in Kind::ALL {
        let times = kind.times();
        let occurs = format!("{} after {}", kind.occurs().0, duration(times.occurs));
        let restored = kind.restored().map_or("not restored".to_owned(), |code| {
            format!("restored: {} after {}", code.0, duration(times.restored))
        });
        page += &format!(
            "- `{}` ({occurs}; {restored}).\n  {}\n  Look first at: {}.\n",
            kind.name(),
            kind.meaning(),
            kind.innocent()
        );
    }
    expect_file!["../../../docs/reference/meter-events.md"].assert_eq(&page);
}

#[test]
fn a_sixteenth_through_earth_for_five_blocks() {
    check(
        &[(3, load(10.0, 10.0)), (9, load(10.0, 9.3)), (9, load(10.0, 9.9))],
        expect!["8 earth-loading; 17 earth-loading-restored; Phase"],
    );
    check(&[(90, load(10.0, 9.4))], expect!["Phase"]);
    check(&[(4, load(10.0, 9.0)), (1, load(10.0, 10.0)), (4, load(10.0, 9.0))], expect!["Phase"]);
}

#[test]
fn half_an_ampere_is_allowed_at_any_load() {
    check(&[(90, load(1.0, 0.51))], expect!["Phase"]);
    check(&[(9, load(1.0, 0.45))], expect!["5 earth-loading; Phase"]);
    check(&[(90, load(0.45, 0.0))], expect!["Phase"]);
}

#[test]
fn the_mismatch_is_that_of_the_engine() {
    let rule = detect::detectors::phase_neutral::Rule::read(&[]).unwrap();
    let [low, high] = rules::APART_PARTS.map(|part| format!("{} %", 100.0 / f64::from(part)));
    let amperes = |ua: u32| format!("{} A", f64::from(ua) / 1e6);
    let ours = [
        ("share", high),
        ("floor", amperes(rules::APART_FLOOR_UA)),
        ("low_load", amperes(rules::LOW_LOAD_UA)),
        ("low_load_share", low),
        ("blocks", Kind::EarthLoading.times().occurs.to_string()),
    ];
    assert_eq!(rule.shown(), ours);
}

#[test]
fn a_bypass_is_billed_on_the_neutral() {
    check(&[(9, load(7.0, 10.0))], expect!["5 current-bypass; Neutral"]);
}

#[test]
fn a_mismatch_waits_while_nothing_is_on() {
    check(
        &[(6, load(10.0, 5.0)), (500, load(0.1, 0.1)), (6, load(10.0, 5.0)), (6, load(5.0, 5.0))],
        expect!["5 earth-loading; 517 earth-loading-restored; Phase"],
    );
}

#[test]
fn reversed_current_where_nothing_generates() {
    check(
        &[(4, load(-5.0, 5.0)), (4, load(5.0, 5.0))],
        expect!["2 current-reversed-a; 6 current-reversed-a-restored; Phase"],
    );
    let mut solar = Watch::new(Limits { exports: true, ..LIMITS });
    assert_eq!((0..90).flat_map(|_| solar.look(&load(-5.0, -5.0)).codes()).count(), 0);
}

#[test]
fn without_a_neutral_current_is_billed_at_nominal_voltage() {
    check(&[(4, at(0, load(5.0, 0.0)))], expect!["2 neutral-missing; Nominal"]);
    // An outage is none.
    check(&[(90, at(0, load(0.0, 0.0)))], expect!["Phase"]);
}

#[test]
fn magnet_covers_and_relay() {
    let magnet = Observation { magnet: true, ..load(5.0, 5.0) };
    check(&[(1, magnet), (7, load(5.0, 5.0))], expect!["1 magnet; 7 magnet-restored; Phase"]);
    let open = Observation { cover_open: true, terminal_cover_open: true, ..load(0.0, 0.0) };
    check(
        &[(3, open), (3, load(0.0, 0.0)), (1, open)],
        expect!["1 cover-open; 1 terminal-cover-open; 7 cover-open; 7 terminal-cover-open; Phase"],
    );
    let behind = Observation { relay_closed: false, load_side_live: true, ..load(0.0, 0.0) };
    check(
        &[(3, behind), (3, Observation { load_side_live: false, ..behind })],
        expect!["2 load-side-voltage; 5 load-side-voltage-restored; Phase"],
    );
}

#[test]
fn a_lopsided_wave_for_half_an_hour() {
    let lopsided = Observation { second_harmonic: 2_500, ..load(5.0, 5.0) };
    check(
        &[(359, lopsided), (1, load(5.0, 5.0)), (361, lopsided), (7, load(5.0, 5.0))],
        expect!["720 magnet; 727 magnet-restored; Phase"],
    );
}

#[test]
fn voltages_and_currents_for_five_minutes() {
    check(
        &[(61, at(277, load(5.0, 5.0))), (61, at(270, load(5.0, 5.0))), (61, at(260, load(5.0, 5.0)))],
        expect!["60 over-voltage; 182 over-voltage-restored; Phase"],
    );
    check(
        &[(61, at(160, load(5.0, 5.0))), (61, at(230, load(5.0, 5.0)))],
        expect!["60 low-voltage; 121 low-voltage-restored; Phase"],
    );
    check(
        &[(61, load(67.0, 67.0)), (61, load(59.0, 59.0))],
        expect![
            "60 over-current; 60 high-neutral-current; 121 over-current-restored; 121 high-neutral-current-restored; Phase"
        ],
    );
}

#[test]
fn a_power_factor_below_a_half_for_half_an_hour() {
    let mut idling = load(5.0, 5.0);
    idling.measured.phase.active = Milliwatts(500_000);
    check(
        &[(361, idling), (361, load(5.0, 5.0))],
        expect!["360 very-low-power-factor; 721 very-low-power-factor-restored; Phase"],
    );
}

#[test]
fn the_whole_state_is_small() {
    assert!(size_of::<Watch>() <= 64, "{}", size_of::<Watch>());
    assert_eq!(Watch::new(LIMITS).billed_by(), BilledBy::Phase);
}
