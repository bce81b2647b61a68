//! The closed list of what can be wrong in the town, or only look wrong: name, sentence, schedule and effect side by
//! side.

use super::load::Change;
use super::meter::Seen;

/// On which supply a kind can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Suits {
    /// A single-phase home.
    Single,
    /// A three-phase consumer.
    Three,
    /// Any consumer without a solar roof.
    Any,
    /// Two single-phase neighbours.
    Pair,
}

/// When it is at work.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum When {
    /// From its onset to the last day.
    Since,
    /// All the time.
    Ever,
    /// From its onset, on about three days in four.
    MostDays,
    /// From its onset, so many hours a day from a local hour that is drawn once.
    Daily {
        /// Between which hours it begins.
        from: (f64, f64),
        /// How many hours it lasts.
        hours: f64,
    },
    /// For so many days from its onset.
    Days(f64, f64),
}

/// What it changes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Effect {
    /// What the elements of the meter see. The number is the share.
    Meter(fn(&mut Seen, f64)),
    /// The same of one phase alone. The last number is the phase.
    Phase(fn(&mut Seen, f64, usize)),
    /// A share of the current returns through the earth, and the meter sees this of it.
    Earth(fn(&mut Seen, f64)),
    /// The air conditioner is wired before the meter.
    Cooler,
    /// What the consumer draws.
    Load(Change),
    /// Supply is cut: the consumer draws nothing from the network, and the meter sees this.
    Off(fn(&mut Seen, f64)),
    /// A load on the line before any meter, W.
    Hook(f64, f64),
    /// The neutral of the line is broken.
    LineNeutral,
    /// Two houses' neutral currents divide in another way.
    Neutrals,
    /// The transformer's meter reads otherwise.
    TransformerMeter,
    /// What the topology says.
    Index(Index),
    /// When messages arrive.
    Road,
    /// What the meter reports beside its values.
    Burst,
}

/// What is wrong in the topology.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Index {
    Transformer,
    Phase,
    /// The consumer has no row.
    Missing,
}

/// One line of the list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) says: &'static str,
    /// Whether a customer gains from it.
    pub(crate) guilty: bool,
    pub(crate) suits: Suits,
    pub(crate) when: When,
    /// Between which numbers its share is drawn; (0, 0) has none.
    pub(crate) share: (f64, f64),
    pub(crate) effect: Effect,
}

/// The list as an enum.
macro_rules! kinds {
    ($($kind:ident $name:literal $says:literal $guilty:ident $suits:ident $when:expr, $share:expr, $effect:expr;)*) => {
        /// What can be wrong in the town, or only look wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind {
            $(#[doc = $says] $kind,)*
        }

        impl Kind {
            /// Every kind: first those from which a customer gains, then the innocent ones.
            pub const ALL: &'static [Self] = &[$(Self::$kind),*];

            pub(crate) const fn row(self) -> Row {
                match self {
                    $(Self::$kind => Row {
                        name: $name,
                        says: $says,
                        guilty: kinds!(@ $guilty),
                        suits: Suits::$suits,
                        when: $when,
                        share: $share,
                        effect: $effect,
                    },)*
                }
            }
        }
    };
    (@ theft) => { true };
    (@ innocent) => { false };
}

