//! Which variables a template may have, by kind and form.

use crate::Kind;

/// What a message is about: one thing, several, or what had to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// One thing.
    One,
    /// Several of one kind.
    Several,
    /// One thing that is over.
    Ended,
    /// Several of one kind that are over.
    AllEnded,
    /// What had to wait, of any kinds.
    Digest,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::One, Self::Several, Self::Ended, Self::AllEnded, Self::Digest];

    /// The name that plans use.
    pub fn name(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Several => "several",
            Self::Ended => "ended",
            Self::AllEnded => "all-ended",
            Self::Digest => "digest",
        }
    }

    /// Each form of each kind, and the digest.
    pub fn each() -> impl Iterator<Item = (Option<Kind>, Self)> {
        let of_kind = |kind: &Kind| Self::ALL.map(|form| (Some(*kind), form));
        let of_kinds = Kind::ALL.iter().flat_map(of_kind).filter(|(kind, form)| form.is_for(*kind));
        of_kinds.chain([(None, Self::Digest)])
    }

    /// Whether there is such a message: what is over at once never ends, and a digest has no kind.
    pub fn is_for(self, kind: Option<Kind>) -> bool {
        match (self, kind) {
            (Self::Digest, kind) => kind.is_none(),
            (_, None) | (Self::Ended | Self::AllEnded, Some(Kind::AboveSanctioned)) => false,
            _ => true,
        }
    }
}

/// A variable of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// Its name, in braces.
    pub name: &'static str,
    /// Whether it always has a value. One that may have none has to stand in brackets.
    pub always: bool,
    /// So many bytes it has at most.
    pub longest: usize,
    /// Whether it is the name of a place, which may have letters of any script.
    pub any_letters: bool,
}

const fn always(name: &'static str, longest: usize) -> Variable {
    Variable { name, always: true, longest, any_letters: false }
}

const fn named(name: &'static str) -> Variable {
    Variable { name, always: true, longest: PLACE_NAME, any_letters: true }
}

const fn sometimes(name: &'static str) -> Variable {
    Variable { name, always: false, longest: PLACE_NAME, any_letters: true }
}

const TIME: usize = "31 Dec 23:59".len();
const NAME: usize = reading::id::LONGEST;
/// Names of transformers, feeders and areas.
const PLACE_NAME: usize = reading::id::LONGEST_PLACE;
/// The numbers of the leading detector, as in `phase 7.2 A, neutral 4.1 A`. The longest of today's detectors have less.
const SEEN: usize = 64;

const PLACE: [Variable; 3] = [sometimes("transformer"), sometimes("feeder"), sometimes("area")];
const MANY: [Variable; 2] = [always("count", "10000".len()), named("names")];

/// The variables of a kind and form. `{names}` grows with the room that there is.
pub fn variables(kind: Option<Kind>, form: Form) -> Vec<Variable> {
    let mut all: Vec<Variable> = match (kind, form) {
        (_, Form::Several | Form::AllEnded | Form::Digest) => MANY.to_vec(),
        (Some(Kind::Suspicion), _) => vec![
            always("meter", NAME),
            always("seen", SEEN),
            always("since", TIME),
            always("time", TIME),
            always("case", 64),
        ],
        (Some(Kind::AboveSanctioned), _) => vec![
            always("meter", NAME),
            always("demand", "100000.00 kW".len()),
            always("sanctioned", "100000.00 kW".len()),
            always("time", TIME),
        ],
        (Some(Kind::Outage), _) => vec![
            named("target"),
            always("role", "transformer".len()),
            always("consumers", "100000".len()),
            always("since", TIME),
            always("time", TIME),
        ],
        (None, _) => vec![],
    };
    if kind.is_some() {
        all.extend(PLACE);
    }
    all
}
