//! A column of numbers as blocks of whole ones: units or thousandths, with a bit a row for what is there.

use arrow::array::{Array, AsArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{
    DataType, Decimal32Type, Decimal64Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};

/// Rows are handled so many at a time, so that a word holds a bit for each and their readings stay in the cache.
pub(crate) const BLOCK: usize = reading::ABREAST;

/// One block of a column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block {
    /// The numbers; anything where there is none.
    pub(crate) numbers: [i64; BLOCK],
    /// The rows that have one.
    pub(crate) valid: u64,
    /// The rows whose number is too large to be kept; they are in `valid` too.
    pub(crate) beyond: u64,
    /// The rows that hold NaN; they are not in `valid`.
    pub(crate) nan: u64,
}

impl Block {
    pub(crate) const EMPTY: Self = Self { numbers: [0; BLOCK], valid: 0, beyond: 0, nan: 0 };
}

/// The lowest so many bits.
pub(crate) fn first(rows: usize) -> u64 {
    if rows >= BLOCK { u64::MAX } else { (1 << rows) - 1 }
}

/// The places of the bits that are set, ascending.
#[inline]
pub(crate) fn bits(mut set: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = (set != 0).then(|| set.trailing_zeros() as usize);
        set &= set.wrapping_sub(1);
        place
    })
}

/// Which of `rows` rows from `from` are there.
pub(crate) fn valid(nulls: Option<&NullBuffer>, from: usize, rows: usize) -> u64 {
    match nulls {
        None => first(rows),
        Some(nulls) => {
            let bits = nulls.inner().slice(from, rows);
            let chunks = bits.bit_chunks();
            chunks.iter().next().unwrap_or_else(|| chunks.remainder_bits())
        }
    }
}

/// A column of numbers of any width, looked into once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbers<'a> {
    native: Native<'a>,
    nulls: Option<&'a NullBuffer>,
}

