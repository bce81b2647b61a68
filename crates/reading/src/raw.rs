//! What some bytes claimed, before the check whether it can be true.

use crate::{EventCode, EventTime, MeterId};
use alloc::vec::Vec;
use units::{
    Milliamperes, Millihertz, Millivars, Millivolts, Milliwatts, VarHours, VoltAmpereHours, WattHours,
};

/// One number for the whole meter, or one for each phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phases<T> {
    /// A single-phase meter, or a total.
    One(T),
    /// Phases a, b and c.
    Three([T; 3]),
}

impl<T: Copy> Phases<T> {
    /// The numbers, one or three.
    pub fn as_slice(&self) -> &[T] {
        match self {
            Self::One(one) => core::slice::from_ref(one),
            Self::Three(three) => three,
        }
    }
}

/// One message of one meter, field by field as the wire format names them.
///
/// Instantaneous numbers are kept to the thousandth (more decimals are rounded half away from zero): no meter
/// in a street resolves less, and whole numbers add up the same in any order.
#[derive(Debug, Clone, PartialEq)]
pub struct RawReading {
    /// `meter`
    pub meter: MeterId,
    /// `time`: the instant, or the end of the interval that the values describe.
    pub time: EventTime,
    /// `imp`: cumulative import register.
    pub imp: Option<WattHours>,
    /// `exp`: cumulative export register.
    pub exp: Option<WattHours>,
    /// `v`: phase voltage.
    pub v: Option<Phases<Millivolts>>,
    /// `i`: phase current.
    pub i: Option<Phases<Milliamperes>>,
    /// `in`: neutral current.
    pub neutral: Option<Milliamperes>,
    /// `vl`: voltage on the load side of the meter.
    pub v_load: Option<Millivolts>,
    /// `p`: active power, negative is export.
    pub p: Option<Phases<Milliwatts>>,
    /// `q`: reactive power, positive is lagging.
    pub q: Option<Phases<Millivars>>,
    /// `lag`: cumulative lagging reactive energy.
    pub lag: Option<VarHours>,
    /// `lead`: cumulative leading reactive energy.
    pub lead: Option<VarHours>,
    /// `vah`: cumulative apparent energy.
    pub vah: Option<VoltAmpereHours>,
    /// `f`: frequency.
    pub f: Option<Millihertz>,
    /// `ev`: event codes.
    pub events: Vec<EventCode>,
    /// `ev` or `relay` held an unknown name, which was left out.
    pub unknown_event: bool,
    /// `relay`: whether the supply relay is on.
    pub relay: Option<bool>,
    /// `seq`: message counter of the meter.
    pub seq: Option<u64>,
}

impl RawReading {
    /// A reading that holds only a meter and a time.
    pub fn new(meter: MeterId, time: EventTime) -> Self {
        Self {
            meter,
            time,
            imp: None,
            exp: None,
            v: None,
            i: None,
            neutral: None,
            v_load: None,
            p: None,
            q: None,
            lag: None,
            lead: None,
            vah: None,
            f: None,
            events: Vec::new(),
            unknown_event: false,
            relay: None,
            seq: None,
        }
    }

    /// Whether it measured anything that a [`Reading`](crate::Reading) and its [`Extra`](crate::Extra) do not keep. A
    /// message counter measures nothing.
    pub fn measures_more(&self) -> bool {
        self.lag.is_some() || self.lead.is_some() || self.vah.is_some() || self.f.is_some()
    }
}
