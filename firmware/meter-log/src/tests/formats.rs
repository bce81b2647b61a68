//! Stored formats: bytes that were once written stay readable.

use crate::slot::{Entry, Look, MOST, SLOT, look};
use crate::{
    CONFIGURATION_BYTES, Configuration, Constants, Demanded, Energies, Event, Flags, Image, Interval, Record,
    Snapshot,
};
use expect_test::{Expect, expect};
use meter_core::{Calibration, Delay};
use meter_tamper::Code;
use proptest::prelude::*;

const ENERGIES: Energies =
    Energies { micro: [1, 0x0203, 0x0405_0607, 0x08_090A_0B0C, 0xFF_FFFF_FFFF_FFFF, 0] };

fn check<R: Record + PartialEq + std::fmt::Debug>(record: R, expected: Expect) {
    let (note, content) = record.to_bytes();
    let slot = Entry { number: 0x0102_0304, format: R::FORMAT, note, content }.to_slot(7);
    let lines: Vec<String> =
        slot.chunks(16).map(|line| line.iter().map(|byte| format!("{byte:02x}")).collect()).collect();
    expected.assert_eq(&lines.join("\n"));
    // From the bytes as they are written down in the test, since they may lie in a meter.
    let written: String = expected.data().split_whitespace().collect();
    let mut bytes = [0; SLOT];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&written[2 * place..2 * place + 2], 16).unwrap();
    }
    let Look::Whole { entry, corrected: false } = look(bytes, 7) else { panic!("{:?}", look(bytes, 7)) };
    assert_eq!(entry.number, 0x0102_0304);
    assert_eq!(R::from_bytes(entry.note, &entry.content), Some(record));
}

