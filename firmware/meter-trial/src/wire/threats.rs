//! Everything that somebody may do to a line, and what becomes of it.

use super::bench::{Bench, NOW, OTHER, TITLE, key, maker, trust, utility};
use ed25519_dalek::{Signer, SigningKey};
use meter_wire::command::{Command, LONGEST as COMMAND, LoadLimit, Outcome, Rules, Signed};
use meter_wire::image::{Described, ImageCheck, ImageHeader};
use meter_wire::line::{self, Line};
use meter_wire::message::{self, Header, Key, Kind};
use meter_wire::modbus::{Live, Server};
use meter_wire::{HeadEnd, Reading, Refusal};
use std::collections::BTreeMap;

/// How often something was tried, how often it was taken, and how the rest was counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// How often.
    pub tried: u32,
    /// How often it was taken for honest.
    pub taken: u32,
    /// How often each reason was counted.
    pub reasons: BTreeMap<String, u32>,
    /// All reasons that there should be.
    pub expected: &'static str,
    /// Whether honest messages were taken afterwards.
    pub works: bool,
}

impl Tally {
    /// What is wrong with it, if anything is.
    pub fn wrong(&self) -> Option<String> {
        let counted: Vec<_> = self.reasons.keys().map(String::as_str).collect();
        let is_expected = counted.join(" ") == self.expected;
        match (self.tried, self.taken, is_expected, self.works) {
            (0, ..) => Some("nothing was tried".to_owned()),
            (_, 0, true, true) => None,
            (_, 0, false, _) => Some(format!("expected: {}", self.expected)),
            (_, 0, true, false) => Some("no honest message is taken any more".to_owned()),
            _ => Some("this was to be refused".to_owned()),
        }
    }

    fn note(&mut self, refused: Option<Refusal>) {
        self.note_as(refused.map(|reason| reason.name().to_owned()));
    }

    fn note_as(&mut self, reason: Option<String>) {
        self.tried += 1;
        match reason {
            Some(reason) => *self.reasons.entry(reason).or_default() += 1,
            None => self.taken += 1,
        }
    }
}

type Threat = fn(&mut Bench, &mut Tally);

