//! A text with variables, and how it is made to fit a message.

use super::variables::{Form, Variable, variables};
use super::{Language, Registry, Room, Values};
use crate::Kind;
use crate::channels::sms::alphabet::{Alphabet, fits, parts};
use detect::nearest;

/// A piece of a template.
#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(String),
    Variable(Variable),
    /// Left out where it has no value or no room.
    Optional(Vec<Piece>),
}

/// A text with variables, for one kind, form and language.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    kind: Option<Kind>,
    form: Form,
    language: Language,
    pieces: Vec<Piece>,
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// No such message.
    #[error("there is no message of the form `{form}` for this kind")]
    Form {
        /// What was asked for.
        form: &'static str,
    },
    /// A variable that this kind and form do not have.
    #[error("`{{{variable}}}` is no variable of this message")]
    Unknown {
        /// What was written.
        variable: String,
        /// The variables that there are.
        known: Vec<&'static str>,
    },
    /// A brace or bracket without its partner.
    #[error("`{found}` has no partner")]
    Alone {
        /// Which.
        found: char,
    },
    /// Brackets in brackets.
    #[error("a piece in brackets stands within another")]
    Nested,
    /// A piece in brackets that is always there.
    #[error("the piece `[{piece}]` has no variable")]
    NeverLeftOut {
        /// What it holds.
        piece: String,
    },
    /// A variable without brackets that may have no value.
    #[error("`{{{variable}}}` may have no value")]
    MayBeMissing {
        /// Which.
        variable: &'static str,
    },
    /// Nothing.
    #[error("the text is empty")]
    Empty,
}

impl TemplateError {
    /// A way out.
    pub fn help(&self) -> String {
        match self {
            Self::Form { .. } => "see the table of templates in docs/reference/plans.md".to_owned(),
            Self::Unknown { variable, known } => match nearest(variable, known.iter().copied()) {
                Some(near) => format!("did you mean `{{{near}}}`?"),
                None => format!("there are: {{{}}}", known.join("}, {")),
            },
            Self::Alone { found } => format!("write `{found}{found}` for the character itself"),
            Self::Nested => "end the first piece before the next begins".to_owned(),
            Self::NeverLeftOut { .. } => {
                "write it without brackets, or `[[` and `]]` for brackets themselves".to_owned()
            }
            Self::MayBeMissing { variable } => {
                format!("write it in brackets with the words around it, as in `[ near {{{variable}}}]`")
            }
            Self::Empty => "write what the message says".to_owned(),
        }
    }
}

impl Template {
    /// Reads a text as a template.
    pub fn new(
        kind: Option<Kind>,
        form: Form,
        language: Language,
        text: &str,
    ) -> Result<Self, TemplateError> {
        if !form.is_for(kind) {
            return Err(TemplateError::Form { form: form.name() });
        }
        let pieces = Reader { known: variables(kind, form), rest: text }.pieces(None)?;
        let missing = pieces.iter().find_map(|piece| match piece {
            Piece::Variable(variable) if !variable.always => Some(variable.name),
            _ => None,
        });
        match missing {
            Some(variable) => Err(TemplateError::MayBeMissing { variable }),
            None if pieces.is_empty() => Err(TemplateError::Empty),
            None => Ok(Self { kind, form, language, pieces }),
        }
    }

    /// The kind; none of a digest.
    pub fn kind(&self) -> Option<Kind> {
        self.kind
    }

    /// The form.
    pub fn form(&self) -> Form {
        self.form
    }

    /// The language.
    pub fn language(&self) -> &Language {
        &self.language
    }

    /// How many parts the longest message takes, with every name as long as names can be, and all that can be left out
    /// left out. Of a list of names one always stands in it. Names of places may have letters that the GSM alphabet
    /// lacks, and fewer of them then.
    pub fn longest(&self) -> (Alphabet, usize) {
        let long = |letter: &str| {
            let text = self.longest_text(letter);
            let (alphabet, parts) = parts(&text);
            (alphabet, parts.len())
        };
        let (latin, other) = (long("M"), long("Я"));
        if other.1 > latin.1 { other } else { latin }
    }

    /// What is required, with every name as long as names can be, of this letter.
    fn longest_text(&self, letter: &str) -> String {
        let of = |variable: &Variable| {
            let letter = if variable.any_letters { letter } else { "M" };
            letter.repeat(variable.longest / letter.len())
        };
        let (values, none) = (self.values_of(of, " (999.99 kWh apart)"), vec![false; self.pieces.len()]);
        self.text(&values, values.names.len(), &none).unwrap_or_default()
    }

    /// A value for each variable.
    fn values_of(&self, of: impl Fn(&Variable) -> String, apart: &str) -> Values {
        let all = variables(self.kind, self.form).into_iter();
        let words: Vec<_> = all.map(|variable| (variable.name.to_owned(), of(&variable))).collect();
        let names =
            words.iter().filter(|(name, _)| name == "names").map(|(_, name)| format!("{name}{apart}"));
        Values { names: names.collect(), total: 10_000, words }
    }

