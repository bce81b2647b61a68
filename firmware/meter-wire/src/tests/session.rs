//! A meter and its gateway: numbers, keys, restarts.

use super::{KEY, LAYOUT, NOW, Pair, SECTOR, Sheet, TITLE};
use crate::command::{Acknowledgement, Command, Outcome, Signed};
use crate::line::{self, Line};
use crate::message::{Header, Key, Kind, LONGEST, Title, seal};
use crate::refusal::Refusal;
use crate::{Answer, BLOCK, HeadEnd, NotReady, Secrets, Session, Unsent};
use expect_test::expect;
use meter_log::{Log, Shelf};

#[test]
fn a_reading_goes_to_the_gateway_and_a_command_comes_back() {
    let mut pair = Pair::new();
    let message = pair.reading(b"a frame of wire");
    let mut bytes = [0; line::LONGEST];
    let length = line::encode(&message, &mut bytes).unwrap();
    let mut line = Line::new();
    let mut heard = None;
    for byte in &bytes[..length] {
        if let Some(found) = line.feed(*byte) {
            heard = Some(found.unwrap().to_vec());
        }
    }
    let mut heard = heard.unwrap();
    assert_eq!(pair.gateway.receive(&mut heard).unwrap().answer, Answer::Reading(b"a frame of wire"));

    let message = pair.command(Command::Disconnect);
    let order = pair.receive(&message).unwrap();
    assert_eq!((order.number, order.command), (1, Command::Disconnect));
    let mut out = [0; LONGEST];
    let length = pair.meter.acknowledge(&mut pair.log, order.number, Outcome::Done, &mut out).unwrap();
    let heard = pair.gateway.receive(&mut out[..length]).unwrap();
    let known = Acknowledgement { number: 1, outcome: Outcome::Done };
    assert_eq!(heard.answer, Answer::Acknowledgement(known));
}

