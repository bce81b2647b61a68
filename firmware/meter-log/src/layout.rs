//! What is kept where, and for how long.

use crate::ring::Ring;
use meter_tamper::Kind;

/// Everything of which records are kept, each in a ring of its own: one that is busy pushes out no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shelf {
    /// The registers of energy, every few seconds.
    Energy,
    /// The load profile.
    Profile,
    /// The registers at the end of each day.
    Daily,
    /// The registers at the end of each billing month.
    Billing,
    /// The constants of metrology.
    Calibration,
    /// What a utility sets.
    Configuration,
    /// Which firmware is installed.
    Image,
    /// Events of a kind.
    Events(Topic),
    /// The key of the line, and the numbers of its messages. Behind all others, where a log of before had none.
    Line,
}

/// The kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// One of the tamper rules.
    Tamper(Kind),
    /// The supply went away or came back.
    Power,
    /// The clock was set.
    Clock,
    /// The relay was opened or closed.
    Relay,
    /// Constants, configuration or firmware were changed.
    Change,
}

/// What a log holds beside events.
const REGULAR: [Shelf; 7] = [
    Shelf::Energy,
    Shelf::Profile,
    Shelf::Daily,
    Shelf::Billing,
    Shelf::Calibration,
    Shelf::Configuration,
    Shelf::Image,
];

/// Kinds of events that are no tampering.
const OWN: [Topic; 4] = [Topic::Power, Topic::Clock, Topic::Relay, Topic::Change];

/// The number of rings.
pub(crate) const SHELVES: usize = REGULAR.len() + Kind::ALL.len() + OWN.len() + 1;

impl Shelf {
    /// All of them, in the order in which they lie in the flash.
    pub fn all() -> impl Iterator<Item = Self> {
        REGULAR.into_iter().chain(Topic::all().map(Self::Events)).chain([Self::Line])
    }

    pub(crate) fn place(self) -> usize {
        match self {
            Self::Events(topic) => REGULAR.len() + topic.place(),
            Self::Line => SHELVES - 1,
            regular => REGULAR.iter().position(|one| *one == regular).unwrap_or_default(),
        }
    }

    /// What the ring is known by in the flash. A number that was once used keeps its meaning.
    #[inline(never)]
    pub(crate) fn id(self) -> u16 {
        match self {
            Self::Events(topic) => 1_000 + topic.code(),
            Self::Line => 8,
            regular => 1 + regular.place() as u16,
        }
    }
}

impl Topic {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        Kind::ALL.into_iter().map(Self::Tamper).chain(OWN)
    }

    fn place(self) -> usize {
        match self {
            Self::Tamper(kind) => kind as usize,
            own => Kind::ALL.len() + OWN.iter().position(|one| *one == own).unwrap_or_default(),
        }
    }

    /// The number of IS 15959 that stands for the kind.
    fn code(self) -> u16 {
        match self {
            Self::Tamper(kind) => kind.occurs().0,
            Self::Power => 101,
            Self::Clock => 151,
            Self::Change => 152,
            Self::Relay => 301,
        }
    }
}

/// How many sectors each ring has.
///
/// One sector is erased in advance and one is being filled, so a ring of `n` holds the records of `n - 2` at any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// The registers of energy: the more, the less each is worn.
    pub energy: u16,
    /// The load profile.
    pub profile: u16,
    /// Days.
    pub daily: u16,
    /// Billing months.
    pub billing: u16,
    /// Each of calibration, configuration, image and line.
    pub settings: u16,
    /// Each kind of events.
    pub events: u16,
}

impl Layout {
    /// For sectors of 4 kB: 1.5 MB in all.
    ///
    /// A start of the meter costs a slot in each ring that is written to afterwards, so rings are larger than their
    /// records: the profile holds 90 days of 15 minutes with 24 power cuts on each of them, and 395 days, 13 months and
    /// 100 events of a kind fit if a cut follows each record.
    pub const STANDARD: Self =
        Self { energy: 64, profile: 174, daily: 15, billing: 3, settings: 3, events: 6 };

    /// The sectors of all rings.
    pub fn sectors(&self) -> u32 {
        Shelf::all().map(|shelf| u32::from(self.of(shelf))).sum()
    }

    /// The sectors of one ring: at least three.
    pub fn of(&self, shelf: Shelf) -> u16 {
        let sectors = match shelf {
            Shelf::Energy => self.energy,
            Shelf::Profile => self.profile,
            Shelf::Daily => self.daily,
            Shelf::Billing => self.billing,
            Shelf::Calibration | Shelf::Configuration | Shelf::Image | Shelf::Line => self.settings,
            Shelf::Events(_) => self.events,
        };
        sectors.max(3)
    }

    #[inline(never)]
    pub(crate) fn rings(&self) -> [Ring; SHELVES] {
        let mut rings = [const { Ring::new(0, 0, 3) }; SHELVES];
        let mut first = 0;
        for (ring, shelf) in rings.iter_mut().zip(Shelf::all()) {
            *ring = Ring::new(shelf.id(), first, self.of(shelf));
            first += self.of(shelf);
        }
        rings
    }
}
