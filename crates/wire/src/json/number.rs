//! Numbers straight from their digits into whole thousandths, or whole units.

use super::careful::Careful;
use reading::Reason;

/// A number in the decimals that its field keeps, or nothing where `null` stood, and the block behind.
pub(super) type Number<'a> = Result<(Option<i64>, &'a [u8]), Reason>;

/// The decimals that a field keeps, and what happens to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// Thousandths; the rest is rounded, half away from zero.
    Thousandths,
    /// Whole units; a fraction is refused.
    Whole,
}

const POWERS: [u64; 8] = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000];

/// Marks the high bit of each byte that is no digit. Exact up to the first mark and, where that is a dot, up to
/// the second: an addition carries into the next byte only from bytes of 0xba and above, which no number holds.
#[inline(always)]
fn no_digits(word: u64) -> u64 {
    let digits = word ^ 0x3030_3030_3030_3030;
    (digits.wrapping_add(0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080
}

/// The number that eight digits write, the first in the lowest byte; a zero byte counts as the digit 0.
#[inline(always)]
fn eight_digits(word: u64) -> u64 {
    let pairs = ((word & 0x0f0f_0f0f_0f0f_0f0f).wrapping_mul(10 << 8 | 1) >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100 << 16 | 1) >> 16) & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(10_000 << 32 | 1) >> 32
}

/// Whether the byte behind the digits belongs to the number, as the `e` of an exponent does. Any other byte that should
/// not stand there is found by the code that reads on.
#[inline(always)]
fn goes_on(byte: u8) -> bool {
    byte | 0x20 == b'e'
}

/// A number of thousandths at the front of `block`.
#[inline(always)]
pub(super) fn thousandths(block: &[u8], beyond: usize) -> Number<'_> {
    if let Some((value, rest)) = short_thousandths(block) {
        return Ok((Some(value), rest));
    }
    // Taken apart and put together again: returned as it is, the answer of the short way would go through memory too.
    let (value, rest) = careful(block, beyond, Keep::Thousandths)?;
    Ok((value, rest))
}

/// A whole number at the front of `block`.
#[inline(always)]
pub(super) fn whole(block: &[u8], beyond: usize) -> Number<'_> {
    if let Some((value, rest)) = short_whole(block) {
        return Ok((Some(value), rest));
    }
    let (value, rest) = careful(block, beyond, Keep::Whole)?;
    Ok((value, rest))
}

/// A number of thousandths with at most three decimals, which ends within eight bytes.
#[inline(always)]
pub(super) fn short_thousandths(block: &[u8]) -> Option<(i64, &[u8])> {
    let (value, width) = thousandths_and_width(block);
    if width == 0 { None } else { Some((value, block.get(width..)?)) }
}

/// A whole number of at most fifteen digits.
#[inline(always)]
pub(super) fn short_whole(block: &[u8]) -> Option<(i64, &[u8])> {
    let (value, width) = whole_and_width(block);
    if width == 0 { None } else { Some((value, block.get(width..)?)) }
}

#[cold]
#[inline(never)]
fn careful(block: &[u8], beyond: usize, keep: Keep) -> Number<'_> {
    let mut careful = Careful::new(block, beyond);
    let written = careful.optional_number(keep)?;
    Ok((written.map(Written::signed).transpose()?, careful.block()))
}

/// The first eight bytes, the first in the lowest place.
#[inline(always)]
pub(super) fn word(block: &[u8]) -> Option<u64> {
    block.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

/// Steps over one space and one sign, and returns their width.
#[inline(always)]
fn start(block: &[u8]) -> Option<(&[u8; 8], bool, usize)> {
    let mut before = 0;
    let mut first: &[u8; 8] = block.first_chunk()?;
    if first[0] == b' ' {
        before += 1;
        first = block.get(before..)?.first_chunk()?;
    }
    let negative = first[0] == b'-';
    if negative {
        before += 1;
        first = block.get(before..)?.first_chunk()?;
    }
    Some((first, negative, before))
}

#[inline(always)]
fn signed(size: u64, negative: bool) -> i64 {
    if negative { -(size as i64) } else { size as i64 }
}

/// See [`short_thousandths`]: the number and its width in the text, or a width of zero.
///
/// Never inlined, and with two plain words as its answer: ten copies in one loop do not fit into the processor's cache
/// of decoded instructions. With them a line took a quarter longer.
#[inline(never)]
fn thousandths_and_width(block: &[u8]) -> (i64, usize) {
    const OTHERWISE: (i64, usize) = (0, 0);
    let Some((bytes, negative, before)) = start(block) else { return OTHERWISE };
    let word = u64::from_le_bytes(*bytes);
    let marks = no_digits(word);
    let whole_digits = (marks.trailing_zeros() / 8) as usize;
    if whole_digits == 0 || marks == 0 || (bytes[0] == b'0' && whole_digits > 1) {
        return OTHERWISE;
    }
    let after = bytes[whole_digits & 7];
    if after != b'.' {
        let size = 1000 * eight_digits(word << (64 - 8 * whole_digits));
        return if goes_on(after) { OTHERWISE } else { (signed(size, negative), before + whole_digits) };
    }
    let more_marks = marks & (marks - 1);
    let width = (more_marks.trailing_zeros() / 8) as usize;
    let decimals = width - whole_digits - 1;
    if more_marks == 0 || !(1..=3).contains(&decimals) || goes_on(bytes[width & 7]) {
        return OTHERWISE;
    }
    // Close the gap that the dot leaves, then push the digits to the top so that zeros fill up before them.
    let before_dot = (marks ^ (marks - 1)) >> 8;
    let digits = (word & before_dot) | ((word >> 8) & !before_dot);
    let size = eight_digits(digits << (8 * (9 - width))) * POWERS[3 - decimals];
    (signed(size, negative), before + width)
}

/// See [`short_whole`]: the number and its width in the text, or a width of zero.
#[inline(never)]
fn whole_and_width(block: &[u8]) -> (i64, usize) {
    const OTHERWISE: (i64, usize) = (0, 0);
    let goes_on = |byte| goes_on(byte) || byte == b'.';
    let Some((bytes, negative, before)) = start(block) else { return OTHERWISE };
    let first = u64::from_le_bytes(*bytes);
    let marks = no_digits(first);
    let digits = (marks.trailing_zeros() / 8) as usize;
    if digits == 0 || (bytes[0] == b'0' && digits > 1) {
        return OTHERWISE;
    }
    if marks != 0 {
        let size = eight_digits(first << (64 - 8 * digits));
        return if goes_on(bytes[digits & 7]) {
            OTHERWISE
        } else {
            (signed(size, negative), before + digits)
        };
    }
    let Some(bytes) = block.get(before + 8..).and_then(<[u8]>::first_chunk::<8>) else { return OTHERWISE };
    let second = u64::from_le_bytes(*bytes);
    let marks = no_digits(second);
    let digits = (marks.trailing_zeros() / 8) as usize;
    if marks == 0 || goes_on(bytes[digits & 7]) {
        return OTHERWISE;
    }
    let low = eight_digits((second << (56 - 8 * digits)) << 8);
    let size = eight_digits(first) * POWERS[digits & 7] + low;
    (signed(size, negative), before + 8 + digits)
}

/// A number as its sign and its size, in the decimals that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    negative: bool,
    size: u64,
}

