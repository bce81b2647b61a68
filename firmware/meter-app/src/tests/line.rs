//! Lines that are away, receipts, and Modbus.

use super::{House, NOW, SETTINGS};
use crate::{Meter, NotStarted};
use expect_test::expect;
use meter_wire::Name;
use meter_wire::command::{Command, Signed};
use meter_wire::line;
use meter_wire::message::LONGEST;

#[test]
fn registers_of_a_time_without_a_line_are_sent_in_their_order() {
    let mut house = House::new(SETTINGS, 1.0);
    house.run(185);
    expect![[r#"
        live 180: 11 Wh []
        registers 60: 3 Wh []"#]]
    .assert_eq(&house.listen().join("\n"));
    // One after another, so that what a line loses is not passed over.
    assert_eq!(house.listen().len(), 0);
    house.receipt(NOW + 60);
    assert_eq!(house.listen(), ["registers 120: 7 Wh []"]);
    // Without a receipt it comes again, at once on another line.
    house.meter.new_line();
    assert_eq!(house.listen(), ["registers 120: 7 Wh []"]);
    house.run(61);
    expect![[r#"
        live 245: 15 Wh []
        registers 120: 7 Wh []"#]]
    .assert_eq(&house.listen().join("\n"));
    // Whatever a receipt says, it covers nothing that was not sent.
    house.receipt(u32::MAX);
    assert_eq!(house.listen(), ["registers 180: 11 Wh []"]);
    house.receipt(NOW + 180);
    assert_eq!(house.listen(), ["registers 240: 15 Wh []"]);
    house.receipt(NOW + 240);
    assert_eq!(house.listen().len(), 0);
}

#[test]
fn the_last_words_have_the_registers() {
    let mut house = House::new(SETTINGS, 10.0);
    house.run(12);
    house.listen();
    house.meter.failing(house.now);
    assert_eq!(house.listen(), ["live 12: 7 Wh [101]"]);
    // Saved at once: nothing is lost.
    let before = house.meter.import_micro();
    house.cut(5);
    assert_eq!(house.meter.import_micro(), before);
}

#[test]
fn the_serial_line_carries_the_same_in_frames() {
    let mut house = House::new(SETTINGS, 10.0);
    house.run(6);
    let mut out = [0; line::LONGEST];
    let length = house.meter.speak_line(&mut out).unwrap();
    let mut heard = line::Line::new();
    let frames = out[..length].iter().filter_map(|byte| heard.feed(*byte).map(|one| one.unwrap().to_vec()));
    assert_eq!(frames.count(), 1);

    house.number += 1;
    let signed = Signed { number: house.number, until: house.now, command: Command::Disconnect };
    let mut message = [0; LONGEST];
    let length = house.gateway.order(&signed, &super::utility(), &mut message).unwrap();
    let length = line::encode(&message[..length], &mut out).unwrap();
    // Half of it on a line that breaks, noise, and all of it on the next.
    let (now, half) = (house.now, length / 2);
    out[..half].iter().for_each(|byte| house.meter.hear_byte(*byte, now));
    house.meter.new_line();
    b"noise".iter().chain(&out[..length]).for_each(|byte| house.meter.hear_byte(*byte, now));
    assert!(!house.meter.relay_closed());
}

#[test]
fn modbus_shows_the_newest_reading_and_takes_a_command_in_its_mailbox() {
    let mut house = House::new(SETTINGS, 10.0);
    // The first seconds find offset and frequency.
    house.run(12);
    let (mut out, now) = ([0; 260], house.now);
    // Voltage and current: registers 12 to 15 of unit 17.
    let length = house.meter.modbus_tcp(&[0, 1, 0, 0, 0, 6, 17, 4, 0, 12, 0, 4], now, &mut out);
    let words = out[9..length].chunks(4).map(|four| u32::from_be_bytes(four.try_into().unwrap()));
    assert_eq!(words.collect::<Vec<_>>(), [230_004, 10_000]);
    // Nobody may write the relay.
    let write = [0, 2, 0, 0, 0, 6, 17, 6, 0, 0, 0, 0];
    let length = house.meter.modbus_tcp(&write, now, &mut out);
    assert_eq!((&out[7..length], house.meter.relay_closed()), (&[0x86, 1][..], true));
    // But whoever brings a signed command may, or one that unlocks a write.
    house.command(Command::Unlock { seconds: 60 });
    let length = house.meter.modbus_tcp(&write, now, &mut out);
    assert_eq!((&out[7..length], house.meter.relay_closed()), (&write[7..], false));

    let signed = Signed { number: 2, until: now, command: Command::Connect };
    let mut message = [0; LONGEST];
    let length = house.gateway.order(&signed, &super::utility(), &mut message).unwrap();
    let words = 1 + length.div_ceil(2);
    let mut request =
        vec![0, 3, 0, 0, 0, (7 + 2 * words) as u8, 17, 16, 1, 0, 0, words as u8, 2 * words as u8];
    request.extend((length as u16).to_be_bytes());
    request.extend(&message[..length]);
    request.resize(13 + 2 * words, 0);
    house.meter.modbus_tcp(&request, now, &mut out);
    assert!(house.meter.relay_closed());
    // Last command and what became of it: registers 38 to 42.
    let length = house.meter.modbus_tcp(&[0, 4, 0, 0, 0, 6, 17, 4, 0, 38, 0, 5], now, &mut out);
    assert_eq!(&out[9..length], [0, 0, 0, 0, 0, 0, 0, 2, 0, 1]);
}

#[test]
fn a_meter_that_cannot_report_does_not_start() {
    let mut house = House::new(SETTINGS, 10.0);
    house.run(6);
    let start = |identity| Meter::start(house.meter.clone().into_log(), identity, Some(NOW)).err();
    let identity = super::identity();
    let named = |name| crate::Identity { name: Name::new(name).unwrap(), ..identity };
    assert_eq!(start(named("M000000000042")), None);
    assert_eq!(start(named("meter-of-the-house-17")), Some(NotStarted::Name));
    assert_eq!(start(crate::Identity { address: 0, ..identity }), Some(NotStarted::Address(0)));
}
