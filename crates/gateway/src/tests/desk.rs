//! Who is trusted, what goes on, and the life of a command.

use super::{NOW, TITLE, answer, frame, order, row, sealed, time};
use crate::desk::{Desk, Took};
use expect_test::expect;
use meter_wire::Refusal;
use meter_wire::command::Outcome;
use meter_wire::message::{Kind, Title};
use std::collections::BTreeMap;

fn desk() -> Desk {
    Desk::new(&[row()], &BTreeMap::new())
}

fn hear(desk: &mut Desk, number: u32, frame: &[u8]) -> Took {
    desk.hear(&mut sealed(TITLE, Kind::Reading, number, frame), time(NOW)).1
}

fn lines(desk: &mut Desk) -> String {
    String::from_utf8(desk.take_lines()).unwrap()
}

#[test]
fn a_trusted_reading_goes_on_and_a_copy_of_it_does_not() {
    let mut desk = desk();
    assert_eq!(hear(&mut desk, 7, &frame("M42", NOW, 100, true)), Took::Heard);
    assert_eq!(hear(&mut desk, 7, &frame("M42", NOW, 100, true)), Took::Refused(Refusal::Replayed));
    // A key that one meter has opens no reading in the name of another.
    assert_eq!(hear(&mut desk, 8, &frame("M43", NOW, 100, true)), Took::Heard);
    assert_eq!(hear(&mut desk, 9, b"no frame"), Took::Heard);
    expect![[r#"
        {"meter":"M42","time":1704445200000,"imp":100,"exp":0,"v":230,"i":1,"p":230,"seq":1}
    "#]]
    .assert_eq(&lines(&mut desk));
    let (_, known) = desk.meters().next().unwrap();
    assert_eq!((known.readings, known.unfit, known.end.counts().of(Refusal::Replayed)), (1, 2, 1));
}

#[test]
fn an_unknown_meter_is_counted_and_nothing_of_it_goes_on() {
    let mut desk = desk();
    let other = Title(*b"GWM\0\0\0\0\x2b");
    let took: Vec<_> =
        (1..4).map(|number| desk.hear(&mut sealed(other, Kind::Reading, number, b""), time(NOW)).1).collect();
    let later = Took::Unknown { first: false };
    assert_eq!(took, [Took::Unknown { first: true }, later, later]);
    assert_eq!(desk.unknown().collect::<Vec<_>>(), [(&other, &3)]);
    assert_eq!(desk.take_lines(), b"");
}

#[test]
fn registers_that_come_again_go_on_once_and_get_their_receipt_again() {
    let mut desk = desk();
    for (number, (at, import)) in (1..).zip([(0, 100), (0, 100), (900, 110), (0, 100), (300, 111)]) {
        hear(&mut desk, number, &frame("M42", NOW + at, import, false));
        assert_eq!(desk.outgoing(time(NOW), |_| true).len(), 1, "a receipt for message {number}");
    }
    // The last one is of a clock that was set back: its register is higher.
    let times: Vec<String> = lines(&mut desk).lines().map(|line| line[22..35].to_owned()).collect();
    assert_eq!(times, ["1704445200000", "1704446100000", "1704445500000"]);
    // Whoever cannot be reached gets it later.
    hear(&mut desk, 9, &frame("M42", NOW + 1_800, 120, false));
    assert_eq!(desk.outgoing(time(NOW), |_| false).len(), 0);
    assert_eq!(desk.outgoing(time(NOW), |_| true).len(), 1);
}

#[test]
fn a_command_is_sent_again_until_it_is_answered_or_its_time_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk();
    for number in [5, 6, 7, 8] {
        assert!(desk.order(order(folder.path(), number, NOW + 60), false));
    }
    let steps = |desk: &mut Desk, at: u32| {
        let sent = desk.outgoing(time(NOW + at), |_| true).len();
        let steps = desk.take_steps();
        let steps: Vec<_> =
            steps.iter().map(|step| format!("{} {:?}", step.order.number, step.ended)).collect();
        format!("{sent} sent: {}", steps.join(", "))
    };
    let mut said = vec![steps(&mut desk, 0), steps(&mut desk, 5), steps(&mut desk, 20)];
    let mut number = 0;
    let mut reply = |desk: &mut Desk, command, outcome| {
        number += 1;
        desk.hear(&mut sealed(TITLE, Kind::Acknowledgement, number, &answer(command, outcome)), time(NOW));
    };
    // The first answer was lost, and the meter says that it has done this one.
    reply(&mut desk, 5, Outcome::Refused(Refusal::Repeated));
    said.push(steps(&mut desk, 21));
    reply(&mut desk, 6, Outcome::Done);
    // An answer to nothing that was asked.
    reply(&mut desk, 99, Outcome::Done);
    said.push(steps(&mut desk, 22));
    reply(&mut desk, 7, Outcome::Refused(Refusal::Repeated));
    said.push(steps(&mut desk, 23));
    said.push(steps(&mut desk, 61));
    expect![[r#"
        1 sent: 5 None
        0 sent: 
        1 sent: 
        1 sent: 5 Some(Done), 6 None
        1 sent: 6 Some(Done), 7 None
        1 sent: 7 Some(Refused(Repeated)), 8 None
        0 sent: 8 Some(Expired)"#]]
    .assert_eq(&said.join("\n"));
}
