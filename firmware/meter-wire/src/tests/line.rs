//! Frames among garbage.

use crate::line::{LONGEST, Line, encode};
use crate::message::LONGEST as MESSAGE;
use crate::refusal::Refusal;
use expect_test::{Expect, expect};
use proptest::collection::vec;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

fn framed(message: &[u8]) -> Vec<u8> {
    let mut out = [0; LONGEST];
    let length = encode(message, &mut out).unwrap();
    out[..length].to_vec()
}

fn heard(line: &mut Line, bytes: &[u8]) -> Vec<Result<Vec<u8>, Refusal>> {
    bytes
        .iter()
        .filter_map(|byte| line.feed(*byte).map(|found| found.map(|message| message.to_vec())))
        .collect()
}

fn check(bytes: &[u8], expected: Expect) {
    let said: Vec<_> = heard(&mut Line::new(), bytes)
        .into_iter()
        .map(|found| match found {
            Ok(message) => String::from_utf8_lossy(&message).into_owned(),
            Err(reason) => format!("<{reason}>"),
        })
        .collect();
    expected.assert_eq(&said.join(" "));
}

#[test]
fn the_next_frame_is_read_after_any_trouble() {
    let (one, two) = (framed(b"one"), framed(b"two"));
    check(&[&one[..], &two].concat(), expect!["one two"]);
    check(&[b"noise", &one[..]].concat(), expect!["<coding> one"]);
    // A frame that was cut short runs into the zero before the next.
    check(&[&one[..4], &two].concat(), expect!["<coding> two"]);
    check(&[&one[1..], &two].concat(), expect!["one two"]);
    check(&[&[1; 3000][..], &two].concat(), expect!["<overlong> two"]);
    check(&[&[0; 3000][..], &two].concat(), expect!["two"]);
    let mut flipped = one.clone();
    flipped[2] ^= 1;
    check(&[&flipped[..], &two].concat(), expect!["<checksum> two"]);
    check(&[0, 2, 9, 0], expect!["<checksum>"]);
}

#[test]
fn the_longest_message_fits_and_no_longer_one() {
    let longest = [0x55; MESSAGE];
    assert_eq!(framed(&longest).len(), LONGEST);
    assert_eq!(heard(&mut Line::new(), &framed(&longest)), [Ok(longest.to_vec())]);
    assert_eq!(encode(&[0; MESSAGE + 1], &mut [0; LONGEST]), None);
}

proptest! {
    #[test]
    fn what_is_framed_is_heard(message in vec(any::<u8>(), 0..=MESSAGE), noise in vec(any::<u8>(), 0..600)) {
        let mut line = Line::new();
        heard(&mut line, &noise);
        let found = heard(&mut line, &framed(&message));
        prop_assert_eq!(found.last(), Some(&Ok(message)));
    }

    #[test]
    fn a_frame_with_one_wrong_byte_gives_no_other_message(
        message in vec(any::<u8>(), 0..=MESSAGE),
        place in any::<proptest::sample::Index>(),
        flip in 1..=255_u8,
    ) {
        let mut frame = framed(&message);
        let place = place.index(frame.len());
        frame[place] ^= flip;
        frame.push(0);
        // A zero that is gone is that in front or behind, which another stands for.
        for found in heard(&mut Line::new(), &frame).into_iter().flatten() {
            prop_assert!(found == message, "{found:?}");
        }
    }
}
