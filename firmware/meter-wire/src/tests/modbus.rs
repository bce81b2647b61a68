//! Requests of a client that is not ours, and requests that no client should send.

use super::NOW;
use crate::command::Outcome;
use crate::message::LONGEST;
use crate::modbus::registers::{CLOCK, INPUT, INPUTS, Live, MAILBOX, RELAY};
use crate::modbus::{Asked, Buffer, Counts, NotModbus, Server, frame_length, quiet_us};
use crate::reading::Reading;
use crate::refusal::Refusal;
use expect_test::{Expect, expect};
use proptest::collection::vec;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use rmodbus::ModbusProto;
use rmodbus::client::ModbusRequest;

const UNIT: u8 = 17;

fn live() -> Live {
    let reading = Reading {
        time: NOW,
        import: 1_048_213,
        export: -1,
        millivolts: Some(231_400),
        milliamperes: Some(-4_120),
        neutral: None,
        milliwatts: Some(931_000),
        millivars: Some(-188_050),
        millihertz: Some(50_010),
        load_millivolts: Some(231_300),
        sequence: 77,
        events: [101, 0, 207, 0],
        relay: Some(true),
    };
    let command = Some((9, Outcome::Refused(Refusal::Expired)));
    Live { reading, clock_right: true, command, refused: 70_000 }
}

fn with_crc(bytes: &[u8]) -> Vec<u8> {
    let sum = crc::Crc::<u16>::new(&crc::CRC_16_MODBUS).checksum(bytes);
    [bytes, &sum.to_le_bytes()].concat()
}

fn serial(server: &mut Server, frame: &[u8]) -> (Vec<u8>, Option<Asked>) {
    let mut out: Buffer = [0; 260];
    let (length, asked) = server.serial(frame, &live(), 100, &mut out);
    (out[..length].to_vec(), asked)
}

fn server() -> Server {
    Server::new(UNIT).unwrap()
}

/// What the server answers to a function and its values.
fn check(request: &[u8], expected: Expect) {
    let (answer, asked) = serial(&mut server(), &with_crc(&[&[UNIT], request].concat()));
    let body = answer.get(1..answer.len().saturating_sub(2)).unwrap_or_default();
    let text: Vec<_> = body.iter().map(|byte| format!("{byte:02x}")).collect();
    expected.assert_eq(&format!("{} {asked:?}", text.join(" ")));
}

#[test]
fn another_client_reads_every_input_register() {
    for proto in [ModbusProto::Rtu, ModbusProto::TcpUdp] {
        let (mut request, mut frame) = (ModbusRequest::new(UNIT, proto), Vec::new());
        request.generate_get_inputs(0, INPUTS as u16, &mut frame).unwrap();
        let mut out: Buffer = [0; 260];
        let mut server = server();
        let (length, asked) = match proto {
            ModbusProto::Rtu => server.serial(&frame, &live(), 0, &mut out),
            _ => server.tcp(&frame, &live(), 0, &mut out),
        };
        assert_eq!(asked, None);
        let mut words = Vec::new();
        request.parse_u16(&out[..length], &mut words).unwrap();
        let number = |at: u16, count: u16| {
            let words = &words[usize::from(at)..usize::from(at + count)];
            words.iter().fold(0_u64, |sum, word| sum << 16 | u64::from(*word))
        };
        let table: Vec<_> = INPUT.iter().map(|one| format!("{:x}", number(one.address, one.count))).collect();
        let known = "1 7 6597c510 ffe95 ffffffffffffffff 387e8 ffffefe8 80000000 e34b8 fffffffffffd216e c35a \
                     38784 4d 65000000cf0000 9 117 11170 0 0 0 0 0";
        assert_eq!(table.join(" "), known);
    }
}

#[test]
fn another_client_writes_what_a_signed_command_unlocked() {
    let mut server = server();
    let write = |server: &mut Server, address: u16, values: &[u16]| {
        let (mut request, mut frame) = (ModbusRequest::new(UNIT, ModbusProto::Rtu), Vec::new());
        match values {
            &[one] => request.generate_set_holding(address, one, &mut frame).unwrap(),
            many => request.generate_set_holdings_bulk(address, many, &mut frame).unwrap(),
        }
        let (answer, asked) = serial(server, &frame);
        (request.parse_ok(&answer).is_ok(), asked)
    };
    assert_eq!(write(&mut server, RELAY, &[0]), (false, None));
    server.unlock(100, 30);
    assert_eq!(write(&mut server, RELAY, &[2]), (false, None), "no state of a relay");
    assert_eq!(write(&mut server, RELAY, &[0]), (true, Some(Asked::Relay(false))));
    assert_eq!(write(&mut server, RELAY, &[1]), (false, None), "one write, and no other");
    server.unlock(100, 30);
    assert_eq!(write(&mut server, CLOCK, &[NOW as u16]), (false, None), "half of the clock");
    let clock = [(NOW >> 16) as u16, NOW as u16];
    assert_eq!(write(&mut server, CLOCK, &clock), (true, Some(Asked::Clock(NOW))));
    server.unlock(60, 40);
    assert_eq!(write(&mut server, RELAY, &[0]), (false, None), "the time is over");
    assert_eq!(server.counts().locked, 3);
    assert_eq!(write(&mut server, MAILBOX, &[3, 0x6162, 0x6300]), (true, Some(Asked::Mail)));
    assert_eq!(server.mail(), b"abc");
}