/// What somebody does, and all the reasons that it is counted as.
const THREATS: [(&str, &str, Threat); 30] = [
    (
        "a bit of a reading flipped, each in turn",
        "forged kind old-key other-meter unknown-key version",
        |bench, tally| {
            let reading = bench.reading();
            for message in flipped(&reading) {
                tally.note(bench.gateway_refuses(&message));
            }
        },
    ),
    (
        "a bit of a command flipped, each in turn",
        "forged kind old-key other-meter unknown-key version",
        |bench, tally| {
            let command = bench.command(Command::Disconnect);
            for message in flipped(&command) {
                tally.note(bench.meter_refuses(&message));
            }
        },
    ),
    ("a reading cut short, at each byte", "forged short", |bench, tally| {
        let reading = bench.reading();
        (0..reading.len()).for_each(|length| tally.note(bench.gateway_refuses(&reading[..length])));
    }),
    ("a command cut short, at each byte", "forged short", |bench, tally| {
        let command = bench.command(Command::Disconnect);
        (0..command.len()).for_each(|length| tally.note(bench.meter_refuses(&command[..length])));
    }),
    ("bytes behind a command", "forged", |bench, tally| {
        let command = bench.command(Command::Disconnect);
        for more in 1..=64 {
            tally.note(bench.meter_refuses(&[&command[..], &vec![0; more]].concat()));
        }
    }),
    ("a reading replayed", "replayed", |bench, tally| {
        let readings = [(); 20].map(|()| bench.reading());
        assert!(readings.iter().all(|reading| bench.gateway_refuses(reading).is_none()));
        readings.iter().for_each(|reading| tally.note(bench.gateway_refuses(reading)));
    }),
    ("a command replayed, at once and after a restart", "replayed", |bench, tally| {
        let commands = [(); 20].map(|()| bench.command(Command::Connect));
        assert!(commands.iter().all(|command| bench.meter_refuses(command).is_none()));
        commands.iter().for_each(|command| tally.note(bench.meter_refuses(command)));
        bench.restart();
        commands.iter().for_each(|command| tally.note(bench.meter_refuses(command)));
    }),
    ("readings held back until a later one had come", "reordered", |bench, tally| {
        let readings = [(); 20].map(|()| bench.reading());
        assert!(bench.gateway_refuses(&readings[19]).is_none());
        readings[..19].iter().for_each(|reading| tally.note(bench.gateway_refuses(reading)));
    }),
    ("commands held back until a later one had come", "reordered", |bench, tally| {
        let commands = [(); 20].map(|()| bench.command(Command::Connect));
        assert!(bench.meter_refuses(&commands[19]).is_none());
        commands[..19].iter().for_each(|command| tally.note(bench.meter_refuses(command)));
    }),
    ("sealed with another key", "forged", |bench, tally| {
        for _ in 0..200 {
            let mut gateway = HeadEnd::new(TITLE, 1, key(&mut bench.random)).resume(None, 1_000);
            let signed = bench.next(Command::Disconnect);
            let mut out = [0; message::LONGEST];
            let length = gateway.order(&signed, &utility(), &mut out).expect("it fits");
            tally.note(bench.meter_refuses(&out[..length]));
        }
    }),
    ("sealed with the old key, after a new one", "old-key", |bench, tally| {
        let before = [(); 20].map(|()| bench.command(Command::Connect));
        let readings = [(); 20].map(|()| bench.reading());
        let new = key(&mut bench.random);
        bench.gateway.offer(2, new);
        let change = bench.command(Command::NewKey { generation: 2, key: new });
        assert!(bench.meter_refuses(&change).is_none());
        let first = bench.reading();
        assert!(bench.gateway_refuses(&first).is_none());
        before.iter().for_each(|command| tally.note(bench.meter_refuses(command)));
        readings.iter().for_each(|reading| tally.note(bench.gateway_refuses(reading)));
    }),
    ("sealed with a key that nobody has brought", "unknown-key", |bench, tally| {
        for generation in 2..22 {
            let header = Header { kind: Kind::Command, title: TITLE, generation, number: 9_000 };
            let mut out = [0; message::LONGEST];
            let length = message::seal(&bench.key, &header, &[0; 77], &mut out).expect("it fits");
            tally.note(bench.meter_refuses(&out[..length]));
        }
    }),
    ("sealed for another meter with the same key", "forged other-meter", |bench, tally| {
        for number in 1..=20 {
            let header = Header { kind: Kind::Command, title: OTHER, generation: 1, number };
            let mut out = [0; message::LONGEST];
            let length = message::seal(&bench.key, &header, &[0; 77], &mut out).expect("it fits");
            tally.note(bench.meter_refuses(&out[..length]));
            // And with the header of this one.
            out[2..10].copy_from_slice(&TITLE.0);
            tally.note(bench.meter_refuses(&out[..length]));
        }
    }),
    ("sent back to its sender", "forged kind", |bench, tally| {
        let (reading, command) = (bench.reading(), bench.command(Command::Connect));
        tally.note(bench.meter_refuses(&reading));
        tally.note(bench.gateway_refuses(&command));
        let mut turned = [reading, command];
        turned.iter_mut().for_each(|message| message[1] ^= 0x80);
        tally.note(bench.meter_refuses(&turned[0]));
        tally.note(bench.gateway_refuses(&turned[1]));
    }),
    ("an acknowledgement as a message of any other kind", "forged kind", |bench, tally| {
        let mut out = [0; message::LONGEST];
        let log = &mut bench.log;
        let length = bench.meter.acknowledge(log, 1, Outcome::Done, &mut out).expect("it fits");
        for kind in (0..=u8::MAX).filter(|kind| *kind != out[1]) {
            let mut changed = out[..length].to_vec();
            changed[1] = kind;
            tally.note(bench.gateway_refuses(&changed));
        }
    }),
    ("signed by somebody who has the meter's key only", "signature", |bench, tally| {
        for _ in 0..50 {
            let own = SigningKey::from_bytes(&std::array::from_fn(|_| bench.random.bits() as u8));
            let signed = bench.next(Command::Disconnect);
            let message = bench.order(&signed, &own);
            tally.note(bench.meter_refuses(&message));
        }
    }),
    ("a bit of a signed command flipped before sealing, each", "signature", |bench, tally| {
        let signed = signed_bytes(&bench.next(Command::SetTime(NOW)));
        for wrong in flipped(&signed) {
            let message = bench.sealed(&wrong);
            tally.note(bench.meter_refuses(&message));
        }
    }),
    ("a signed command in a new message, once it was done", "repeated", |bench, tally| {
        let signed = signed_bytes(&bench.next(Command::Connect));
        let first = bench.sealed(&signed);
        assert!(bench.meter_refuses(&first).is_none());
        for _ in 0..20 {
            let message = bench.sealed(&signed);
            tally.note(bench.meter_refuses(&message));
        }
    }),
    ("a command signed for another meter", "signature", |bench, tally| {
        for _ in 0..20 {
            let signed = bench.next(Command::Disconnect);
            let mut place = [0; COMMAND];
            let length = signed.write(OTHER, &utility(), &mut place).expect("it fits");
            let message = bench.sealed(&place[..length]);
            tally.note(bench.meter_refuses(&message));
        }
    }),
    ("a command that was held back beyond its time", "expired", |bench, tally| {
        for late in 1..=20 {
            let signed = Signed { until: NOW - late, ..bench.next(Command::Disconnect) };
            let message = bench.order(&signed, &utility());
            tally.note(bench.meter_refuses(&message));
        }
    }),
    ("a signed command with a value that may not be", "value", |bench, tally| {
        let limit = LoadLimit { watts: 100_001, seconds: 0, reconnects: 0 };
        let old = bench.key;
        for command in [
            Command::LoadLimit(limit),
            Command::SetTime(0),
            Command::SetTime(u32::MAX),
            Command::Unlock { seconds: 0 },
            Command::Unlock { seconds: 301 },
            Command::PaidUntil(Some(u64::MAX - 1)),
            Command::Rules(Rules { friendly: [1_440, 0], openers: [0; 4] }),
            Command::NewKey { generation: 1, key: Key([5; 16]) },
            Command::NewKey { generation: 2, key: Key([0; 16]) },
            Command::NewKey { generation: 2, key: old },
        ] {
            let message = bench.command(command);
            tally.note(bench.meter_refuses(&message));
        }
    }),
    ("a signed command unknown, or of another length", "malformed unknown-command", |bench, tally| {
        for code in 0..=u8::MAX {
            bench.number += 1;
            let text = [&bench.number.to_le_bytes()[..], &[0xFF; 4], &[code, 1, 2, 3]].concat();
            let signed = [&b"gridwarden-command-1"[..], &TITLE.0, &text].concat();
            let signature = utility().sign(&signed).to_bytes();
            let message = bench.sealed(&[&text[..], &signature].concat());
            tally.note(bench.meter_refuses(&message));
        }
    }),
    ("firmware that the maker did not sign", "image-format image-signature", |bench, tally| {
        let header = image([1, 3, 0]).sign(&maker());
        for wrong in flipped(header.as_bytes()) {
            let header = ImageHeader::new(wrong.try_into().expect("it is as long"));
            let message = bench.command(Command::Firmware(header));
            tally.note(bench.meter_refuses(&message));
        }
        let message = bench.command(Command::Firmware(image([1, 3, 0]).sign(&utility())));
        tally.note(bench.meter_refuses(&message));
    }),
    ("firmware as old as what runs, or older", "old-image", |bench, tally| {
        for version in [[1, 2, 3], [1, 2, 2], [1, 1, 9], [0, 65_535, 65_535], [0, 0, 0]] {
            let message = bench.command(Command::Firmware(image(version).sign(&maker())));
            tally.note(bench.meter_refuses(&message));
        }
    }),
    ("firmware for another board, empty, or too large", "image-board image-size", |bench, tally| {
        let good = image([1, 3, 0]);
        for wrong in [
            Described { board: 4, ..good },
            Described { length: 0, ..good },
            Described { length: 400_001, ..good },
        ] {
            let message = bench.command(Command::Firmware(wrong.sign(&maker())));
            tally.note(bench.meter_refuses(&message));
        }
    }),
    ("firmware whose bytes are not those that were signed", "image-digest image-size", |bench, tally| {
        let header = image([1, 3, 0]).sign(&maker());
        let wrong = flipped(IMAGE).chain((0..IMAGE.len()).map(|length| IMAGE[..length].to_vec()));
        for bytes in wrong.chain([[IMAGE, b"!"].concat()]) {
            let mut check = ImageCheck::new(header.check(&trust().installed).expect("it is right"));
            check.update(&bytes);
            let reason = check.finish(NOW, 1).err();
            reason.iter().for_each(|reason| bench.meter.count(*reason));
            tally.note(reason);
        }
    }),
    ("a bit of a serial frame flipped, each in turn", "checksum coding", |bench, tally| {
        let frame = framed(&bench.reading());
        for wrong in flipped(&frame) {
            on_line(&wrong, bench, tally);
        }
    }),
    ("a serial frame cut short, at each byte, or garbage", "checksum coding overlong", |bench, tally| {
        let frame = framed(&bench.reading());
        (2..frame.len() - 1).for_each(|length| on_line(&frame[..length], bench, tally));
        for length in 1..1_000 {
            let garbage: Vec<u8> = (0..length).map(|_| bench.random.bits() as u8 | 1).collect();
            on_line(&garbage, bench, tally);
        }
    }),
    ("Modbus: relay or clock without a signed command", "exception-1", |bench, tally| {
        for request in [&[6, 0, 0, 0, 0][..], &[16, 0, 0, 0, 1, 2, 0, 1], &[16, 0, 1, 0, 2, 4, 0x66, 0, 0, 0]]
        {
            on_modbus(&with_checksum(&[&[UNIT], request].concat()), bench, tally);
        }
    }),
    ("Modbus: a wrong byte, or for everybody", "silence", |bench, tally| {
        let request = with_checksum(&[UNIT, 6, 0, 0, 0, 0]);
        for wrong in flipped(&request) {
            on_modbus(&wrong, bench, tally);
        }
        on_modbus(&with_checksum(&[0, 6, 0, 0, 0, 0]), bench, tally);
    }),
];