    /// A message of this template that is none of the registered texts: the longest one, the shortest one, or one with a
    /// piece in brackets, which would never go out. None if there is none such.
    pub fn misfit(&self, registry: &Registry) -> Option<String> {
        let short = self.values_of(|_| "M".to_owned(), "");
        let with_one = |at: usize| (0..self.pieces.len()).map(|place| place == at).collect::<Vec<_>>();
        let is_optional = |at: &usize| matches!(self.pieces[*at], Piece::Optional(_));
        let with_piece = (0..self.pieces.len()).filter(is_optional).map(with_one);
        let with_none = vec![false; self.pieces.len()];
        let shorts = [with_none].into_iter().chain(with_piece);
        let shorts = shorts.filter_map(|with| self.text(&short, short.names.len(), &with));
        [self.longest_text("M")].into_iter().chain(shorts).find(|text| registry.entry(text).is_none())
    }

    /// The text within so many parts, and how many of the names it has. One name goes in, then the pieces in brackets,
    /// in their order, then as many other names as there is room for: where it is matters more than the tenth name.
    /// Only what is too long with a single name is cut.
    pub(super) fn write(&self, values: &Values, room: Room<'_>) -> (String, usize) {
        let all = values.names.len();
        let least = all.min(1);
        let mut with = vec![false; self.pieces.len()];
        let has_room = |named: usize, with: &[bool]| {
            // One letter beyond the alphabet makes all of it UCS-2, so the whole text is measured.
            self.text(values, named, with).is_some_and(|text| room.has(&text))
        };
        for (place, piece) in self.pieces.iter().enumerate() {
            if matches!(piece, Piece::Optional(_)) {
                with[place] = true;
                with[place] = has_room(least, &with);
            }
        }
        let named = (least..=all).rev().find(|named| has_room(*named, &with)).unwrap_or(least);
        let text = self.text(values, named, &with).unwrap_or_default();
        (cut(text, room.parts), named)
    }

    /// The text with some of the optional pieces. None if one of these has no value.
    fn text(&self, values: &Values, named: usize, with: &[bool]) -> Option<String> {
        let mut text = String::new();
        for (piece, is_in) in self.pieces.iter().zip(with) {
            match piece {
                Piece::Text(words) => text += words,
                Piece::Variable(variable) => text += &value(variable, values, named).unwrap_or_default(),
                Piece::Optional(pieces) if *is_in => {
                    for piece in pieces {
                        match piece {
                            Piece::Text(words) => text += words,
                            Piece::Variable(variable) => text += &value(variable, values, named)?,
                            Piece::Optional(_) => {}
                        }
                    }
                }
                Piece::Optional(_) => {}
            }
        }
        Some(text)
    }
}

fn value(variable: &Variable, values: &Values, named: usize) -> Option<String> {
    match variable.name {
        "count" => Some(values.total.to_string()),
        "names" => {
            let rest = values.total.saturating_sub(named as u64);
            let rest = if rest > 0 { format!(" +{rest}") } else { String::new() };
            Some(format!("{}{rest}", values.names[..named].join(", ")))
        }
        name => values.words.iter().find(|(word, _)| word == name).map(|(_, text)| text.clone()),
    }
}

/// The beginning of a text that is too long, with `..` at its end.
fn cut(text: String, most: u32) -> String {
    if fits(&text, most) {
        return text;
    }
    let mut kept = text;
    loop {
        kept.pop();
        let shorter = format!("{kept}..");
        if kept.is_empty() || fits(&shorter, most) {
            return shorter;
        }
    }
}

/// Reads a text piece by piece.
struct Reader<'a> {
    known: Vec<Variable>,
    rest: &'a str,
}

impl Reader<'_> {
    /// The pieces up to the end of the text, or up to the bracket that closes a piece.
    fn pieces(&mut self, until: Option<char>) -> Result<Vec<Piece>, TemplateError> {
        let (mut pieces, mut text) = (Vec::new(), String::new());
        let flush = |text: &mut String, pieces: &mut Vec<Piece>| {
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(text)));
            }
        };
        while let Some(c) = self.rest.chars().next() {
            self.rest = &self.rest[c.len_utf8()..];
            if "{}[]".contains(c) && self.rest.starts_with(c) {
                self.rest = &self.rest[1..];
                text.push(c);
                continue;
            }
            match c {
                '{' => {
                    flush(&mut text, &mut pieces);
                    pieces.push(Piece::Variable(self.variable()?));
                }
                '[' if until.is_some() => return Err(TemplateError::Nested),
                '[' => {
                    flush(&mut text, &mut pieces);
                    let before = self.rest;
                    let inner = self.pieces(Some(']'))?;
                    if !inner.iter().any(|piece| matches!(piece, Piece::Variable(_))) {
                        let piece = before[..before.len() - self.rest.len() - 1].to_owned();
                        return Err(TemplateError::NeverLeftOut { piece });
                    }
                    pieces.push(Piece::Optional(inner));
                }
                ']' if until.is_some() => {
                    flush(&mut text, &mut pieces);
                    return Ok(pieces);
                }
                ']' | '}' => return Err(TemplateError::Alone { found: c }),
                c => text.push(c),
            }
        }
        if until.is_some() {
            return Err(TemplateError::Alone { found: '[' });
        }
        flush(&mut text, &mut pieces);
        Ok(pieces)
    }

    fn variable(&mut self) -> Result<Variable, TemplateError> {
        let (name, rest) = self.rest.split_once('}').ok_or(TemplateError::Alone { found: '{' })?;
        self.rest = rest;
        self.known.iter().find(|known| known.name == name).copied().ok_or_else(|| TemplateError::Unknown {
            variable: name.to_owned(),
            known: self.known.iter().map(|known| known.name).collect(),
        })
    }
}