#[test]
fn the_longest_message_fits_into_the_mailbox() {
    let mut server = server();
    let words = LONGEST.div_ceil(2) as u8 + 1;
    let message: Vec<u8> = (0..LONGEST as u8).collect();
    let request = [&[UNIT, 16, 1, 0, 0, words, 2 * words, 0, LONGEST as u8][..], &message].concat();
    assert_eq!(serial(&mut server, &with_crc(&request)).1, Some(Asked::Mail));
    assert_eq!(server.mail(), message);
}

#[test]
fn exceptions() {
    check(&[1, 0, 0, 0, 1], expect!["81 01 None"]);
    check(&[0x80, 0, 0], expect!["80 01 None"]);
    check(&[4, 0, 54, 0, 1], expect!["04 02 00 00 None"]);
    check(&[4, 0, 54, 0, 2], expect!["84 02 None"]);
    check(&[4, 0xFF, 0xFF, 0, 1], expect!["84 02 None"]);
    check(&[4, 0, 0, 0, 0], expect!["84 03 None"]);
    check(&[4, 0, 0, 0, 126], expect!["84 03 None"]);
    check(&[4, 0, 0, 0], expect!["84 03 None"]);
    check(&[4, 0, 0, 0, 1, 0], expect!["84 03 None"]);
    check(&[3, 0, 0, 0, 3], expect!["03 06 00 01 65 97 c5 10 None"]);
    check(&[3, 1, 0, 0, 1], expect!["83 02 None"]);
    check(&[6, 0, 0, 0, 1], expect!["86 01 None"]);
    check(&[6, 0, 9, 0, 1], expect!["86 02 None"]);
    check(&[16, 0, 0, 0, 1, 2, 0], expect!["90 03 None"]);
    check(&[16, 0, 0, 0, 2, 2, 0, 1], expect!["90 03 None"]);
    check(&[16, 0, 0, 0, 124, 248], expect!["90 03 None"]);
    check(&[16, 1, 0, 0, 1, 2, 0, 0], expect!["90 03 None"]);
    check(&[16, 1, 0, 0, 2, 4, 0, 3, 1, 2], expect!["90 03 None"]);
}

#[test]
fn noise_and_others_are_met_with_silence() {
    let mut server = server();
    let good = with_crc(&[UNIT, 4, 0, 0, 0, 1]);
    assert!(!serial(&mut server, &good).0.is_empty());
    let mut wrong = good.clone();
    wrong[3] ^= 1;
    let long = with_crc(&[UNIT; 255]);
    let broadcast = with_crc(&[0, 6, 0, 0, 0, 0]);
    let other = with_crc(&[UNIT + 1, 4, 0, 0, 0, 1]);
    server.unlock(100, 30);
    for frame in [&wrong, &good[..3].to_vec(), &long, &broadcast, &other, &Vec::new()] {
        assert_eq!(serial(&mut server, frame), (Vec::new(), None));
    }
    let counts = Counts { checksum: 1, length: 3, broadcasts: 1, ..Counts::default() };
    assert_eq!(*server.counts(), counts);
}

#[test]
fn reserved_addresses_have_no_server() {
    assert!(Server::new(0).is_none() && Server::new(248).is_none() && Server::new(247).is_some());
    assert_eq!([1_200, 9_600, 19_200, 115_200].map(quiet_us), [32_084, 4_011, 2_006, 1_750]);
}

