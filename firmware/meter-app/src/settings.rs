//! What a utility sets, and the meter must not forget.

use meter_log::{CONFIGURATION_BYTES, Calendar, Configuration};
use meter_tamper::Limits;
use meter_wire::command::{LoadLimit, Rules};

/// The layout of the stored bytes.
const VERSION: u16 = 1;

/// Everything that is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Intervals, local time and billing day. A change counts from the next start on.
    pub calendar: Calendar,
    /// Sizes of the tamper rules. A change counts from the next start on.
    pub limits: Limits,
    /// The last command opened the relay.
    pub disconnected: bool,
    /// The load from which the relay opens.
    pub load_limit: LoadLimit,
    /// Up to which reading of the import register energy is paid for, in Wh. `None`: bills follow the use.
    pub paid_until_wh: Option<u64>,
    /// When and why the relay opens by itself.
    pub rules: Rules,
}

impl Settings {
    /// As they are stored.
    pub fn to_record(&self, time: u32) -> Configuration {
        let mut bytes = [0; CONFIGURATION_BYTES];
        let mut rest = &mut bytes[..];
        let mut put = |field: &[u8]| {
            let (place, behind) = core::mem::take(&mut rest).split_at_mut(field.len());
            place.copy_from_slice(field);
            rest = behind;
        };
        put(&self.calendar.interval_s.to_le_bytes());
        put(&self.calendar.offset_s.to_le_bytes());
        put(&[self.calendar.billing_day]);
        put(&self.limits.nominal_mv.to_le_bytes());
        put(&self.limits.largest_ua.to_le_bytes());
        put(&[u8::from(self.limits.exports) | u8::from(self.disconnected) << 1]);
        put(&self.load_limit.watts.to_le_bytes());
        put(&self.load_limit.seconds.to_le_bytes());
        put(&[self.load_limit.reconnects]);
        put(&self.paid_until_wh.unwrap_or(u64::MAX).to_le_bytes());
        for word in self.rules.friendly.iter().chain(&self.rules.openers) {
            put(&word.to_le_bytes());
        }
        Configuration { time, version: VERSION, bytes }
    }

    /// `None` if another firmware stored them in another layout.
    pub fn of(record: &Configuration) -> Option<Self> {
        if record.version != VERSION {
            return None;
        }
        let mut from = Fields(&record.bytes);
        let calendar =
            Calendar { interval_s: from.u32()?, offset_s: from.u32()? as i32, billing_day: from.u8()? };
        let (nominal_mv, largest_ua, flags) = (from.u32()?, from.u32()?, from.u8()?);
        let load_limit = LoadLimit { watts: from.u32()?, seconds: from.u16()?, reconnects: from.u8()? };
        let paid = from.u64()?;
        let friendly = [from.u16()?, from.u16()?];
        let openers = [from.u16()?, from.u16()?, from.u16()?, from.u16()?];
        Some(Self {
            calendar,
            limits: Limits { nominal_mv, largest_ua, exports: flags & 1 != 0 },
            disconnected: flags & 2 != 0,
            load_limit,
            paid_until_wh: (paid != u64::MAX).then_some(paid),
            rules: Rules { friendly, openers },
        })
    }

    /// Whether a moment is within the friendly hours, by local time.
    pub fn is_friendly(&self, time: u32) -> bool {
        let [begin, end] = self.rules.friendly.map(i64::from);
        let minute = (i64::from(time) + i64::from(self.calendar.offset_s)).rem_euclid(86_400) / 60;
        if begin <= end { (begin..end).contains(&minute) } else { minute >= begin || minute < end }
    }

    /// What is left of the credit, in Wh; negative beyond it. `None` without one.
    pub fn credit_wh(&self, import_micro: u64) -> Option<i64> {
        let used = (import_micro / 1_000_000) as i64;
        self.paid_until_wh.map(|until| until.min(i64::MAX as u64) as i64 - used)
    }
}

/// What is left to read.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*field)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take().map(u8::from_le_bytes)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }
}
