use super::*;
use crate::lv::meter::Seen;

fn usual() -> Seen {
    Seen {
        phases: 1,
        v: [230.0, 0.0, 0.0],
        i: [4.0, 0.0, 0.0],
        neutral: 4.0,
        p: [900.0, 0.0, 0.0],
        q: [100.0, 0.0, 0.0],
        v_load: 230.0,
        relay: true,
        forward: false,
        magnet: false,
        cover: false,
    }
}

/// The events of each step, as `69 - 70`; `change` gets the number of the step.
#[track_caller]
fn check(steps: usize, change: impl Fn(usize, &mut Seen), expected: &str) {
    let mut firmware = Firmware::default();
    let of_step = |step: usize| {
        let (mut seen, mut events) = (usual(), Vec::new());
        change(step, &mut seen);
        firmware.observe(&seen, false, &mut events);
        let codes: Vec<String> = events.iter().map(|code| code.0.to_string()).collect();
        if codes.is_empty() { "-".to_owned() } else { codes.join("+") }
    };
    let all: Vec<String> = (0..steps).map(of_step).collect();
    assert_eq!(all.join(" "), expected);
}

#[test]
fn a_current_must_differ_for_two_steps_and_agree_for_two() {
    check(7, |step, seen| seen.neutral = if (1..4).contains(&step) { 2.0 } else { 4.0 }, "- - 69 - - 70 -");
    check(4, |step, seen| seen.i[0] = if step > 0 { 2.0 } else { 4.0 }, "- - 65 -");
    check(4, |step, seen| seen.neutral = if step == 1 { 2.0 } else { 4.0 }, "- - - -");
    // Below half an ampere, and below 6.25 %, nothing is apart.
    check(3, |_, seen| seen.neutral = 3.8, "- - -");
}

#[test]
fn a_meter_without_its_neutral_says_so_at_once() {
    let off = |step, seen: &mut Seen| {
        if step == 1 {
            (seen.v[0], seen.p[0], seen.neutral) = (8.0, 0.0, 0.0);
        }
    };
    check(3, off, "- 207 208");
}

#[test]
fn backward_power_counts_without_an_export_register_alone() {
    check(3, |_, seen| seen.p[0] = -900.0, "- 51 -");
    let (mut firmware, mut events) = (Firmware::default(), Vec::new());
    let seen = Seen { p: [-900.0, 0.0, 0.0], ..usual() };
    (0..3).for_each(|_| firmware.observe(&seen, true, &mut events));
    assert!(events.is_empty());
}

#[test]
fn voltage_events_have_a_beginning_and_an_end() {
    check(4, |step, seen| seen.v[0] = if step == 1 { 290.0 } else { 230.0 }, "- 7 8 -");
    check(4, |step, seen| seen.v[0] = if step == 1 { 150.0 } else { 230.0 }, "- 9 10 -");
}

#[test]
fn sensors_and_the_relay_are_reported_at_their_edges() {
    check(4, |step, seen| seen.magnet = (1..3).contains(&step), "- 201 - 202");
    check(3, |step, seen| seen.cover = step > 0, "- 251 -");
    check(4, |step, seen| (seen.relay, seen.v_load) = (step == 0 || step == 3, 0.0), "- 301 - 302");
    check(3, |step, seen| seen.relay = step == 0, "- 407+301 -");
}

#[test]
fn a_phase_without_voltage_or_current_is_named() {
    let three = |seen: &mut Seen| {
        (seen.phases, seen.v, seen.i) = (3, [230.0; 3], [4.0; 3]);
        (seen.p, seen.neutral) = ([900.0; 3], 0.0);
    };
    let no_voltage = |step, seen: &mut Seen| {
        three(seen);
        if step > 0 {
            (seen.v[1], seen.p[1]) = (2.0, 0.0);
        }
    };
    check(3, no_voltage, "- 3 -");
    let no_current = |step, seen: &mut Seen| {
        three(seen);
        if step > 0 {
            (seen.i[2], seen.p[2]) = (0.0, 0.0);
        }
    };
    check(4, no_current, "- - 61 -");
}