#[test]
fn a_stream_is_cut_into_requests() {
    let one = [0, 9, 0, 0, 0, 6, UNIT, 4, 0, 0, 0, 1];
    assert_eq!(frame_length(&one[..5]), Ok(None));
    assert_eq!(frame_length(&[&one[..], &one].concat()), Ok(Some(12)));
    assert_eq!(frame_length(&[0, 9, 0, 1, 0, 6]), Err(NotModbus));
    assert_eq!(frame_length(&[0, 9, 0, 0, 0, 1]), Err(NotModbus));
    assert_eq!(frame_length(&[0, 9, 0, 0, 0, 255]), Err(NotModbus));
    let mut out: Buffer = [0; 260];
    let mut server = server();
    let (length, _) = server.tcp(&one, &live(), 0, &mut out);
    assert_eq!(out[..length], [0, 9, 0, 0, 0, 5, UNIT, 4, 2, 0, 1]);
    assert_eq!(server.tcp(&one[..11], &live(), 0, &mut out), (0, None));
}

#[test]
fn registers_stand_one_behind_the_other_and_in_the_documents() {
    let page = include_str!("../../../../docs/meter/modbus.md");
    let mut next = 0;
    for one in INPUT {
        assert_eq!(one.address, next, "{}", one.name);
        next += one.count;
        let row = format!("| {} | {} | {} | {} |", one.address, one.count, one.name, one.unit);
        let row = row.replace("|  |", "| |");
        assert!(page.contains(&row), "docs/meter/modbus.md lacks: {row}");
    }
    assert_eq!(usize::from(next), INPUTS);
    for (address, count) in [(RELAY, 1), (CLOCK, 2), (MAILBOX, 121)] {
        let row = format!("| {address} | {count} |");
        assert!(page.contains(&row), "docs/meter/modbus.md lacks: {row}");
    }
}

#[test]
fn the_example_of_the_documents_is_what_happens() {
    let page = include_str!("../../../../docs/meter/modbus.md");
    let bytes = |begin: &str| -> Vec<u8> {
        let line = page.lines().find_map(|line| line.trim_start_matches("> ").strip_prefix(begin)).unwrap();
        line.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
    };
    assert_eq!(serial(&mut server(), &bytes("asked ")).0, bytes("answered "));
}

/// Why `rmodbus` is the client here and not the server: these may be its next version's to change.
#[test]
fn the_server_of_rmodbus_would_not_do() {
    use rmodbus::server::ModbusFrame;
    use rmodbus::server::storage::ModbusStorageSmall;
    let answer = |bytes: &[u8], proto: ModbusProto| {
        let (mut out, mut storage) = (Vec::<u8>::new(), ModbusStorageSmall::default());
        let mut frame = ModbusFrame::new(UNIT, bytes, proto, &mut out);
        let parsed = frame.parse();
        let processed = parsed.is_ok() && frame.processing_required && !frame.readonly;
        let written = processed && frame.process_write(&mut storage).is_ok() && frame.error.is_none();
        (parsed.is_ok(), frame.response_required, written)
    };
    let unknown_with_wrong_checksum = [UNIT, 0x55, 0, 0];
    assert_eq!(answer(&unknown_with_wrong_checksum, ModbusProto::Rtu), (true, true, false));
    let count_and_length_differ = with_crc(&[UNIT, 16, 0, 0, 0, 9, 2, 0, 1]);
    assert_eq!(answer(&count_and_length_differ, ModbusProto::Rtu), (true, true, true));
    let cut_short = [0, 1, 0, 0, 0, 9, UNIT, 16, 0, 0, 0, 1, 2];
    assert!(std::panic::catch_unwind(|| answer(&cut_short, ModbusProto::TcpUdp)).is_err());
}

proptest! {
    #[test]
    fn any_request_is_answered_or_not(body in vec(any::<u8>(), 0..258), function in 0..20_u8) {
        let mut server = server();
        let frame = with_crc(&[&[UNIT, function], &body[..]].concat());
        let (answer, asked) = serial(&mut server, &frame);
        prop_assert!(answer.len() <= 256);
        prop_assert!(!matches!(asked, Some(Asked::Relay(_) | Asked::Clock(_))), "{asked:?}");
        if !answer.is_empty() {
            prop_assert_eq!(with_crc(&answer[..answer.len() - 2]), answer);
        }
        let mut out: Buffer = [0; 260];
        let length = (2 + body.len()) as u16;
        let stream = [&[0, 1, 0, 0][..], &length.to_be_bytes(), &[UNIT, function], &body].concat();
        server.tcp(&stream, &live(), 0, &mut out);
        server.tcp(&body, &live(), 0, &mut out);
    }

    #[test]
    fn a_request_with_a_wrong_byte_is_not_answered(
        count in 1..50_u8,
        place in 0..8_usize,
        flip in 1..=255_u8,
    ) {
        let mut frame = with_crc(&[UNIT, 4, 0, 0, 0, count]);
        frame[place] ^= flip;
        prop_assert_eq!(serial(&mut server(), &frame), (Vec::new(), None));
    }
}