impl Written {
    pub(super) fn signed(self) -> Result<i64, Reason> {
        let value =
            if self.negative { 0_i64.checked_sub_unsigned(self.size) } else { i64::try_from(self.size).ok() };
        value.ok_or(Reason::NumberRange)
    }

    pub(super) fn unsigned(self) -> Result<u64, Reason> {
        if self.negative && self.size > 0 { Err(Reason::NumberRange) } else { Ok(self.size) }
    }
}

/// A number as it is written.
struct Parts<'a> {
    negative: bool,
    whole: &'a [u8],
    decimals: &'a [u8],
    exponent: i64,
}

impl<'a> Careful<'a> {
    /// Steps over a number.
    pub(super) fn skip_number(&mut self) -> Result<(), Reason> {
        self.parts().map(drop)
    }

    /// A number in any form that JSON knows, exactly.
    pub(super) fn number(&mut self, keep: Keep) -> Result<Written, Reason> {
        let Parts { negative, whole, decimals, exponent } = self.parts()?;
        // The value is all digits as one whole number, times ten to the `shift`, in the decimals that are kept.
        let places = if keep == Keep::Thousandths { 3 } else { 0 };
        let shift = exponent - decimals.len() as i64 + places;
        let digits = || whole.iter().chain(decimals).map(|&byte| u64::from(byte - b'0'));
        if digits().all(|digit| digit == 0) {
            return Ok(Written { negative, size: 0 });
        }
        let written = whole.len() + decimals.len();
        let kept = (written as i64).saturating_add(shift.min(0));
        let mut size = 0_u64;
        let mut up = false;
        for (digit, index) in digits().zip(0_i64..) {
            if index < kept {
                let more = size.checked_mul(10).and_then(|size| size.checked_add(digit));
                size = more.ok_or(Reason::NumberRange)?;
            } else if keep == Keep::Whole && digit != 0 {
                return Err(Reason::FieldType);
            } else if index == kept {
                up = digit >= 5;
            }
        }
        for _ in 0..shift {
            size = size.checked_mul(10).ok_or(Reason::NumberRange)?;
        }
        let size = size.checked_add(u64::from(up)).ok_or(Reason::NumberRange)?;
        Ok(Written { negative, size })
    }

    /// A number, or `null`. Any other value is refused, after it was walked to its end: a torn or broken value gets its
    /// own reason.
    pub(super) fn optional_number(&mut self, keep: Keep) -> Result<Option<Written>, Reason> {
        self.space();
        match self.peek()? {
            b'-' | b'0'..=b'9' => self.number(keep).map(Some),
            b'n' => self.literal(b"null").map(|()| None),
            _ => Err(self.refuse()),
        }
    }

    fn parts(&mut self) -> Result<Parts<'a>, Reason> {
        let negative = self.take(b'-');
        let whole = self.digits()?;
        if whole.len() > 1 && whole[0] == b'0' {
            return Err(Reason::NotJson);
        }
        let decimals = if self.take(b'.') { self.digits()? } else { &[] };
        let exponent = if self.take(b'e') || self.take(b'E') { self.exponent()? } else { 0 };
        Ok(Parts { negative, whole, decimals, exponent })
    }

    fn exponent(&mut self) -> Result<i64, Reason> {
        let negative = self.take(b'-');
        if !negative {
            self.take(b'+');
        }
        // Beyond a billion it makes no difference, because no line has so many digits to weigh against it.
        let size = self
            .digits()?
            .iter()
            .fold(0_i64, |size, &byte| (size * 10 + i64::from(byte - b'0')).min(1_000_000_000));
        Ok(if negative { -size } else { size })
    }

    /// One digit or more.
    fn digits(&mut self) -> Result<&'a [u8], Reason> {
        let rest = self.rest();
        let count = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
        if count == 0 {
            return Err(self.unexpected());
        }
        self.step(count);
        Ok(&rest[..count])
    }
}
