//! The relay: why it is open, and when it is closed again.

use core::fmt;
use meter_wire::command::LoadLimit;

/// Why the relay is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A command.
    Command,
    /// The energy that was paid for is used up.
    Credit,
    /// The load was above its limit.
    Load,
    /// An event that opens the relay while it lasts. By default none does.
    Tamper,
}

/// What a step looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// How long it took, in seconds.
    pub seconds: u16,
    /// Imported power, in mW.
    pub milliwatts: i64,
    /// Whether the credit is used up.
    pub unpaid: bool,
    /// Whether no supply may end now for want of credit.
    pub friendly: bool,
    /// Whether an event lasts that opens the relay.
    pub tampered: bool,
}

/// The relay as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Supply {
    // Bits in the order of the reasons.
    reasons: u8,
    over_s: u16,
    under_s: u16,
    waits_s: u16,
    tries: u8,
    /// A command closed the relay while an event lasts that opens it.
    pardoned: bool,
}

/// A relay that a load opened is tried again after half a minute.
const TRY_AFTER_S: u16 = 30;

/// After the last try the customer has half an hour to switch something off (IS 16444 calls it the lock-out).
const LOCKED_S: u16 = 1_800;

impl Reason {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Command, Self::Credit, Self::Load, Self::Tamper];

    /// As a display shows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Credit => "credit",
            Self::Load => "load",
            Self::Tamper => "tamper",
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Supply {
    /// Whether the relay is to be closed.
    pub fn is_closed(&self) -> bool {
        self.reasons == 0
    }

    /// Why it is open, in the order of [`Reason::ALL`].
    pub fn reasons(self) -> impl Iterator<Item = Reason> {
        Reason::ALL.into_iter().filter(move |reason| self.reasons & reason.bit() != 0)
    }

    /// A command. To connect is to begin anew with the load and with events that last, but pays for nothing.
    pub fn command(&mut self, connect: bool) {
        self.set(Reason::Command, !connect);
        if connect {
            self.begin_anew();
            // Without a current, many events cannot be judged: they would hold the relay open for ever.
            self.pardoned = self.has(Reason::Tamper);
            self.set(Reason::Tamper, false);
        }
    }

    /// A new limit of the load: what the old one counted is over.
    pub fn begin_anew(&mut self) {
        self.set(Reason::Load, false);
        *self = Self { reasons: self.reasons, pardoned: self.pardoned, ..Self::default() };
    }

    /// Looks at the next seconds.
    pub fn step(&mut self, limit: &LoadLimit, seen: &Seen) {
        self.pardoned &= seen.tampered;
        self.set(Reason::Tamper, seen.tampered && !self.pardoned);
        // Who is without credit already stays so in friendly hours: they end no supply, and begin none.
        let spared = seen.friendly && !self.has(Reason::Credit);
        self.set(Reason::Credit, seen.unpaid && !spared);
        if self.has(Reason::Load) {
            self.waits_s = self.waits_s.saturating_sub(seen.seconds);
            if self.waits_s == 0 {
                self.set(Reason::Load, false);
                (self.over_s, self.under_s) = (0, 0);
            }
        } else {
            self.watch_load(limit, seen);
        }
    }

    fn watch_load(&mut self, limit: &LoadLimit, seen: &Seen) {
        let most = i64::from(limit.watts) * 1_000;
        if limit.watts == 0 || seen.milliwatts <= most {
            self.over_s = 0;
            self.under_s = self.under_s.saturating_add(seen.seconds);
            if self.under_s >= LOCKED_S {
                self.tries = 0;
            }
            return;
        }
        self.under_s = 0;
        self.over_s = self.over_s.saturating_add(seen.seconds);
        if self.over_s < limit.seconds {
            return;
        }
        self.set(Reason::Load, true);
        if self.tries < limit.reconnects {
            self.tries += 1;
            self.waits_s = TRY_AFTER_S;
        } else {
            self.tries = 0;
            self.waits_s = LOCKED_S;
        }
    }

    fn has(&self, reason: Reason) -> bool {
        self.reasons & reason.bit() != 0
    }

    fn set(&mut self, reason: Reason, holds: bool) {
        if holds {
            self.reasons |= reason.bit();
        } else {
            self.reasons &= !reason.bit();
        }
    }
}
