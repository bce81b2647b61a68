//! Commands and credit, and what they do to the relay of a meter that measures.

use super::{House, NOW, SETTINGS};
use crate::Settings;
use expect_test::expect;
use meter_wire::command::{Command, LoadLimit, Rules};
use meter_wire::image::{Described, ImageHeader};

#[test]
fn a_command_opens_the_relay_until_another_closes_it_also_through_a_power_cut() {
    let mut house = House::new(SETTINGS, 10.0);
    house.run(6);
    house.listen();
    house.command(Command::Disconnect);
    assert_eq!((house.meter.relay_closed(), house.reasons()), (false, "command".to_owned()));
    let before = house.meter.import_micro();
    house.run(5);
    expect![[r#"
        answer 1 Done
        live 10: 3 Wh [301]"#]]
    .assert_eq(&house.listen().join("\n"));
    house.cut(60);
    assert!(!house.meter.relay_closed());
    house.run(6);
    // One block was under way when the relay opened.
    assert!(house.meter.import_micro() - before < 700_000);
    house.command(Command::Connect);
    assert!(house.meter.relay_closed());
    house.run(5);
    expect![[r#"
        answer 2 Done
        live 81: 6 Wh [102 302]
        registers 60: 3 Wh []"#]]
    .assert_eq(&house.listen().join("\n"));
}

#[test]
fn credit_runs_out_without_a_network_and_not_in_friendly_hours() {
    let prepaid = Settings { paid_until_wh: Some(5), ..SETTINGS };
    let mut house = House::new(prepaid, 10.0);
    // 2.3 kW use 5 Wh in 8 seconds.
    house.run(16);
    assert_eq!((house.reasons(), house.meter.relay_closed()), ("credit".to_owned(), false));
    assert_eq!(house.meter.display(4).lines(), ["SUPPLY OFF      ", "credit          "]);
    house.cut(60);
    assert_eq!(house.reasons(), "credit");
    // The same credit twice is the same credit.
    house.command(Command::PaidUntil(Some(12)));
    house.command(Command::PaidUntil(Some(12)));
    assert!(house.meter.relay_closed());
    house.run(20);
    assert_eq!(house.reasons(), "credit");

    // 14:30 in India is now, so these hours are friendly.
    let friendly = Rules { friendly: [14 * 60, 15 * 60], openers: [0; 4] };
    let mut house = House::new(Settings { rules: friendly, ..prepaid }, 10.0);
    house.run(20);
    assert!(
        house.meter.relay_closed() && house.meter.settings().credit_wh(house.meter.import_micro()) < Some(0)
    );
    house.now += 1_800;
    house.run(6);
    assert_eq!(house.reasons(), "credit");
}

#[test]
fn a_load_limit_opens_and_tries_again() {
    let mut house = House::new(SETTINGS, 10.0);
    house.command(Command::LoadLimit(LoadLimit { watts: 2_000, seconds: 10, reconnects: 1 }));
    house.run(16);
    assert_eq!(house.reasons(), "load");
    house.run(31);
    assert_eq!(house.reasons(), "");
    // A higher limit, and what was counted is over.
    house.run(16);
    assert_eq!(house.reasons(), "load");
    house.command(Command::LoadLimit(LoadLimit { watts: 4_000, seconds: 10, reconnects: 1 }));
    assert_eq!(house.reasons(), "");
    house.run(30);
    assert_eq!(house.reasons(), "");
}

#[test]
fn tampering_opens_the_relay_only_where_a_rule_says_so() {
    let mut house = House::new(SETTINGS, 10.0);
    house.switches.cover_open = true;
    house.run(6);
    assert!(house.meter.relay_closed());
    house.command(Command::Rules(Rules { friendly: [0, 0], openers: [251, 0, 0, 0] }));
    assert_eq!(house.reasons(), "tamper");
    house.switches.cover_open = false;
    house.run(6);
    assert!(house.meter.relay_closed());
    // No rule of this meter has the number 70: it is a restoration.
    house.command(Command::Rules(Rules { friendly: [0, 0], openers: [70, 0, 0, 0] }));
    assert!(house.listen().contains(&"answer 2 Refused(Value)".to_owned()));
    assert_eq!(house.meter.settings().rules.openers, [251, 0, 0, 0]);
}

#[test]
fn what_the_flash_does_not_take_is_not_done_and_counting_goes_on() {
    let mut house = House::new(SETTINGS, 10.0);
    house.run(6);
    house.broken.set(true);
    house.command(Command::Disconnect);
    assert!(house.meter.relay_closed());
    house.run(6);
    assert_eq!(house.meter.display(4).lines(), ["SUPPLY ON       ", "fault: flash    "]);
    let error = house.meter.import_micro() as f64 * 3_600e-6 / house.joules - 1.0;
    assert!(error.abs() < 0.005, "{error}");
}

#[test]
fn a_clock_that_is_set_is_set_on_the_board_too() {
    let mut house = House::new(SETTINGS, 10.0);
    house.run(2);
    house.command(Command::SetTime(NOW - 3_000));
    assert_eq!((house.meter.take_clock(), house.meter.take_clock()), (Some(NOW - 3_000), None));
    house.now = NOW - 3_000;
    house.run(66);
    let said = house.listen();
    assert!(said.iter().any(|one| one.starts_with("live -29") && one.ends_with("[151]")), "{said:?}");
    assert!(said.iter().any(|one| one.starts_with("registers -2940")), "{said:?}");
}

#[test]
fn an_image_is_refused_because_there_is_no_place_for_it() {
    let mut house = House::new(SETTINGS, 10.0);
    let image = Described { board: 3, version: [1, 0, 1], length: 1, digest: [0; 32] };
    let header: ImageHeader = image.sign(&super::utility());
    house.command(Command::Firmware(header));
    assert_eq!(house.listen(), ["answer 1 Refused(ImageSize)"]);
}
