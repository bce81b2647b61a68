//! What can be wrong with data, as two closed lists: an [`Issue`] comes with a value, a [`Reason`] in the place of one.

#[cfg(feature = "serde")]
mod stored;

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// All of them, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name that counters, files and messages use.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The one of this name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.name())
            }
        }
    };
}

named! {
    /// Something odd about a reading or an interval that was kept.
    Issue {
        /// A field that the wire format does not define; it was ignored.
        UnknownField = "unknown-field",
        /// A current with a sign; its size is used.
        NegativeCurrent = "negative-current",
        /// A voltage that no supply has; it was left out.
        VoltageImplausible = "voltage-implausible",
        /// A current beyond the limit; it was left out.
        CurrentImplausible = "current-implausible",
        /// A power beyond the limit; it was left out.
        PowerImplausible = "power-implausible",
        /// A register below zero; it was left out.
        NegativeRegister = "negative-register",
        /// An event, or a position of the relay, with an unknown name; it was left out.
        UnknownEvent = "unknown-event",
        /// A meter reported more events in one interval than are kept; the last ones were left out.
        EventsLeftOut = "events-left-out",
        /// A second reading of the same meter and time; only the first counts.
        Repeat = "repeat",
        /// The reading came after its interval was closed.
        Late = "late",
        /// The meter's clock runs ahead of the others; the reading waited and moved no watermark.
        ClockAhead = "clock-ahead",
        /// A register returned to zero at its last digit.
        Rollover = "rollover",
        /// A register fell to (nearly) zero before its last digit.
        Reset = "reset",
        /// A register fell by so much that it is no reset. Nothing was counted across it, or it was passed over.
        RegisterFell = "register-fell",
        /// A register rose by more than the limit allows. Nothing was counted across it, or it was passed over.
        RegisterJumped = "register-jumped",
        /// Readings are missing; the energy in between was estimated.
        Gap = "gap",
        /// Readings are missing for longer than the plan allows to fill; the energy in between belongs to no interval.
        GapTooLong = "gap-too-long",
        /// The device was exchanged; registers before and after are not compared.
        Swap = "swap",
        /// Registers and instantaneous power give different energies.
        Disagrees = "disagrees",
        /// A column of numbers holds NaN; the value was left out.
        NotANumber = "not-a-number",
    }
}

named! {
    /// Why some bytes became no reading.
    Reason {
        /// The bytes are no text.
        NotUtf8 = "not-utf8",
        /// The line is no JSON object.
        NotJson = "not-json",
        /// The message is no Arrow IPC stream of uncompressed columns.
        NotArrow = "not-arrow",
        /// The object or frame ends too soon.
        Torn = "torn",
        /// No `meter`.
        MeterMissing = "meter-missing",
        /// `meter` is not 1 to 32 of `A-Z a-z 0-9 . _ -`.
        MeterName = "meter-name",
        /// No `time`.
        TimeMissing = "time-missing",
        /// `time` is neither RFC 3339 with an offset nor integer milliseconds.
        TimeFormat = "time-format",
        /// `time` is before 2000 or after 2100.
        TimeImplausible = "time-implausible",
        /// Nothing but a meter and a time.
        NothingMeasured = "nothing-measured",
        /// A known field holds another type than the wire format defines.
        FieldType = "field-type",
        /// A number is too large to be kept.
        NumberRange = "number-range",
        /// A field stands twice in one object.
        FieldTwice = "field-twice",
        /// A frame of an unknown version.
        FrameVersion = "frame-version",
        /// A frame whose length does not fit its contents.
        FrameLength = "frame-length",
        /// A frame with a wrong checksum.
        FrameChecksum = "frame-checksum",
        /// The line or message is longer than any that is read.
        TooLong = "too-long",
        /// The reading came after its interval was closed.
        Late = "late",
        /// The meter's clock runs ahead by more than the engine waits for.
        ClockAhead = "clock-ahead",
        /// One meter sent more readings in one interval than the engine adds up.
        TooMany = "too-many",
    }
}

/// A set of [`Issue`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Issues(u32);

impl Issues {
    /// None.
    pub const NONE: Self = Self(0);

    /// Adds one.
    pub fn insert(&mut self, issue: Issue) {
        self.0 |= 1 << issue as u32;
    }

    /// Whether it is in.
    pub fn contains(self, issue: Issue) -> bool {
        self.0 & (1 << issue as u32) != 0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those that are in.
    pub fn iter(self) -> impl Iterator<Item = Issue> {
        Issue::ALL.iter().copied().filter(move |&issue| self.contains(issue))
    }
}

/// How often each [`Issue`] and each [`Reason`] was met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    issues: [u64; Issue::ALL.len()],
    reasons: [u64; Reason::ALL.len()],
}

impl Default for Counts {
    fn default() -> Self {
        Self { issues: [0; Issue::ALL.len()], reasons: [0; Reason::ALL.len()] }
    }
}

impl Counts {
    /// Counts one issue.
    pub fn issue(&mut self, issue: Issue) {
        self.issues(issue, 1);
    }

    /// Counts an issue so many times.
    pub fn issues(&mut self, issue: Issue, times: u64) {
        self.issues[issue as usize] += times;
    }

    /// Counts one refusal.
    pub fn reason(&mut self, reason: Reason) {
        self.reasons(reason, 1);
    }

    /// Counts a refusal so many times.
    pub fn reasons(&mut self, reason: Reason, times: u64) {
        self.reasons[reason as usize] += times;
    }

    /// How often an issue was met.
    pub fn of_issue(&self, issue: Issue) -> u64 {
        self.issues[issue as usize]
    }

    /// How often a reason was met.
    pub fn of_reason(&self, reason: Reason) -> u64 {
        self.reasons[reason as usize]
    }

    /// Adds another count to this one.
    pub fn add(&mut self, other: &Self) {
        self.issues.iter_mut().zip(other.issues).for_each(|(sum, more)| *sum += more);
        self.reasons.iter_mut().zip(other.reasons).for_each(|(sum, more)| *sum += more);
    }
}