kinds! {
    NeutralBypass "neutral-bypass" "Phase and neutral are exchanged at the terminals, and a wire leads a part of the \
        current past the element that counts: `i` falls below `in`."
        theft Single When::Since, (0.30, 0.80), Effect::Meter(|seen, share| seen.element(share, 0.0));
    EarthReturn "earth-return" "A part of the current returns through a local earth, at a meter that counts in the \
        neutral: `in` falls below `i`, and the registers follow `in`."
        theft Single When::MostDays, (0.30, 0.80), Effect::Earth(Seen::power);
    FullBypass "full-bypass" "A wire past the whole meter carries nearly everything: both currents fall, the voltage \
        does not."
        theft Any When::MostDays, (0.85, 1.0), Effect::Meter(|seen, share| seen.element(share, share));
    PartialShunt "partial-shunt" "Shunts take the same share of the current past both elements."
        theft Any When::Since, (0.30, 0.70), Effect::Meter(|seen, share| seen.element(share, share));
    Magnet "magnet" "A magnet saturates the current transformers in the evening, the phase's more than the neutral's, \
        and the meter's sensor reports it."
        theft Any When::Daily { from: (15.5, 18.5), hours: 7.0 }, (0.50, 0.95), Effect::Meter(|seen, share| {
            seen.element(share, 0.7 * share);
            seen.magnet = true;
        });
    UnderRegistration "under-registration" "The meter has been altered: power and registers are a share too low, \
        while voltage and currents are true."
        theft Any When::Since, (0.20, 0.60), Effect::Meter(Seen::power);
    ReversedCt "reversed-ct" "The current transformer of one phase is reversed: its power counts negative."
        theft Three When::Since, (0.0, 0.0), Effect::Phase(|seen, _, phase| {
            (seen.p[phase], seen.q[phase]) = (-seen.p[phase], -seen.q[phase]);
        });
    CtOpen "ct-open" "The current transformer of one phase is disconnected: that phase shows no current."
        theft Three When::Since, (0.0, 0.0), Effect::Phase(|seen, _, phase| {
            (seen.i[phase], seen.p[phase], seen.q[phase]) = (0.0, 0.0, 0.0);
        });
    PotentialLinkOpen "potential-link-open" "The voltage link of one phase is open: current, but no voltage."
        theft Three When::Since, (0.0, 0.0), Effect::Phase(|seen, _, phase| {
            (seen.v[phase], seen.p[phase], seen.q[phase]) = (2.0, 0.0, 0.0);
        });
    MissingNeutral "missing-neutral" "The neutral is taken off the meter in the evening: current without voltage, and \
        no power."
        theft Single When::Daily { from: (16.0, 18.0), hours: 6.0 }, (0.0, 0.0), Effect::Meter(|seen, _| {
            (seen.v[0], seen.v_load, seen.neutral) = (8.0, 8.0, 0.0);
            seen.power(1.0);
        });
    CoverThenDrop "cover-then-drop" "The cover is opened once, and from then on both elements see a share less."
        theft Any When::Since, (0.40, 0.80), Effect::Meter(|seen, share| {
            seen.element(share, share);
            seen.cover = true;
        });
    NightBypass "night-bypass" "A wire past the whole meter from ten in the evening to six."
        theft Any When::Daily { from: (22.0, 22.0), hours: 8.0 }, (0.85, 1.0),
        Effect::Meter(|seen, share| seen.element(share, share));
    AirConditionerBypass "air-conditioner-bypass" "The air conditioner, which heats in winter, is wired before the \
        meter."
        theft Single When::Since, (0.0, 0.0), Effect::Cooler;
    ZeroedWindow "zeroed-window" "The meter counts nothing for some hours, every day at the same time."
        theft Any When::Daily { from: (6.0, 17.0), hours: 6.0 }, (0.0, 0.0),
        Effect::Meter(|seen, _| seen.element(1.0, 1.0));
    UseAfterDisconnection "use-after-disconnection" "The relay is off, and a wire leads around it, most often past the \
        meter, too: voltage on the load side, and energy that is partly registered."
        theft Single When::Since, (0.40, 1.0), Effect::Meter(|seen, share| {
            seen.element(share, share);
            (seen.relay, seen.v_load) = (false, seen.v[0]);
        });
    Hooking "hooking" "A load hangs on the line before any meter: only the transformer sees it, and the voltages \
        beside it."
        theft Any When::Daily { from: (16.0, 21.0), hours: 9.0 }, (0.0, 0.0), Effect::Hook(600.0, 2500.0);
    TariffMisuse "tariff-misuse" "A shop opens under a household's tariff; everything is registered."
        theft Single When::Since, (0.0, 0.0), Effect::Load(Change::Shop);
    Unindexed "unindexed" "A consumer is missing from the topology, and as a rule sends nothing: nobody is billed."
        theft Any When::Ever, (0.0, 0.0), Effect::Index(Index::Missing);

    SharedNeutral "shared-neutral" "Two neighbours, often on different phases, have joined their neutrals: the \
        returning currents add as phasors and divide anew."
        innocent Pair When::Since, (0.30, 0.70), Effect::Neutrals;
    SwappedWires "swapped-wires" "Line and load side are exchanged: power reads negative, and the registers count \
        forward."
        innocent Single When::Ever, (0.0, 0.0), Effect::Meter(|seen, _| {
            seen.forward = true;
            (seen.p[0], seen.q[0]) = (-seen.p[0], -seen.q[0]);
        });
    LostNeutral "lost-neutral" "The utility's neutral to the house is broken: what the house uses returns through its \
        own earth, until it is mended."
        innocent Single When::Days(2.0, 6.0), (1.0, 1.0), Effect::Earth(|_, _| {});
    BrokenLineNeutral "broken-line-neutral" "The neutral of the line is broken: the voltages of all houses behind it \
        float, until it is mended."
        innocent Any When::Days(0.3, 1.5), (0.0, 0.0), Effect::LineNeutral;
    LowLoad "low-load" "A home that uses little: below an ampere the two elements differ much."
        innocent Single When::Ever, (0.0, 0.0), Effect::Load(Change::Little);
    Drift "drift" "The meter drifts, by a percent at most, which is within its class."
        innocent Any When::Since, (0.004, 0.010), Effect::Meter(|seen, share| seen.element(share, 0.0));
    WrongMultiplier "wrong-multiplier" "The head-end multiplies with a wrong ratio: currents, power and registers are \
        half or double."
        innocent Three When::Ever, (-1.0, 0.5), Effect::Meter(|seen, share| seen.element(share, share));
    WrongTransformer "wrong-transformer" "The topology names a neighbouring transformer."
        innocent Any When::Ever, (0.0, 0.0), Effect::Index(Index::Transformer);
    WrongPhase "wrong-phase" "The topology names another phase."
        innocent Single When::Ever, (0.0, 0.0), Effect::Index(Index::Phase);
    SolarUnregistered "solar-unregistered" "A solar roof feeds back through a meter without an export register."
        innocent Single When::Since, (0.0, 0.0), Effect::Load(Change::Solar);
    Vacancy "vacancy" "Nobody is at home for weeks; every other home is switched off with the relay."
        innocent Any When::Days(10.0, 40.0), (0.0, 0.0), Effect::Load(Change::Away);
    NewAppliance "new-appliance" "A large appliance is new."
        innocent Any When::Since, (0.0, 0.0), Effect::Load(Change::More);
    NewTenant "new-tenant" "Other people move in: another load in every respect."
        innocent Any When::Since, (0.0, 0.0), Effect::Load(Change::Other);
    GeneratorBackfeed "generator-backfeed" "The relay is off, and the house's own generator or inverter feeds the load \
        side."
        innocent Single When::Since, (0.0, 0.0), Effect::Off(|seen, volts| {
            seen.element(1.0, 1.0);
            (seen.relay, seen.v_load) = (false, volts);
        });
    CommunicationGap "communication-gap" "The meter is not heard for days; then it delivers what it kept, or has \
        lost it."
        innocent Any When::Days(1.0, 5.0), (0.0, 0.0), Effect::Road;
    TamperBurst "tamper-burst" "The meter reports bursts of tamper events, and nothing else changes."
        innocent Any When::Days(1.0, 4.0), (0.0, 0.0), Effect::Burst;
    MeterError "meter-error" "The transformer's meter reads some percent wrong."
        innocent Any When::Since, (-0.04, 0.04), Effect::TransformerMeter;
}

impl Kind {
    /// The name that options and files use.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// What happens, in a sentence.
    pub const fn says(self) -> &'static str {
        self.row().says
    }

    /// Whether a customer gains from it.
    pub const fn guilty(self) -> bool {
        self.row().guilty
    }

    /// The kind with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

#[cfg(test)]
mod tests;
