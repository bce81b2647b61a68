//! The kinds of events: one table.

/// The number of an event in IS 15959, or from 401 on of Gridwarden's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code(pub u16);

/// How many blocks of five seconds a condition holds before its event occurs, and is gone before it is restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Running, without one that is clear.
    pub occurs: u16,
    /// Running, without one that meets the rule. Zero: the event has no restoration.
    pub restored: u16,
}

macro_rules! kinds {
    ($(
        $(#[doc = $doc:literal])*
        $name:ident: $text:literal, $code:literal, $occurs:literal / $restored:literal, $innocent:literal;
    )*) => {
        /// What can be noticed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind {
            $($(#[doc = $doc])* $name,)*
        }

        impl Kind {
            /// All kinds, in the order in which a block's events are reported.
            pub const ALL: [Self; [$($code),*].len()] = [$(Self::$name),*];

            /// The name, as head-ends and the engine write it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The number of its occurrence.
            pub fn occurs(self) -> Code {
                match self { $(Self::$name => Code($code),)* }
            }

            /// How long it takes.
            pub fn times(self) -> Times {
                match self { $(Self::$name => Times { occurs: $occurs, restored: $restored },)* }
            }

            /// What it means.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),*).trim_ascii_start(),)* }
            }

            /// An innocent cause that has to be looked at before a customer is suspected.
            pub fn innocent(self) -> &'static str {
                match self { $(Self::$name => $innocent,)* }
            }
        }
    };
}

kinds! {
    /// More current in the phase than in the neutral: a part returns through earth.
    EarthLoading: "earth-loading", 69, 5 / 5, "a leak to earth, or a neutral that houses share";
    /// More current in the neutral than in the phase: a wire around the phase terminals.
    CurrentBypass: "current-bypass", 65, 5 / 5, "a neighbour's current in this neutral";
    /// Energy flows backwards where nothing generates.
    CurrentReversed: "current-reversed-a", 51, 2 / 2, "solar cells that are not registered, or swapped wires";
    /// Current without voltage: the meter's neutral is off.
    NeutralMissing: "neutral-missing", 207, 2 / 2, "a loose screw, or a broken neutral of the utility";
    /// The magnet sensor, or a current whose half-waves differ for half an hour.
    Magnet: "magnet", 201, 1 / 6, "a heater on half-waves, if the wave alone shows it";
    /// The meter's cover.
    CoverOpen: "cover-open", 251, 1 / 0, "an inspector";
    /// The cover of the terminals.
    TerminalCoverOpen: "terminal-cover-open", 404, 1 / 0, "an electrician";
    /// Voltage behind an open relay.
    LoadSideVoltage: "load-side-voltage", 407, 2 / 2, "a generator, or contacts that are welded";
    /// Five minutes above 120 % of the nominal voltage.
    OverVoltage: "over-voltage", 7, 60 / 60, "a broken neutral of the utility";
    /// Five minutes below 70 %.
    LowVoltage: "low-voltage", 9, 60 / 60, "a weak feeder";
    /// Five minutes above 110 % of the largest current, in the phase.
    OverCurrent: "over-current", 67, 60 / 60, "a load beyond the contract";
    /// Half an hour below 0.5 with a load.
    VeryLowPowerFactor: "very-low-power-factor", 205, 360 / 360, "a motor that idles";
    /// Five minutes above 110 % of the largest current, in the neutral.
    HighNeutralCurrent: "high-neutral-current", 405, 60 / 60, "harmonics of many houses in one neutral";
}

impl Kind {
    /// The number of its restoration: the even one after its own.
    pub fn restored(self) -> Option<Code> {
        (self.times().restored > 0).then_some(Code(self.occurs().0 + 1))
    }
}
