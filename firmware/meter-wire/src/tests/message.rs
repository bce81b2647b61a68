//! Sealed messages: a known answer, and every way to change one.

use super::{KEY, TITLE};
use crate::message::{CONTENT, Header, Key, Kind, LAST, LONGEST, Title, open, seal};
use crate::refusal::Refusal;
use crate::{Counts, Window};
use proptest::collection::vec;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use std::collections::BTreeSet;

fn sealed(kind: Kind, number: u32, content: &[u8]) -> Vec<u8> {
    let mut out = [0; LONGEST];
    let header = Header { kind, title: TITLE, generation: 1, number };
    let length = seal(&KEY, &header, content, &mut out).unwrap();
    out[..length].to_vec()
}

/// The bytes of this message were computed by Python's `cryptography` (AESGCM), from the table in `message.rs` alone.
#[test]
fn a_known_message() {
    let known = "010147574d000000002a0100040302015b953c9ef9758bdcccea7ef77e90cee257f2783e10";
    let message = sealed(Kind::Reading, 0x0102_0304, b"hello");
    let hex: String = message.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, known);
}

#[test]
fn both_ways_have_nonces_of_their_own() {
    let [up, down] = [Kind::Reading, Kind::Command].map(|kind| sealed(kind, 5, &[0; 32]));
    assert_ne!(up[16..48], down[16..48]);
}

#[test]
fn what_does_not_fit_is_not_sealed() {
    let header = Header { kind: Kind::Reading, title: TITLE, generation: 1, number: LAST };
    let mut out = [0; LONGEST];
    assert_eq!(seal(&KEY, &header, &[1; CONTENT], &mut out), Some(LONGEST));
    assert_eq!(seal(&KEY, &header, &[1; CONTENT + 1], &mut out), None);
    assert_eq!(seal(&KEY, &Header { number: LAST + 1, ..header }, &[], &mut out), None);
}

proptest! {
    #[test]
    fn what_is_sealed_is_opened(content in vec(any::<u8>(), 0..=CONTENT), number in 0..=LAST) {
        let mut message = sealed(Kind::Command, number, &content);
        let (header, opened) = open(&KEY, &mut message).unwrap();
        prop_assert_eq!(opened, &content[..]);
        prop_assert_eq!((header.number, header.title), (number, TITLE));
    }

    #[test]
    fn any_wrong_byte_is_refused(
        content in vec(any::<u8>(), 0..=CONTENT),
        place in any::<proptest::sample::Index>(),
        flip in 1..=255_u8,
    ) {
        let mut message = sealed(Kind::Reading, 9, &content);
        let place = place.index(message.len());
        message[place] ^= flip;
        prop_assert!(open(&KEY, &mut message).is_err());
    }

    #[test]
    fn any_other_length_is_refused(content in vec(any::<u8>(), 0..=CONTENT), more in vec(any::<u8>(), 1..9)) {
        let message = sealed(Kind::Reading, 9, &content);
        for length in 0..message.len() {
            let refused = open(&KEY, &mut message[..length].to_vec()).unwrap_err();
            let is_short = length < 32;
            prop_assert_eq!(refused, if is_short { Refusal::Short } else { Refusal::Forged });
        }
        prop_assert!(open(&KEY, &mut [message, more].concat()).is_err());
    }

    #[test]
    fn any_other_key_or_meter_is_refused(key in any::<[u8; 16]>(), title in any::<[u8; 8]>()) {
        proptest::prop_assume!(key != KEY.0 && title != TITLE.0);
        let message = sealed(Kind::Reading, 9, b"content");
        prop_assert_eq!(open(&Key(key), &mut message.clone()).err(), Some(Refusal::Forged));
        let mut other = message;
        other[2..10].copy_from_slice(&Title(title).0);
        prop_assert_eq!(open(&KEY, &mut other).err(), Some(Refusal::Forged));
    }

    #[test]
    fn any_bytes_are_opened_or_refused(bytes in vec(any::<u8>(), 0..300)) {
        prop_assert!(open(&KEY, &mut bytes.clone()).is_err());
    }

    /// Beside a set of all numbers that were here.
    #[test]
    fn each_number_counts_once_and_only_upwards(numbers in vec(0..200_u32, 0..100)) {
        let (mut window, mut here) = (Window::after(20), (0..=20).collect::<BTreeSet<u32>>());
        for number in numbers {
            let highest = *here.last().unwrap();
            let expected = if number > highest {
                Ok(())
            } else if highest - number >= 64 || here.contains(&number) {
                Err(Refusal::Replayed)
            } else {
                Err(Refusal::Reordered)
            };
            here.insert(number);
            prop_assert_eq!(window.take(number), expected);
        }
    }
}

#[test]
fn the_documents_name_each_refusal() {
    let page = include_str!("../../../../docs/meter/wire.md");
    for reason in Refusal::ALL {
        let row = format!("| {} | `{reason}` | ", reason.code());
        assert!(page.contains(&row), "docs/meter/wire.md lacks: {row}");
    }
}

#[test]
fn numbers_of_refusals_are_read_back_and_differ() {
    let codes: BTreeSet<_> = Refusal::ALL.into_iter().map(Refusal::code).collect();
    assert_eq!(codes.len(), Refusal::ALL.len());
    let mut counts = Counts::default();
    for reason in Refusal::ALL {
        assert_eq!(Refusal::from_code(reason.code()), Some(reason));
        counts.add(reason);
        assert_eq!(counts.of(reason), 1);
    }
    assert_eq!(counts.sum() as usize, Refusal::ALL.len());
}
