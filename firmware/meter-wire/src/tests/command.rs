//! Signed commands and images.

use super::{NOW, Pair, TITLE, image, maker, trust, utility};
use crate::command::{Acknowledgement, Claimed, Command, LONGEST, LoadLimit, Outcome, Rules, Signed};
use crate::image::{Described, ImageCheck, ImageHeader};
use crate::message::{Key, Title};
use crate::refusal::Refusal;
use ed25519_dalek::SigningKey;
use expect_test::expect;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

fn commands() -> impl Strategy<Value = Command> {
    prop_oneof![
        Just(Command::Connect),
        Just(Command::Disconnect),
        Just(Command::ReadNow),
        (0..=100_000_u32, any::<u16>(), any::<u8>()).prop_map(|(watts, seconds, reconnects)| {
            Command::LoadLimit(LoadLimit { watts, seconds, reconnects })
        }),
        (946_684_800_u32..4_102_444_800).prop_map(Command::SetTime),
        (any::<u16>(), vec(1..255_u8, 16))
            .prop_map(|(generation, key)| (generation, key.try_into().unwrap()))
            .prop_map(|(generation, key)| Command::NewKey { generation, key: Key(key) }),
        vec(any::<u8>(), 113)
            .prop_map(|bytes| Command::Firmware(ImageHeader::new(bytes.try_into().unwrap()))),
        (1..=300_u16).prop_map(|seconds| Command::Unlock { seconds }),
        proptest::option::of(0..=72_000_000_000_u64).prop_map(Command::PaidUntil),
        ([0..1_440_u16, 0..1_440_u16], any::<[u16; 4]>())
            .prop_map(|(friendly, openers)| Command::Rules(Rules { friendly, openers })),
    ]
}

fn written(signed: &Signed, key: &SigningKey) -> Vec<u8> {
    let mut out = [0; LONGEST];
    let length = signed.write(TITLE, key, &mut out).unwrap();
    out[..length].to_vec()
}

fn read(bytes: &[u8], title: Title) -> Result<Signed, Refusal> {
    let claimed = Claimed::read(bytes)?;
    let command = claimed.verified(title, &trust().utility)?;
    Ok(Signed { number: claimed.number, until: claimed.until, command })
}

proptest! {
    #[test]
    fn what_is_signed_is_read(number in any::<u64>(), until in any::<u32>(), command in commands()) {
        let signed = Signed { number, until, command };
        prop_assert_eq!(read(&written(&signed, &utility()), TITLE), Ok(signed));
    }

    #[test]
    fn any_change_is_refused(
        command in commands(),
        place in any::<proptest::sample::Index>(),
        flip in 1..=255_u8,
        title in any::<[u8; 8]>(),
    ) {
        let bytes = written(&Signed { number: 5, until: NOW, command }, &utility());
        let mut wrong = bytes.clone();
        let place = place.index(bytes.len());
        wrong[place] ^= flip;
        prop_assert_eq!(read(&wrong, TITLE), Err(Refusal::Signature));
        let cut = read(&bytes[..place], TITLE).unwrap_err();
        prop_assert!(matches!(cut, Refusal::Malformed | Refusal::Signature));
        proptest::prop_assume!(title != TITLE.0);
        prop_assert_eq!(read(&bytes, Title(title)), Err(Refusal::Signature));
    }

    #[test]
    fn any_bytes_are_refused(bytes in vec(any::<u8>(), 0..250)) {
        prop_assert!(read(&bytes, TITLE).is_err());
        if let Ok(read) = Acknowledgement::from_bytes(&bytes) {
            prop_assert_eq!(&read.to_bytes()[..], &bytes[..]);
        }
    }

    #[test]
    fn acknowledgements_are_read_back(number in any::<u64>(), reason in proptest::sample::select(&Refusal::ALL)) {
        for outcome in [Outcome::Done, Outcome::Refused(reason)] {
            let one = Acknowledgement { number, outcome };
            prop_assert_eq!(Acknowledgement::from_bytes(&one.to_bytes()), Ok(one));
        }
    }

    #[test]
    fn any_wrong_byte_of_an_image_header_is_refused(place in 0..113_usize, flip in 1..=255_u8) {
        let mut bytes = *image(b"image").sign(&maker()).as_bytes();
        bytes[place] ^= flip;
        let refused = ImageHeader::new(bytes).check(&trust().installed).unwrap_err();
        let expected = if place < 5 { Refusal::ImageFormat } else { Refusal::ImageSignature };
        prop_assert_eq!(refused, expected);
    }
}

