//! Texts that have to be registered before anybody may send them, as India's operators ask for it (DLT): a message that is
//! none of them does not arrive.

use std::collections::BTreeSet;

/// What one variable of a registered text may hold, in letters (TRAI, TCCCPR 2018, code of practice for templates).
pub(crate) const LONGEST_VALUE: usize = 30;
/// Ids of entities and templates have so many digits.
const ID_DIGITS: usize = 19;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Fixed(String),
    Variable,
}

/// A registered text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    id: String,
    pieces: Vec<Piece>,
}

/// Why there is no such registered text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegisteredError {
    /// The id is none.
    #[error("the id of a registered text has {ID_DIGITS} digits, found \"{found}\"")]
    Id {
        /// What was written.
        found: String,
    },
    /// Two texts of one id.
    #[error("two registered texts have the id {id}")]
    Twice {
        /// The id.
        id: String,
    },
    /// Anything would fit it.
    #[error("the registered text has no words of its own")]
    Empty,
}

/// Whether a text is the id of an entity or of a template.
pub fn is_registered_id(text: &str) -> bool {
    text.len() == ID_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Registered {
    /// A text as it is registered. What changes stands in it as `{#var#}`, or with another word for what it holds.
    pub fn new(id: &str, text: &str) -> Result<Self, RegisteredError> {
        if !is_registered_id(id) {
            return Err(RegisteredError::Id { found: id.to_owned() });
        }
        let (mut pieces, mut fixed, mut rest) = (Vec::new(), String::new(), text);
        while let Some((before, behind)) = rest.split_once("{#") {
            fixed.push_str(before);
            let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric());
            match behind.split_once("#}") {
                Some((word, behind)) if is_word(word) => {
                    pieces.push(Piece::Fixed(std::mem::take(&mut fixed)));
                    pieces.push(Piece::Variable);
                    rest = behind;
                }
                _ => {
                    fixed.push_str("{#");
                    rest = behind;
                }
            }
        }
        fixed.push_str(rest);
        pieces.push(Piece::Fixed(fixed));
        let registered = Self { id: id.to_owned(), pieces };
        if registered.letters().0 == 0 { Err(RegisteredError::Empty) } else { Ok(registered) }
    }

    /// The text, with `{#var#}` for each variable.
    pub fn text(&self) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Fixed(words) => words.clone(),
            Piece::Variable => "{#var#}".to_owned(),
        };
        self.pieces.iter().map(piece).collect()
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// How many letters are fixed, and how many a message has at most.
    fn letters(&self) -> (usize, usize) {
        let fixed = self.pieces.iter().map(|piece| match piece {
            Piece::Fixed(words) => words.trim().chars().count(),
            Piece::Variable => 0,
        });
        let most = self.pieces.iter().map(|piece| match piece {
            Piece::Fixed(words) => words.chars().count(),
            Piece::Variable => LONGEST_VALUE,
        });
        (fixed.sum(), most.sum())
    }

    /// What stands in place of its variables, if a message is this text.
    pub fn values<'t>(&self, message: &'t str) -> Option<Vec<&'t str>> {
        if message.chars().count() > self.letters().1 {
            return None;
        }
        let mut values = Vec::new();
        fill(&self.pieces, message, &mut BTreeSet::new(), &mut values).then_some(values)
    }
}

/// Finds the shortest values, from the left on, that make these pieces the text. What failed once is not tried again.
fn fill<'t>(
    pieces: &[Piece],
    text: &'t str,
    failed: &mut BTreeSet<(usize, usize)>,
    values: &mut Vec<&'t str>,
) -> bool {
    let Some((first, rest)) = pieces.split_first() else { return text.is_empty() };
    if failed.contains(&(pieces.len(), text.len())) {
        return false;
    }
    let fits = match first {
        Piece::Fixed(words) => {
            text.strip_prefix(words.as_str()).is_some_and(|text| fill(rest, text, failed, values))
        }
        Piece::Variable => {
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.take(LONGEST_VALUE + 1).any(|end| {
                values.push(&text[..end]);
                let fits = fill(rest, &text[end..], failed, values);
                if !fits {
                    values.pop();
                }
                fits
            })
        }
    };
    if !fits {
        failed.insert((pieces.len(), text.len()));
    }
    fits
}

