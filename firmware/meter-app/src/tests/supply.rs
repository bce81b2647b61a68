//! The relay's rules, step by step.

use crate::{Reason, Seen, Supply};
use expect_test::expect;
use meter_wire::command::LoadLimit;

const SEEN: Seen = Seen { seconds: 5, milliwatts: 0, unpaid: false, friendly: false, tampered: false };

/// Steps of five seconds: the seconds at which the relay moves. A closed relay carries what `load` says.
fn moves(supply: &mut Supply, limit: &LoadLimit, steps: u32, load: impl Fn(u32) -> i64) -> Vec<String> {
    let mut moves = Vec::new();
    for second in (5..=steps * 5).step_by(5) {
        let was_closed = supply.is_closed();
        let milliwatts = if was_closed { load(second) * 1_000 } else { 0 };
        supply.step(limit, &Seen { milliwatts, ..SEEN });
        if supply.is_closed() != was_closed {
            moves.push(format!("{second} {}", if was_closed { "opens" } else { "closes" }));
        }
    }
    moves
}

#[test]
fn a_load_beyond_its_limit_has_its_tries_and_then_a_longer_wait() {
    let limit = LoadLimit { watts: 3_000, seconds: 20, reconnects: 2 };
    let mut supply = Supply::default();
    expect!["20 opens, 50 closes, 70 opens, 100 closes, 120 opens, 1920 closes, 1940 opens"]
        .assert_eq(&moves(&mut supply, &limit, 390, |_| 3_500).join(", "));
    // Somebody who switches the kettle off in between is left alone.
    let mut supply = Supply::default();
    expect!["20 opens, 50 closes"].assert_eq(
        &moves(&mut supply, &limit, 390, |second| if second < 30 { 3_500 } else { 500 }).join(", "),
    );
    // A kettle that is on for 15 seconds does no harm, and neither does any load without a limit.
    let kettle = |second: u32| if second % 30 < 15 { 3_500 } else { 500 };
    assert_eq!(moves(&mut Supply::default(), &limit, 390, kettle).len(), 0);
    let none = LoadLimit { watts: 0, ..limit };
    assert_eq!(moves(&mut Supply::default(), &none, 390, |_| 90_000).len(), 0);
}

#[test]
fn friendly_hours_end_no_supply_and_begin_none() {
    let none = LoadLimit { watts: 0, seconds: 0, reconnects: 0 };
    let mut supply = Supply::default();
    let mut step = |unpaid, friendly| {
        supply.step(&none, &Seen { unpaid, friendly, ..SEEN });
        supply.is_closed()
    };
    let closed = [
        step(true, true),
        step(true, false),
        step(true, true),
        step(false, true),
        step(true, true),
        step(false, false),
    ];
    assert_eq!(closed, [true, false, false, true, true, true]);
}

#[test]
fn the_relay_closes_when_no_reason_is_left() {
    let none = LoadLimit { watts: 0, seconds: 0, reconnects: 0 };
    let mut supply = Supply::default();
    supply.command(false);
    supply.step(&none, &Seen { unpaid: true, tampered: true, ..SEEN });
    assert_eq!(supply.reasons().collect::<Vec<_>>(), [Reason::Command, Reason::Credit, Reason::Tamper]);
    supply.command(true);
    supply.step(&none, &Seen { unpaid: true, ..SEEN });
    assert_eq!(supply.reasons().collect::<Vec<_>>(), [Reason::Credit]);
    supply.step(&none, &SEEN);
    assert!(supply.is_closed());
}

#[test]
fn a_command_closes_the_relay_until_the_event_occurs_again() {
    let none = LoadLimit { watts: 0, seconds: 0, reconnects: 0 };
    let mut supply = Supply::default();
    let step = |supply: &mut Supply, tampered| {
        supply.step(&none, &Seen { tampered, ..SEEN });
        supply.is_closed()
    };
    assert!(!step(&mut supply, true));
    supply.command(true);
    assert!(supply.is_closed() && step(&mut supply, true));
    assert!(step(&mut supply, false));
    assert!(!step(&mut supply, true));
}