#[test]
fn what_was_here_does_nothing_again() {
    let mut pair = Pair::new();
    let [first, second, third] = [(); 3].map(|()| pair.command(Command::ReadNow));
    let mut said: Vec<_> = [&first, &third, &second, &second, &third].map(|one| pair.said(one)).into();
    pair.restart();
    // A message that was refused before the restart comes again: the number of its command is too low.
    said.extend([&first, &second, &third].map(|one| pair.said(one)));
    expect![[r#"
        1: ReadNow
        3: ReadNow
        reordered
        replayed
        replayed
        replayed
        replayed
        replayed"#]]
    .assert_eq(&said.join("\n"));
}

#[test]
fn a_command_that_is_sent_anew_after_a_lost_answer_is_not_done_twice() {
    let mut pair = Pair::new();
    let first = pair.command(Command::Connect);
    assert_eq!(pair.said(&first), "1: Connect");
    let again = Signed { number: 1, until: NOW + 60, command: Command::Connect };
    let again = pair.signed(&again, &super::utility());
    assert_eq!(pair.said(&again), "1: repeated");
}

#[test]
fn the_gateway_refuses_likewise() {
    let mut pair = Pair::new();
    let [first, second, third] = [b"1", b"2", b"3"].map(|content| pair.reading(content));
    let mut say = |message: &[u8]| match pair.gateway.receive(&mut message.to_vec()) {
        Ok(heard) => heard.number.to_string(),
        Err(reason) => reason.to_string(),
    };
    let said = [&first, &third, &second, &second, &first, &third].map(|one| say(one));
    assert_eq!(said.join(" "), "0 2 reordered replayed replayed replayed");
    assert_eq!(pair.gateway.counts().of(Refusal::Replayed), 3);
    // After its own restart it goes on from what it kept.
    let mut resumed = HeadEnd::new(TITLE, 1, KEY).resume(pair.gateway.heard(), pair.gateway.sent());
    assert_eq!(resumed.receive(&mut third.clone()), Err(Refusal::Replayed));
}

#[test]
fn a_message_does_not_come_back_to_its_sender() {
    let mut pair = Pair::new();
    let up = pair.reading(b"1");
    assert_eq!(pair.said(&up), "kind");
    let down = pair.command(Command::ReadNow);
    assert_eq!(pair.gateway.receive(&mut down.clone()), Err(Refusal::Kind));
    // Nor if the kind is changed, which the tag covers.
    let mut turned = up;
    turned[1] = 129;
    assert_eq!(pair.said(&turned), "forged");
}

#[test]
fn a_new_key_counts_at_once_and_the_old_one_not_any_more() {
    let mut pair = Pair::new();
    let new = Key([9; 16]);
    pair.gateway.offer(2, new);
    let message = pair.command(Command::NewKey { generation: 2, key: new });
    let with_old_key = pair.command(Command::Disconnect);
    let old = pair.reading(b"before");
    pair.receive(&message).unwrap();
    assert_eq!(pair.said(&with_old_key), "old-key");
    pair.restart();
    assert_eq!(pair.meter.generation(), 2);
    assert_eq!(pair.said(&with_old_key), "old-key");
    // The gateway goes on with either until it hears the new one.
    assert!(pair.gateway.receive(&mut old.clone()).is_ok());
    let message = pair.reading(b"after");
    assert!(pair.gateway.receive(&mut message.clone()).is_ok());
    assert_eq!(pair.gateway.receive(&mut old.clone()), Err(Refusal::OldKey));
    let message = pair.command(Command::Connect);
    assert_eq!(pair.said(&message), "3: Connect");
    // Neither an older generation nor the same key again.
    let back = pair.command(Command::NewKey { generation: 1, key: KEY });
    let same = pair.command(Command::NewKey { generation: 3, key: new });
    assert_eq!([pair.said(&back), pair.said(&same)], ["4: value", "5: value"]);
}

#[test]
fn numbers_go_on_after_each_start_and_each_new_key() {
    let mut pair = Pair::new();
    let number = |message: &[u8]| Header::claimed(message).unwrap().number;
    assert_eq!(number(&pair.reading(b"")), 0);
    pair.restart();
    assert_eq!(number(&pair.reading(b"")), BLOCK);
    // Within a session no number is left out, also where a block ends.
    for expected in BLOCK + 1..3 * BLOCK {
        assert_eq!(number(&pair.reading(b"")), expected);
    }
    pair.restart();
    assert_eq!(number(&pair.reading(b"")), 3 * BLOCK);
    crate::enrol(&mut pair.log, 7, Key([3; 16])).unwrap();
    pair.restart();
    assert_eq!(number(&pair.reading(b"")), 4 * BLOCK);
}

/// Two wrong bits make a copy unreadable; the one before must not bring back numbers.
#[test]
fn a_damaged_copy_brings_no_number_back() {
    let mut pair = Pair::new();
    pair.restart();
    let used = Header::claimed(&pair.reading(b"")).unwrap().number;
    let mut flash = pair.log.clone().into_flash();
    let from = (LAYOUT.sectors() - 3) as usize * SECTOR;
    let newest = (from..from + 3 * SECTOR).step_by(64).rev().find(|at| {
        // A slot with content, not a header: the key stands at its begin.
        flash.cells[at + 6..at + 22] == KEY.0
    });
    flash.cells[newest.unwrap() + 30] ^= 0b11;
    pair.log = Log::open(flash, &LAYOUT).unwrap();
    pair.meter = Session::open(&mut pair.log, TITLE).unwrap();
    let next = Header::claimed(&pair.reading(b"")).unwrap().number;
    assert!(next > used, "{next} after {used}");
}

#[test]
fn without_flash_nothing_is_sent_and_nothing_is_done() {
    let mut pair = Pair::new();
    for _ in 0..BLOCK {
        pair.reading(b"");
    }
    let message = pair.command(Command::Disconnect);
    pair.broken.set(true);
    let mut out = [0; LONGEST];
    assert_eq!(pair.meter.reading(&mut pair.log, b"", &mut out), Err(Unsent::NotStored));
    assert_eq!(pair.said(&message), "1: not-stored");
    pair.broken.set(false);
    pair.reading(b"");
    assert_eq!(pair.said(&message), "replayed");
    let again = Signed { number: 1, until: NOW, command: Command::Disconnect };
    let again = pair.signed(&again, &super::utility());
    assert_eq!(pair.said(&again), "1: Disconnect");
}

#[test]
fn a_meter_without_a_key_says_so() {
    let mut pair = Pair::new();
    let flash = Sheet { cells: vec![0; LAYOUT.sectors() as usize * SECTOR], broken: pair.broken.clone() };
    pair.log = Log::format(flash, &LAYOUT).unwrap();
    assert_eq!(Session::open(&mut pair.log, TITLE).err(), Some(NotReady::NotEnrolled));
}

#[test]
fn the_last_number_is_the_last() {
    let mut pair = Pair::new();
    let secrets = Secrets { key: KEY, generation: 1, reserved: crate::message::LAST, heard: 0, command: 0 };
    pair.log.append(Shelf::Line, &secrets).unwrap();
    pair.restart();
    pair.reading(b"");
    let mut out = [0; LONGEST];
    let used_up = Err(Unsent::NumbersUsedUp);
    assert_eq!(pair.meter.reading(&mut pair.log, b"", &mut out), used_up);
    pair.restart();
    assert_eq!(pair.meter.reading(&mut pair.log, b"", &mut out), used_up);
}

#[test]
fn a_message_of_another_meter_with_the_same_key_is_refused() {
    let mut pair = Pair::new();
    let other = Title([1; 8]);
    let mut out = [0; LONGEST];
    let header = Header { kind: Kind::Command, title: other, generation: 1, number: 1 };
    let length = seal(&KEY, &header, b"", &mut out).unwrap();
    assert_eq!(pair.said(&out[..length]), "other-meter");
    let header = Header { generation: 2, title: TITLE, ..header };
    let length = seal(&KEY, &header, b"", &mut out).unwrap();
    assert_eq!(pair.said(&out[..length]), "unknown-key");
}

#[test]
fn a_receipt_says_until_when_readings_are_kept_and_is_no_command() {
    let mut pair = Pair::new();
    let mut out = [0; LONGEST];
    let length = pair.gateway.receipt(NOW, &mut out).unwrap();
    let sealed = out[..length].to_vec();
    assert_eq!(pair.said(&sealed), "kind");
    let receipt = |pair: &mut Pair, mut message: Vec<u8>| {
        pair.meter.receipt(&mut message).map_err(|refused| refused.reason)
    };
    assert_eq!(receipt(&mut pair, sealed.clone()), Ok(NOW));
    assert_eq!(receipt(&mut pair, sealed), Err(Refusal::Replayed));
    let command = pair.command(Command::Disconnect);
    assert_eq!(receipt(&mut pair, command), Err(Refusal::Kind));
}