/// Each threat against a meter of its own.
pub fn threats() -> Vec<(&'static str, Tally)> {
    let tried = |(name, expected, threat): (&'static str, &'static str, Threat)| {
        let (mut bench, mut tally) = (Bench::new(1), Tally { expected, ..Tally::default() });
        threat(&mut bench, &mut tally);
        tally.works = bench.works();
        (name, tally)
    };
    THREATS.into_iter().map(tried).collect()
}

const IMAGE: &[u8] = b"The machine code of a meter, in short.";
/// SHA-256 of it, as sha256sum prints it.
const DIGEST: [u8; 32] = [
    0x8D, 0xEC, 0x41, 0x04, 0xEA, 0xED, 0x94, 0x1B, 0x72, 0x5E, 0x18, 0x53, 0xCA, 0x72, 0x05, 0xC3, 0x44,
    0x84, 0x86, 0x8F, 0x7C, 0xF5, 0x4E, 0xC9, 0x71, 0xB0, 0xBB, 0x91, 0x22, 0xB4, 0x7B, 0xE0,
];
const UNIT: u8 = 17;

fn image(version: [u16; 3]) -> Described {
    Described { board: 3, version, length: IMAGE.len() as u32, digest: DIGEST }
}

fn signed_bytes(signed: &Signed) -> Vec<u8> {
    let mut place = [0; COMMAND];
    let length = signed.write(TITLE, &utility(), &mut place).expect("it fits");
    place[..length].to_vec()
}

