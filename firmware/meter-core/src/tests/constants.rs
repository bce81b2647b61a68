//! Stored calibrations, and the arithmetic beneath everything.

use super::METER;
use crate::arithmetic::{mul_div, mul_div_signed, root_mean_square_q8, square_root};
use crate::{CALIBRATION_BYTES, Calibration, Delay, Unusable};
use proptest::prelude::*;

#[test]
fn a_calibration_survives_storage() {
    let stored = Calibration { current_delay: [Delay::NONE, Delay::new(100_000).unwrap()], ..METER };
    assert_eq!(Calibration::from_bytes(&stored.to_bytes()), Ok(stored));
}

#[test]
fn every_flipped_bit_is_noticed() {
    for bit in 0..CALIBRATION_BYTES * 8 {
        let mut bytes = METER.to_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(Calibration::from_bytes(&bytes), Err(Unusable::Checksum), "bit {bit}");
    }
}

#[test]
fn version_1_stays_readable() {
    // The checksum as Python's zlib.crc32 gives it.
    let bytes = METER.to_bytes();
    assert_eq!(
        (bytes[0], &bytes[4..8], &bytes[48..]),
        (1, &4_000u32.to_le_bytes()[..], &[36, 146, 82, 232][..])
    );
}

#[test]
fn impossible_constants_are_refused_by_name() {
    let wrong = Calibration { sample_rate: 100, ..METER };
    assert_eq!(Calibration::from_bytes(&wrong.to_bytes()), Err(Unusable::Range("sample_rate")));
}

proptest! {
    #[test]
    fn a_product_divided_is_the_nearest_whole_number(a in any::<u64>(), b in any::<u64>(), d in 1u64..) {
        let (product, divisor) = (u128::from(a) * u128::from(b), u128::from(d));
        let nearest = product / divisor + u128::from(product % divisor * 2 >= divisor);
        prop_assert_eq!(u128::from(mul_div(a, b, d)), nearest.min(u128::from(u64::MAX)));
    }

    #[test]
    fn rounding_is_symmetric(a in 1i64.., b in 0u64..1 << 32, d in 1u64..) {
        prop_assert_eq!(mul_div_signed(-a, b, d), -mul_div_signed(a, b, d));
    }

    #[test]
    fn a_square_root_is_that_of_the_library(square in any::<u64>(), small in 0u64..1_000_000) {
        for square in [square, small, small * small, 0, u64::MAX] {
            prop_assert_eq!(square_root(square), square.isqrt());
        }
    }

    #[test]
    fn roots_are_right_to_a_256th(value in 0u64..1 << 23, count in 1u32..10_000) {
        prop_assert_eq!(root_mean_square_q8(value * value * u64::from(count), count), value << 8);
    }
}