#[test]
fn snapshot_1() {
    let largest = Demanded { mean_mw: 3_456_789, end: 1_769_871_600 };
    let flags = Flags::CLOCK_LOST.and(Flags::POWER_CUT);
    check(
        Snapshot { time: 1_769_871_605, energies: ENERGIES, largest, flags },
        expect![[r#"
        040302010105f5187e69010000000000
        0003020000000000070605040000000c
        0b0a09080000ffffffffffffff000000
        0000000015bf3400f0187e69dd307e10"#]],
    );
}

#[test]
fn interval_1() {
    let (seconds, centivolts, centiamperes, flags) = (900, 23_012, 1_234, Flags::CLOCK_SET);
    check(
        Interval { end: 1_769_871_600, energies: ENERGIES, seconds, centivolts, centiamperes, flags },
        expect![[r#"
            040302010102f0187e69010000000000
            0003020000000000070605040000000c
            0b0a09080000ffffffffffffff000000
            000000008403e459d2040000c8b65040"#]],
    );
}

#[test]
fn event_1() {
    let (code, flags) = (Code(207), Flags::default());
    check(
        Event { time: 1_769_871_600, code, energies: ENERGIES, centivolts: 12, centiamperes: 65_535, flags },
        expect![[r#"
            040302010100f0187e69cf0001000000
            00000003020000000000070605040000
            000c0b0a09080000ffffffffffffff00
            0000000000000c00ffff00007fe3e615"#]],
    );
}

#[test]
fn image_1() {
    let digest = std::array::from_fn(|place| place as u8);
    check(
        Image { time: 1_769_871_600, version: [1, 2, 300], slot: 1, length: 123_456, digest },
        expect![[r#"
            040302010101f0187e69010002002c01
            40e20100000102030405060708090a0b
            0c0d0e0f101112131415161718191a1b
            1c1d1e1f0000000000000000a850f8c7"#]],
    );
}

#[test]
fn configuration_1() {
    let bytes: [u8; CONFIGURATION_BYTES] = std::array::from_fn(|place| 0xF0 ^ place as u8);
    check(
        Configuration { time: 1_769_871_600, version: 3, bytes },
        expect![[r#"
        040302010100f0187e690300f0f1f2f3
        f4f5f6f7f8f9fafbfcfdfeffe0e1e2e3
        e4e5e6e7e8e9eaebecedeeefd0d1d2d3
        d4d5d6d7d8d9dadbdcdddedf8b798c43"#]],
    );
}

#[test]
fn constants_1() {
    let calibration = Calibration {
        sample_rate: 4_000,
        voltage_range_uv: 400_000_000,
        current_range_ua: [100_000_000; 2],
        current_delay: [Delay::NONE; 2],
        voltage_delay: 1,
        noise: [0; 2],
        starting_current_ua: 20_000,
        nominal_voltage_mv: 230_000,
        pulses_per_kwh: 3_200,
    };
    let constants = Constants::from(&calibration);
    assert_eq!(constants.calibration(), Ok(calibration));
    check(
        constants,
        expect![[r#"
        04030201010001010000a00f00000084
        d71700e1f50500e1f505000001000000
        01000000000000000000204e00007082
        0300800c0000e1c08225000039854c5c"#]],
    );
}

#[test]
fn nothing_and_zeros_are_no_record_in_any_ring_also_with_a_wrong_bit() {
    for ring in 0..=u16::MAX {
        for (byte, expected) in [(0xFF, Look::Blank), (0, Look::Void)] {
            assert_eq!(look([byte; SLOT], ring), expected);
        }
    }
    for ring in (0..=u16::MAX).step_by(257) {
        for bit in 0..8 * SLOT {
            for byte in [0xFF, 0] {
                let mut slot = [byte; SLOT];
                slot[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(look(slot, ring), Look::Damaged, "ring {ring}, bit {bit}");
            }
        }
    }
}

#[test]
fn registers_beyond_72_gwh_stay_there() {
    let energies = Energies { micro: [u64::MAX; 6] };
    let (note, content) = Snapshot { energies, ..Snapshot::default() }.to_bytes();
    let read = Snapshot::from_bytes(note, &content).unwrap();
    assert_eq!(read.energies.micro, [(1 << 56) - 1; 6]);
}

prop_compose! {
    fn entries()(number in 0..MOST, format: u8, note: u8, content in proptest::collection::vec(any::<u8>(), 54))
        -> Entry {
        Entry { number, format, note, content: content.try_into().unwrap() }
    }
}

fn flipped(mut slot: [u8; SLOT], bits: &[usize]) -> [u8; SLOT] {
    bits.iter().for_each(|bit| slot[bit / 8] ^= 1 << (bit % 8));
    slot
}

fn is_stable<R: Record + PartialEq>(note: u8, content: &[u8; 54]) -> bool {
    R::from_bytes(note, content).is_some_and(|record| {
        let (note, content) = record.to_bytes();
        R::from_bytes(note, &content) == Some(record)
    })
}

proptest! {
    #[test]
    fn any_wrong_bit_is_corrected(entry in entries(), ring: u16, bit in 0..8 * SLOT) {
        let slot = entry.to_slot(ring);
        prop_assert_eq!(look(slot, ring), Look::Whole { entry, corrected: false });
        prop_assert_eq!(look(flipped(slot, &[bit]), ring), Look::Whole { entry, corrected: true });
    }

    #[test]
    fn two_and_three_wrong_bits_are_noticed(
        entry in entries(), ring: u16, bits in proptest::collection::btree_set(0..8 * SLOT, 2..=3)
    ) {
        let bits: Vec<usize> = bits.into_iter().collect();
        prop_assert_eq!(look(flipped(entry.to_slot(ring), &bits), ring), Look::Damaged);
    }

    #[test]
    fn a_record_of_another_ring_is_refused(entry in entries(), ring: u16, other: u16) {
        prop_assume!(ring != other);
        let refused = !matches!(look(entry.to_slot(ring), other), Look::Whole { .. });
        prop_assert!(refused);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(
        bytes in proptest::collection::vec(any::<u8>(), SLOT), ring: u16
    ) {
        let bytes: [u8; SLOT] = bytes.try_into().unwrap();
        look(bytes, ring);
        crate::sector::Header::of(&bytes);
        let content: [u8; 54] = bytes[..54].try_into().unwrap();
        let note = bytes[63];
        // What is read is written as it was read.
        prop_assert!(is_stable::<Snapshot>(note, &content));
        prop_assert!(is_stable::<Interval>(note, &content));
        prop_assert!(is_stable::<Event>(note, &content));
        prop_assert!(is_stable::<Image>(note, &content));
        prop_assert!(is_stable::<Configuration>(note, &content));
        prop_assert!(is_stable::<Constants>(note, &content));
    }
}
