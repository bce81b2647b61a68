//! Values of an output: what a cell may hold, whichever form it is written in.

use jiff::civil::{Date, date};
use reading::{AreaId, EventTime, FeederId, MeterId, Quality, TransformerId};
use std::borrow::Cow;
use units::{Amperes, Ratio, VoltAmperes, Volts, WattHours, Watts};

/// One value of a row. Every form of an output (Parquet, Arrow, JSON) is made from it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'v> {
    /// Not known, or not applicable: null.
    Nothing,
    /// The name of a meter: letters that need no escape in any form.
    Name(&'v [u8]),
    /// Any other text.
    Text(Cow<'v, str>),
    /// A point in time.
    Time(EventTime),
    /// A local day.
    Day(Date),
    /// A whole number.
    Whole(i64),
    /// A number with decimals.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// How the energy of an interval came about.
    Quality(Quality),
    /// Numbers in a list.
    Numbers(&'v [f64]),
    /// Objects and lists, which stand in JSON only.
    Json(serde_json::Value),
}

/// What all values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Text, one of few or many.
    Text,
    /// A point in time, UTC.
    Time,
    /// A local day.
    Day,
    /// A whole number of 64 bits.
    Whole,
    /// How many of something: a whole number of 32 bits.
    Count,
    /// A number with decimals.
    Number,
    /// Yes or no.
    Flag,
    /// How the energy of an interval came about: a text of few.
    Quality,
    /// Numbers in a list.
    Numbers,
    /// Objects and lists, which stand in JSON only.
    Json,
}

impl Type {
    /// The type in words, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text | Self::Quality => "text",
            Self::Time => "time, UTC",
            Self::Day => "day",
            Self::Whole | Self::Count => "whole number",
            Self::Number => "number",
            Self::Flag => "yes or no",
            Self::Numbers => "list of numbers",
            Self::Json => "objects (JSON only)",
        }
    }
}

/// A Rust type that a column may have. Its impl decides how the column is stored, so that a declaration needs no more
/// than an expression.
pub trait Cell: Sized {
    /// What it is.
    const TYPE: Type;
    /// Its unit, if the type itself has one; a test compares it with the declared unit.
    const UNIT: &'static str = "";
    /// Whether a value may be missing.
    const OPTIONAL: bool = false;

    /// The value.
    fn value<'v>(self) -> Value<'v>
    where
        Self: 'v;
}

macro_rules! cells {
    ($($cell:ty => $type:ident $unit:expr, |$it:ident| $value:expr;)*) => {$(
        impl Cell for $cell {
            const TYPE: Type = Type::$type;
            const UNIT: &'static str = $unit;

            #[inline(always)]
            fn value<'v>(self) -> Value<'v>
            where
                Self: 'v,
            {
                let $it = self;
                $value
            }
        }
    )*};
}

cells! {
    &MeterId => Text "", |it| Value::Name(it.as_bytes());
    &TransformerId => Text "", |it| Value::Text(Cow::Borrowed(it.as_str()));
    &FeederId => Text "", |it| Value::Text(Cow::Borrowed(it.as_str()));
    &AreaId => Text "", |it| Value::Text(Cow::Borrowed(it.as_str()));
    &str => Text "", |it| Value::Text(Cow::Borrowed(it));
    String => Text "", |it| Value::Text(Cow::Owned(it));
    EventTime => Time "", |it| Value::Time(it);
    Date => Day "", |it| Value::Day(it);
    i64 => Whole "", |it| Value::Whole(it);
    u32 => Count "", |it| Value::Whole(it.into());
    u16 => Count "", |it| Value::Whole(it.into());
    f64 => Number "", |it| Value::Number(it);
    bool => Flag "", |it| Value::Flag(it);
    Quality => Quality "", |it| Value::Quality(it);
    &[f64] => Numbers "", |it| Value::Numbers(it);
    serde_json::Value => Json "", |it| Value::Json(it);
    WattHours => Whole WattHours::UNIT, |it| Value::Whole(it.0);
    Watts => Number Watts::UNIT, |it| Value::Number(it.0);
    Volts => Number Volts::UNIT, |it| Value::Number(it.0);
    Amperes => Number Amperes::UNIT, |it| Value::Number(it.0);
    VoltAmperes => Number VoltAmperes::UNIT, |it| Value::Number(it.0);
    Ratio => Number "", |it| Value::Number(it.0);
}

impl<T: Cell> Cell for Option<T> {
    // A count that may be missing is stored in 64 bits, as in the first files.
    const TYPE: Type = match T::TYPE {
        Type::Count => Type::Whole,
        other => other,
    };
    const UNIT: &'static str = T::UNIT;
    const OPTIONAL: bool = true;

    #[inline(always)]
    fn value<'v>(self) -> Value<'v>
    where
        Self: 'v,
    {
        match self {
            Some(it) => it.value(),
            None => Value::Nothing,
        }
    }
}

impl Value<'_> {
    /// What is stored of a time, day, whole number or flag.
    #[inline(always)]
    pub(crate) fn whole(&self) -> Option<i64> {
        match self {
            Self::Time(time) => Some(time.0),
            Self::Day(day) => Some(days_since_1970(*day).into()),
            Self::Whole(number) => Some(*number),
            Self::Flag(flag) => Some((*flag).into()),
            _ => None,
        }
    }

    /// What is stored of a number.
    #[inline(always)]
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// What is stored of a text.
    #[inline(always)]
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Name(name) => Some(name),
            Self::Text(text) => Some(text.as_bytes()),
            _ => None,
        }
    }

    /// What is stored of a quality.
    #[inline(always)]
    pub(crate) fn quality(&self) -> Option<Quality> {
        match self {
            Self::Quality(quality) => Some(*quality),
            _ => None,
        }
    }
}

fn days_since_1970(day: Date) -> i32 {
    let since = day.duration_since(date(1970, 1, 1));
    // At most some four million either way: jiff's years are -9999 to 9999.
    (since.as_hours() / 24) as i32
}