#[derive(Debug, Clone, Copy)]
enum Native<'a> {
    I8(&'a [i8]),
    I16(&'a [i16]),
    I32(&'a [i32]),
    I64(&'a [i64]),
    U8(&'a [u8]),
    U16(&'a [u16]),
    U32(&'a [u32]),
    U64(&'a [u64]),
    F32(&'a [f32]),
    F64(&'a [f64]),
    // Whole numbers, and how many of their digits are decimals.
    D32(&'a [i32], i8),
    D64(&'a [i64], i8),
    D128(&'a [i128], i8),
}

impl<'a> Numbers<'a> {
    /// The numbers of a column of integers, floats or decimals.
    pub(crate) fn of(column: &'a dyn Array) -> Option<Self> {
        let native = match column.data_type() {
            DataType::Int8 => Native::I8(column.as_primitive::<Int8Type>().values()),
            DataType::Int16 => Native::I16(column.as_primitive::<Int16Type>().values()),
            DataType::Int32 => Native::I32(column.as_primitive::<Int32Type>().values()),
            DataType::Int64 => Native::I64(column.as_primitive::<Int64Type>().values()),
            DataType::UInt8 => Native::U8(column.as_primitive::<UInt8Type>().values()),
            DataType::UInt16 => Native::U16(column.as_primitive::<UInt16Type>().values()),
            DataType::UInt32 => Native::U32(column.as_primitive::<UInt32Type>().values()),
            DataType::UInt64 => Native::U64(column.as_primitive::<UInt64Type>().values()),
            DataType::Float32 => Native::F32(column.as_primitive::<Float32Type>().values()),
            DataType::Float64 => Native::F64(column.as_primitive::<Float64Type>().values()),
            DataType::Decimal32(_, scale) => {
                Native::D32(column.as_primitive::<Decimal32Type>().values(), *scale)
            }
            DataType::Decimal64(_, scale) => {
                Native::D64(column.as_primitive::<Decimal64Type>().values(), *scale)
            }
            DataType::Decimal128(_, scale) => {
                Native::D128(column.as_primitive::<Decimal128Type>().values(), *scale)
            }
            _ => return None,
        };
        // All rows there is the same as no word about it, and cheaper.
        Some(Self { native, nulls: column.nulls().filter(|nulls| nulls.null_count() > 0) })
    }

    /// A block of whole units from `from`, all there, where the column has it just so.
    pub(crate) fn as_whole(&self, from: usize) -> Option<&'a [i64; BLOCK]> {
        match (self.native, self.nulls) {
            (Native::I64(all), None) => all[from..].first_chunk(),
            _ => None,
        }
    }

    /// A block of thousandths from `from`, all there, where the column has it just so, as our own files have.
    pub(crate) fn as_thousandths(&self, from: usize) -> Option<&'a [i64; BLOCK]> {
        match (self.native, self.nulls) {
            (Native::D64(all, 3), None) => all[from..].first_chunk(),
            _ => None,
        }
    }

    /// Whether no counter can be beyond.
    pub(crate) fn is_of_counters(&self) -> bool {
        matches!(self.native, Native::U64(_))
    }

    /// Whole units of the rows from `from`. The layout lets no register be a float or a decimal.
    pub(crate) fn whole(&self, from: usize, rows: usize, block: &mut Block) {
        block.valid = valid(self.nulls, from, rows);
        (block.beyond, block.nan) = (0, 0);
        let out = &mut block.numbers[..rows];
        match self.native {
            Native::I8(all) => widen(&all[from..], out),
            Native::I16(all) => widen(&all[from..], out),
            Native::I32(all) => widen(&all[from..], out),
            Native::I64(all) => out.copy_from_slice(&all[from..from + rows]),
            Native::U8(all) => widen(&all[from..], out),
            Native::U16(all) => widen(&all[from..], out),
            Native::U32(all) => widen(&all[from..], out),
            Native::U64(all) => {
                block.beyond =
                    each(&all[from..], out, |one| (one as i64, one > i64::MAX as u64)) & block.valid;
            }
            Native::F32(_) | Native::F64(_) | Native::D32(..) | Native::D64(..) | Native::D128(..) => {
                block.valid = 0;
            }
        }
    }

    /// Counters of the rows from `from`, the bits of a `u64`; below zero is beyond.
    pub(crate) fn counter(&self, from: usize, rows: usize, block: &mut Block) {
        self.whole(from, rows, block);
        if self.is_of_counters() {
            block.beyond = 0;
        } else {
            let below =
                block.numbers[..rows].iter().rev().fold(0, |bits, &one| bits << 1 | u64::from(one < 0));
            block.beyond = below & block.valid;
        }
    }

    /// Thousandths of the rows from `from`; what is not within `min` and `max` is beyond, and what is no number
    /// at all counts as absent, because that is how data frames write it, and is in `nan`.
    pub(crate) fn thousandths(&self, from: usize, rows: usize, (min, max): (i64, i64), block: &mut Block) {
        block.valid = valid(self.nulls, from, rows);
        (block.beyond, block.nan) = (0, 0);
        if block.valid == 0 {
            return;
        }
        let out = &mut block.numbers[..rows];
        let kept = |value: i64| (value, value < min || value > max);
        let beyond = match self.native {
            Native::I8(all) => each(&all[from..], out, |one| kept(i64::from(one) * 1000)),
            Native::I16(all) => each(&all[from..], out, |one| kept(i64::from(one) * 1000)),
            Native::I32(all) => each(&all[from..], out, |one| kept(i64::from(one) * 1000)),
            Native::U8(all) => each(&all[from..], out, |one| kept(i64::from(one) * 1000)),
            Native::U16(all) => each(&all[from..], out, |one| kept(i64::from(one) * 1000)),
            Native::U32(all) => each(&all[from..], out, |one| kept(i64::from(one) * 1000)),
            Native::I64(all) => each(&all[from..], out, |one| {
                let value = one.saturating_mul(1000);
                (value, kept(value).1 || one.checked_mul(1000).is_none())
            }),
            Native::U64(all) => each(&all[from..], out, |one| {
                let value = i64::try_from(one).ok().and_then(|one| one.checked_mul(1000));
                value.map_or((0, true), kept)
            }),
            Native::F32(all) => floats(&all[from..from + rows], out, (min, max), &mut block.nan),
            Native::F64(all) => floats(&all[from..from + rows], out, (min, max), &mut block.nan),
            // As our own files have them.
            Native::D64(all, 3) => {
                out.copy_from_slice(&all[from..from + rows]);
                if all_within(out, (min, max)) { 0 } else { there(out, |one| kept(one).1) }
            }
            Native::D32(all, scale) => {
                each(&all[from..], out, |one| decimal(one.into(), scale).map_or((0, true), kept))
            }
            Native::D64(all, scale) => {
                each(&all[from..], out, |one| decimal(one.into(), scale).map_or((0, true), kept))
            }
            Native::D128(all, scale) => {
                each(&all[from..], out, |one| decimal(one, scale).map_or((0, true), kept))
            }
        };
        block.nan &= block.valid;
        block.valid &= !block.nan;
        block.beyond = beyond & block.valid;
    }
}

fn widen<T: Copy + Into<i64>>(all: &[T], out: &mut [i64]) {
    out.iter_mut().zip(all).for_each(|(to, &one)| *to = one.into());
}

/// Whether no number is beyond. It may say no of numbers that all are within, but not if the span is 32 or 64 bits
/// wide: then their distances from the least have no higher bit, nor has all of them together. A processor works this
/// out for several numbers at once.
fn all_within(numbers: &[i64], (min, max): (i64, i64)) -> bool {
    let bits = numbers.iter().fold(0, |bits, one| bits | one.wrapping_sub(min) as u64);
    bits <= max.wrapping_sub(min) as u64
}

/// Converts a block; the bits say which were beyond.
#[inline(always)]
fn each<T: Copy>(all: &[T], out: &mut [i64], convert: impl Fn(T) -> (i64, bool)) -> u64 {
    let mut any = false;
    for (to, &one) in out.iter_mut().zip(all) {
        let (value, beyond) = convert(one);
        *to = value;
        any |= beyond;
    }
    if any { there(&all[..out.len()], |one| convert(one).1) } else { 0 }
}

/// Thousandths of a decimal, half away from zero; nothing if they do not fit.
fn decimal(unscaled: i128, scale: i8) -> Option<i64> {
    let power = 10_i128.checked_pow((3 - i32::from(scale)).unsigned_abs())?;
    let thousandths = if scale <= 3 {
        unscaled.checked_mul(power)?
    } else {
        let (whole, rest) = (unscaled / power, unscaled % power);
        whole + if rest.unsigned_abs() * 2 >= power.unsigned_abs() { rest.signum() } else { 0 }
    };
    i64::try_from(thousandths).ok()
}

/// The bits of the rows for which it holds.
#[inline(always)]
fn there<T: Copy>(all: &[T], holds: impl Fn(T) -> bool) -> u64 {
    if all.iter().all(|&one| holds(one)) {
        return first(all.len());
    }
    all.iter().rev().fold(0, |bits, &one| bits << 1 | u64::from(holds(one)))
}

/// Thousandths of floats, half away from zero. Sets the bits of what is no number, and gives those of what is beyond.
fn floats<T: Copy + Into<f64>>(all: &[T], out: &mut [i64], (min, max): (i64, i64), nan: &mut u64) -> u64 {
    // Adding three halves of 2^52 leaves no room for a fraction: the number stands, rounded, in the low bits of the
    // sum. That holds below 2^51, and compilers know how to do it for several numbers at once.
    const SHIFT: f64 = 6_755_399_441_055_744.0;
    let bound = (max.min(1 << 51)) as f64;
    let mut usual = true;
    for (to, &one) in out.iter_mut().zip(all) {
        let wide = one.into() * 1000.0;
        usual &= wide.abs() < bound;
        let sum = wide + SHIFT;
        // A half went to the even neighbour; it shall go away from zero.
        let rest = wide - (sum - SHIFT);
        let up = i64::from((rest == 0.5) & (wide > 0.0));
        let down = i64::from((rest == -0.5) & (wide < 0.0));
        *to = (sum.to_bits() as i64).wrapping_sub(SHIFT.to_bits() as i64) + up - down;
    }
    if usual { 0 } else { odd_floats(all, out, (min, max), nan) }
}

#[cold]
fn odd_floats<T: Copy + Into<f64>>(all: &[T], out: &mut [i64], (min, max): (i64, i64), nan: &mut u64) -> u64 {
    *nan = there(all, |one| one.into().is_nan());
    each(all, out, |one| {
        let wide = one.into() * 1000.0;
        let value = wide.round() as i64;
        // `as` saturates, so that infinity and 1e300 would pass for the largest number.
        (value, value < min || value > max || value == i64::MAX || value == i64::MIN)
    })
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn decimals_become_thousandths_half_away_from_zero() {
        assert_eq!(decimal(231_400, 3), Some(231_400));
        assert_eq!(decimal(-2314, 1), Some(-231_400));
        assert_eq!(decimal(3, -2), Some(300_000));
        assert_eq!(decimal(23_140_049, 5), Some(231_400));
        assert_eq!(decimal(23_140_050, 5), Some(231_401));
        assert_eq!(decimal(-23_140_050, 5), Some(-231_401));
        assert_eq!(decimal(i128::MAX, 0), None);
        assert_eq!(decimal(i128::MAX, 3), None);
        assert_eq!(decimal(1, 127), None);
    }
}