/// Copies with one bit flipped, each in turn.
fn flipped(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..8 * bytes.len()).map(|bit| {
        let mut copy = bytes.to_vec();
        copy[bit / 8] ^= 1 << (bit % 8);
        copy
    })
}

fn framed(message: &[u8]) -> Vec<u8> {
    let mut out = [0; line::LONGEST];
    let length = line::encode(message, &mut out).expect("it fits");
    out[..length].to_vec()
}

/// Puts bytes on the line and an honest frame behind them. Every message but that one must be refused.
fn on_line(bytes: &[u8], bench: &mut Bench, tally: &mut Tally) {
    let honest = bench.reading();
    let mut line = Line::new();
    let mut reason = Some("silence".to_owned());
    let mut heard = false;
    for byte in bytes.iter().chain(&framed(&honest)) {
        match line.feed(*byte) {
            Some(Ok(message)) if *message == honest[..] => heard = bench.gateway_refuses(&honest).is_none(),
            // A delimiter that was flipped does not change the message between: it is honest then, and late.
            Some(Ok(message)) => {
                let message = message.to_vec();
                reason = bench.gateway_refuses(&message).map(|reason| reason.name().to_owned());
            }
            Some(Err(refusal)) => reason = Some(refusal.name().to_owned()),
            None => {}
        }
    }
    tally.note_as(reason.filter(|_| heard));
}

fn with_checksum(bytes: &[u8]) -> Vec<u8> {
    let sum = bytes.iter().fold(0xFFFF_u16, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xA001 } else { crc >> 1 })
    });
    [bytes, &sum.to_le_bytes()].concat()
}

/// Whether a request is answered, and how.
fn on_modbus(request: &[u8], bench: &mut Bench, tally: &mut Tally) {
    let mut server = Server::new(UNIT).expect("the address is not reserved");
    let reading = Reading {
        time: NOW,
        import: 0,
        export: 0,
        millivolts: Some(230_000),
        milliamperes: Some(0),
        neutral: None,
        milliwatts: Some(0),
        millivars: Some(0),
        millihertz: None,
        load_millivolts: None,
        sequence: 0,
        events: [0; 4],
        relay: Some(true),
    };
    let live = Live { reading, clock_right: true, command: None, refused: bench.meter.counts().sum() };
    let mut out = [0; 260];
    let (length, asked) = server.serial(request, &live, 0, &mut out);
    let answer = match &out[..length] {
        [] => "silence".to_owned(),
        [_, function, code, ..] if function & 0x80 != 0 => format!("exception-{code}"),
        _ => "answer".to_owned(),
    };
    tally.note_as(Some(answer).filter(|answer| asked.is_none() && answer != "answer"));
}
