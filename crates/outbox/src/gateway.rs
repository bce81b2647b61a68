//! What is known of a gateway.

use crate::Moment;

/// Whether messages can go to a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GatewayState {
    /// They can.
    Up,
    /// There is no connection since then.
    Down(Moment),
}

/// A gateway and its window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gateway {
    pub(crate) state: GatewayState,
    /// Submissions that are not answered, or whose answer is not stored yet.
    pub(crate) in_flight: u32,
    /// It asked for a pause until then.
    pub(crate) pause_until: Moment,
    /// How often in a row it asked for one.
    pub(crate) throttled: u32,
    /// It takes nothing from us until then, as far as we know.
    pub(crate) closed_until: Moment,
}

impl Gateway {
    pub(crate) fn new(now: Moment) -> Self {
        let never = Moment(i64::MIN);
        Self {
            state: GatewayState::Down(now),
            in_flight: 0,
            pause_until: never,
            closed_until: never,
            throttled: 0,
        }
    }

    /// Whether a message should rather wait for it than go to the next one.
    pub(crate) fn is_worth_waiting(&self, now: Moment, failover_after: i64) -> bool {
        match self.state {
            _ if self.closed_until > now => false,
            GatewayState::Up => true,
            GatewayState::Down(since) => now.since(since) < failover_after,
        }
    }

    pub(crate) fn takes(&self, now: Moment, window: u32) -> bool {
        self.state == GatewayState::Up
            && self.in_flight < window
            && self.pause_until <= now
            && self.closed_until <= now
    }
}
