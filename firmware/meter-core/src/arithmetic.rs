//! Products that are divided and rounded, without the compiler's 128-bit division: that routine alone would take an
//! eighth of the code that the core may have.

/// `a * b / d`, rounded to the nearest whole number, halves up. A quotient that does not fit is `u64::MAX`.
#[inline(never)]
pub(crate) fn mul_div(a: u64, b: u64, d: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    let (mut rest, mut low) = ((product >> 64) as u64, product as u64);
    if rest >= d {
        return u64::MAX;
    }
    // Long division, bit by bit: `low` gives up its bits at the top and takes those of the quotient at the bottom.
    for _ in 0..64 {
        let carried = rest >> 63 == 1;
        rest = rest << 1 | low >> 63;
        low <<= 1;
        if carried || rest >= d {
            rest = rest.wrapping_sub(d);
            low |= 1;
        }
    }
    low.saturating_add(u64::from(rest >= d - rest))
}

/// [`mul_div`] for a signed factor. Rounding is symmetric, so import and export of the same size are equal.
pub(crate) fn mul_div_signed(a: i64, b: u64, d: u64) -> i64 {
    let size = mul_div(a.unsigned_abs(), b, d).min(i64::MAX as u64) as i64;
    if a < 0 { -size } else { size }
}

/// `a * b / d` for two signed factors.
pub(crate) fn product_over(a: i64, b: i64, d: u64) -> i64 {
    let size = mul_div_signed(a, b.unsigned_abs(), d);
    if b < 0 { -size } else { size }
}

/// The upper 32 bits of a product: on a core of 32 bits it is one instruction.
#[inline]
pub(crate) fn upper_half(a: i32, b: i32) -> i32 {
    ((i64::from(a) * i64::from(b)) >> 32) as i32
}

/// The square root of `square / count`, in 256ths, for a sum of squares of at most 2^46 each.
pub(crate) fn root_mean_square_q8(square: u64, count: u32) -> u64 {
    square_root(mul_div(square, 1 << 16, u64::from(count.max(1))))
}

/// The whole part of a square root, digit by digit. The library's is made for speed, and takes a tenth of the code that
/// the core may have.
#[inline(never)]
pub(crate) fn square_root(square: u64) -> u64 {
    let (mut rest, mut root, mut digit) = (square, 0u64, 1u64 << 62);
    while digit != 0 {
        let trial = root + digit;
        root >>= 1;
        if rest >= trial {
            rest -= trial;
            root += digit;
        }
        digit >>= 2;
    }
    root
}