#[test]
fn values_that_may_not_be_are_refused_although_signed() {
    let mut pair = Pair::new();
    let too_large = LoadLimit { watts: 100_001, seconds: 60, reconnects: 3 };
    let commands = [
        Command::LoadLimit(too_large),
        Command::SetTime(5),
        Command::NewKey { generation: 2, key: Key([0xFF; 16]) },
        Command::Unlock { seconds: 0 },
        Command::Unlock { seconds: 301 },
        Command::PaidUntil(Some(72_000_000_001)),
        Command::Rules(Rules { friendly: [0, 1_440], openers: [0; 4] }),
    ];
    for command in commands {
        let message = pair.command(command);
        let said = pair.said(&message);
        assert!(said.ends_with(": value"), "{command:?}: {said}");
    }
}

#[test]
fn a_gateway_cannot_command_by_itself() {
    let mut pair = Pair::new();
    let signed = Signed { number: 1, until: NOW, command: Command::Disconnect };
    let own = pair.signed(&signed, &SigningKey::from_bytes(&[1; 32]));
    let late = pair.signed(&Signed { until: NOW - 1, ..signed }, &utility());
    let cut = {
        let mut out = [0; crate::message::LONGEST];
        let length = pair.gateway.command(&[0; 70], &mut out).unwrap();
        out[..length].to_vec()
    };
    let good = pair.signed(&signed, &utility());
    let said = [own, late, cut, good].map(|message| pair.said(&message));
    expect![[r#"
        1: signature
        1: expired
        malformed
        1: Disconnect"#]]
    .assert_eq(&said.join("\n"));
}

#[test]
fn an_image_is_taken_if_all_of_it_fits() {
    let mut pair = Pair::new();
    let good = image(b"image");
    let headers = [
        good.sign(&utility()),
        Described { board: 4, ..good }.sign(&maker()),
        Described { version: [1, 2, 3], ..good }.sign(&maker()),
        Described { version: [1, 2, 2], ..good }.sign(&maker()),
        Described { version: [0, 9, 9], ..good }.sign(&maker()),
        Described { length: 0, ..good }.sign(&maker()),
        Described { length: 400_001, ..good }.sign(&maker()),
        ImageHeader::new([0; 113]),
        good.sign(&maker()),
    ];
    let said = headers.map(|header| {
        let message = pair.command(Command::Firmware(header));
        pair.receive(&message).map_or_else(|refused| refused.reason.name(), |_| "taken")
    });
    let expected = "image-signature image-board old-image old-image old-image image-size image-size \
                    image-format taken";
    assert_eq!(said.join(" "), expected);
}

#[test]
fn the_bytes_of_an_image_are_those_that_were_signed() {
    let checked = image(b"image").sign(&maker()).check(&trust().installed).unwrap();
    let finish = |parts: &[&[u8]]| {
        let mut check = ImageCheck::new(checked);
        parts.iter().for_each(|part| check.update(part));
        check.finish(NOW, 1)
    };
    let kept = finish(&[b"im", b"", b"age"]).unwrap();
    assert_eq!((kept.version, kept.length, kept.slot, kept.time), ([1, 3, 0], 5, 1, NOW));
    assert_eq!(finish(&[b"imagf"]), Err(Refusal::ImageDigest));
    assert_eq!(finish(&[b"imag"]), Err(Refusal::ImageSize));
    assert_eq!(finish(&[b"image", b"s"]), Err(Refusal::ImageSize));
    assert_eq!(finish(&[b"image", b"s", b""]), Err(Refusal::ImageSize));
}