/// All registered texts of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Registry {
    /// Those with the most words of their own first: they say most about a message that is several of them.
    texts: Vec<Registered>,
}

impl Registry {
    /// Adds a text. Each has an id of its own.
    pub fn add(&mut self, text: Registered) -> Result<(), RegisteredError> {
        if self.texts.iter().any(|known| known.id == text.id) {
            return Err(RegisteredError::Twice { id: text.id });
        }
        self.texts.push(text);
        self.texts.sort_by_key(|text| std::cmp::Reverse(text.letters().0));
        Ok(())
    }

    /// The texts.
    pub fn texts(&self) -> &[Registered] {
        &self.texts
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The registered text that a message is, and what stands in place of its variables.
    pub fn entry<'r, 't>(&'r self, message: &'t str) -> Option<(&'r Registered, Vec<&'t str>)> {
        self.texts.iter().find_map(|text| Some((text, text.values(message)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "1107160000000012345";

    fn values(registered: &str, message: &str) -> Option<String> {
        Registered::new(ID, registered).unwrap().values(message).map(|values| values.join("|"))
    }

    #[test]
    fn a_message_fits_if_only_its_variables_differ() {
        let outage = "No supply at {#var#} since {#var#}. GRIDWN";
        assert_eq!(values(outage, "No supply at T1 since 5 Jan. GRIDWN").unwrap(), "T1|5 Jan");
        assert_eq!(values(outage, "No supply at  since . GRIDWN").unwrap(), "|");
        assert_eq!(values(outage, "No supply at since since since. GRIDWN").unwrap(), "since|since");
        for wrong in ["no supply at T1 since 5 Jan. GRIDWN", "No supply at T1 since 5 Jan.", "", " "] {
            assert_eq!(values(outage, wrong), None, "{wrong}");
        }
        assert_eq!(values("मीटर {#numeric#}: {#alphanumeric#}", "मीटर 7: जाँचें").unwrap(), "7|जाँचें");
        assert_eq!(values("{#a b#} of {#", "{#a b#} of {#").unwrap(), "");
    }

    #[test]
    fn a_value_has_at_most_thirty_letters_and_two_variables_sixty() {
        let (thirty, more) = ("ट".repeat(30), "ट".repeat(31));
        assert_eq!(values("at {#var#}", &format!("at {thirty}")).unwrap(), thirty);
        assert_eq!(values("at {#var#}", &format!("at {more}")), None);
        assert_eq!(values("at {#var#}{#var#}", &format!("at {more}")).unwrap(), format!("ट|{thirty}"));
    }

    #[test]
    fn many_variables_side_by_side_take_no_time() {
        let many = format!("{}end", "{#var#}a".repeat(40));
        assert_eq!(values(&many, &"a".repeat(1_200)), None);
    }

    #[test]
    fn of_several_that_fit_the_one_with_most_words_counts() {
        let mut registry = Registry::default();
        registry.add(Registered::new(ID, "{#var#} since {#var#}").unwrap()).unwrap();
        registry
            .add(Registered::new("1107160000000099999", "No supply at {#var#} since {#var#}").unwrap())
            .unwrap();
        assert_eq!(registry.entry("No supply at T1 since 5 Jan").unwrap().0.id(), "1107160000000099999");
        assert_eq!(registry.entry("T1 since 5 Jan").unwrap().0.id(), ID);
        assert!(registry.entry("T1").is_none());
    }

    #[test]
    fn what_is_no_registered_text_is_refused() {
        let refused = |id: &str, text: &str| Registered::new(id, text).unwrap_err().to_string();
        assert_eq!(refused("12", "x"), "the id of a registered text has 19 digits, found \"12\"");
        assert_eq!(refused(ID, "{#var#} {#var#}"), "the registered text has no words of its own");
        let mut registry = Registry::default();
        registry.add(Registered::new(ID, "a").unwrap()).unwrap();
        let twice = registry.add(Registered::new(ID, "b").unwrap()).unwrap_err();
        assert_eq!(twice.to_string(), format!("two registered texts have the id {ID}"));
    }
}
