//! A frame into a reading.

use super::LONGEST;
use super::layout::{CHECKSUM, EPOCH_MS, IN_MS, Packing, VERSION, bit, checksum};
use reading::{EventCode, EventTime, MeterId, Phases, RawReading, Reason, id};
use units::{
    Milliamperes, Millihertz, Millivars, Millivolts, Milliwatts, VarHours, VoltAmpereHours, WattHours,
};

/// Reads one frame, which is all that `frame` holds, into `raw`.
///
/// Nothing that `raw` held before is left; after a refusal its content has no meaning.
pub fn decode(frame: &[u8], raw: &mut RawReading) -> Result<(), Reason> {
    if *frame.first().ok_or(Reason::Torn)? != VERSION {
        return Err(Reason::FrameVersion);
    }
    if frame.len() > LONGEST {
        return Err(Reason::FrameLength);
    }
    let (frame, sum) = frame.split_last_chunk::<CHECKSUM>().ok_or(Reason::Torn)?;
    if checksum(frame) != u16::from_le_bytes(*sum) {
        return Err(Reason::FrameChecksum);
    }
    // From here on the bytes are as they were sent: any other fault is the sender's.
    let mut from = Reader { rest: frame.get(1..).ok_or(Reason::Torn)? };
    let fields = from.varint()?;
    if fields >= bit::UNKNOWN || bit::MORE.iter().any(|(more, field)| fields & (more | field) == *more) {
        return Err(Reason::FrameVersion);
    }
    let has = |field: u64| fields & field != 0;
    let (meter, in_ms) = from.name()?;
    raw.meter = meter;
    let since_epoch =
        if in_ms { from.signed()? } else { i64::from(u32::from_le_bytes(from.bytes()?)) * 1000 };
    raw.time = EventTime(EPOCH_MS.wrapping_add(since_epoch));
    raw.imp = from.optional(has(bit::IMP), WattHours)?;
    raw.exp = from.optional(has(bit::EXP), WattHours)?;
    raw.v = from.small_phases(has(bit::V), has(bit::V_THREE), Millivolts)?;
    raw.i = from.small_phases(has(bit::I), has(bit::I_THREE), Milliamperes)?;
    raw.neutral = match (from.optional(has(bit::NEUTRAL), |above| above)?, raw.i) {
        (None, _) => None,
        (Some(above), Some(Phases::One(i))) => {
            Some(Milliamperes(small(above.checked_add(i64::from(i.0)).ok_or(Reason::NumberRange)?)?))
        }
        (Some(neutral), _) => Some(Milliamperes(small(neutral)?)),
    };
    raw.p = from.phases(has(bit::P), has(bit::P_THREE), Reader::without_zeros, |p| Ok(Milliwatts(p)))?;
    raw.q = from.phases(has(bit::Q), has(bit::Q_THREE), Reader::without_zeros, |q| Ok(Millivars(q)))?;
    raw.seq = if has(bit::SEQ) { Some(from.varint()?) } else { None };
    raw.f = from.optional(has(bit::F), small)?.transpose()?.map(Millihertz);
    raw.v_load = from.optional(has(bit::V_LOAD), small)?.transpose()?.map(Millivolts);
    raw.lag = from.optional(has(bit::LAG), VarHours)?;
    raw.lead = from.optional(has(bit::LEAD), VarHours)?;
    raw.vah = from.optional(has(bit::VAH), VoltAmpereHours)?;
    raw.events.clear();
    raw.unknown_event = false;
    if has(bit::EVENTS) {
        // The count is not trusted: each code takes a byte at least, so that the end of the frame ends this too.
        for _ in 0..from.varint()? {
            let code = u16::try_from(from.varint()?).map_err(|_| Reason::NumberRange)?;
            raw.events.push(EventCode(code));
        }
    }
    raw.relay = has(bit::RELAY).then_some(has(bit::RELAY_ON));
    if from.rest.is_empty() { Ok(()) } else { Err(Reason::FrameLength) }
}

/// The rest of a frame.
struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Reason> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Reason::FrameLength)?;
        self.rest = rest;
        Ok(*bytes)
    }

    fn varint(&mut self) -> Result<u64, Reason> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.bytes()?;
            let seven = u64::from(byte & 0x7f);
            // Bits beyond the sixty-fourth would be lost.
            if seven << shift >> shift != seven {
                return Err(Reason::NumberRange);
            }
            value |= seven << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Reason::NumberRange)
    }

    fn signed(&mut self) -> Result<i64, Reason> {
        self.varint().map(unzigzag)
    }

    fn without_zeros(&mut self) -> Result<i64, Reason> {
        let written = self.varint()?;
        let zeros = (written & 3) as u32;
        unzigzag(written >> 2).checked_mul(10_i64.pow(zeros)).ok_or(Reason::NumberRange)
    }

    fn optional<T>(&mut self, there: bool, quantity: impl Fn(i64) -> T) -> Result<Option<T>, Reason> {
        if there { self.signed().map(|value| Some(quantity(value))) } else { Ok(None) }
    }

    fn small_phases<T>(
        &mut self,
        there: bool,
        three: bool,
        quantity: impl Fn(i32) -> T,
    ) -> Result<Option<Phases<T>>, Reason> {
        self.phases(there, three, Self::signed, |value| small(value).map(&quantity))
    }

    fn phases<T>(
        &mut self,
        there: bool,
        three: bool,
        mut read: impl FnMut(&mut Self) -> Result<i64, Reason>,
        quantity: impl Fn(i64) -> Result<T, Reason>,
    ) -> Result<Option<Phases<T>>, Reason> {
        if !there {
            return Ok(None);
        }
        let a = read(self)?;
        if !three {
            return Ok(Some(Phases::One(quantity(a)?)));
        }
        let b = a.wrapping_add(read(self)?);
        let c = a.wrapping_add(read(self)?);
        Ok(Some(Phases::Three([quantity(a)?, quantity(b)?, quantity(c)?])))
    }

    /// The name, and whether the time is in milliseconds.
    fn name(&mut self) -> Result<(MeterId, bool), Reason> {
        let [head] = self.bytes()?;
        let length = usize::from(head & 0x1f) + 1;
        let packing = *Packing::ALL.get(usize::from(head >> 5 & 3)).ok_or(Reason::FrameVersion)?;
        let mut name = [0; id::LONGEST];
        let name = name.get_mut(..length).ok_or(Reason::MeterName)?;
        if packing == Packing::Ascii {
            let (letters, rest) = self.rest.split_at_checked(length).ok_or(Reason::FrameLength)?;
            name.copy_from_slice(letters);
            self.rest = rest;
        } else {
            for three in name.chunks_mut(3) {
                let packed = u16::from_le_bytes(self.bytes()?);
                let digits = [packed / 1600, packed / 40 % 40, packed % 40];
                for (letter, digit) in three.iter_mut().zip(digits) {
                    *letter = packing.letter(digit).ok_or(Reason::MeterName)?;
                }
                // Letters behind the end are refused, so that a name is packed in only one way.
                if digits[three.len()..].iter().any(|&digit| digit != 0) {
                    return Err(Reason::MeterName);
                }
            }
        }
        Ok((MeterId::new(name).ok_or(Reason::MeterName)?, head & IN_MS != 0))
    }
}

fn small(value: i64) -> Result<i32, Reason> {
    i32::try_from(value).map_err(|_| Reason::NumberRange)
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}
