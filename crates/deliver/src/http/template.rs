//! Requests by template: `{to}` and the like in a URL or a body, escaped as the place asks for it.

use std::fmt::Write;

/// A text with variables. Braces around anything but small letters mean themselves, as JSON has many of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
    escape: Escape,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Variable(Variable),
}

macro_rules! variables {
    ($($Variable:ident = $name:literal;)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        enum Variable { $($Variable,)* }

        impl Variable {
            const NAMES: &[&str] = &[$($name,)*];

            fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$Variable),)* _ => None }
            }
        }
    };
}

variables! {
    To = "to";
    Digits = "digits";
    Text = "text";
    Id = "id";
    Sender = "sender";
    Entity = "entity";
    Template = "template";
    Values = "values";
}

/// How a value is written, so that it ends where it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// In a URL or a form: percent signs (RFC 3986).
    Url,
    /// Within the quotes of JSON.
    Json,
    /// In XML.
    Xml,
    /// As it is.
    Plain,
}

impl Escape {
    /// What a body of this type asks for.
    pub fn of(content_type: &str) -> Self {
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        match kind {
            "application/x-www-form-urlencoded" => Self::Url,
            _ if kind.ends_with("json") => Self::Json,
            _ if kind.ends_with("xml") => Self::Xml,
            _ => Self::Plain,
        }
    }

    fn write(self, value: &str, to: &mut String) {
        match self {
            Self::Plain => to.push_str(value),
            Self::Url => value.bytes().for_each(|byte| match byte {
                // Unreserved.
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    to.push(char::from(byte));
                }
                _ => write!(to, "%{byte:02X}").expect("text grows"),
            }),
            Self::Json => {
                let quoted = serde_json::Value::from(value).to_string();
                to.push_str(&quoted[1..quoted.len() - 1]);
            }
            Self::Xml => value.chars().for_each(|letter| match letter {
                '&' => to.push_str("&amp;"),
                '<' => to.push_str("&lt;"),
                '>' => to.push_str("&gt;"),
                '"' => to.push_str("&quot;"),
                '\'' => to.push_str("&apos;"),
                _ => to.push(letter),
            }),
        }
    }
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A variable that nobody knows.
    #[error("there is no variable `{{{name}}}`; there are {}", known())]
    Unknown {
        /// Its name.
        name: String,
    },
    /// What it makes would be no JSON.
    #[error("with values in it, the body is no JSON: {problem}")]
    NoJson {
        /// Why not.
        problem: String,
    },
}

fn known() -> String {
    Variable::NAMES.iter().map(|name| format!("{{{name}}}")).collect::<Vec<_>>().join(", ")
}

/// What a template can hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Values<'a> {
    pub(crate) to: &'a str,
    pub(crate) text: &'a str,
    pub(crate) id: &'a str,
    pub(crate) sender: &'a str,
    pub(crate) entity: &'a str,
    pub(crate) template: &'a str,
    pub(crate) values: &'a str,
}

impl Template {
    /// A text without variables.
    pub(crate) fn plain(text: String) -> Self {
        Self { pieces: vec![Piece::Text(text)], escape: Escape::Plain }
    }

    /// Reads a template.
    pub fn new(text: &str, escape: Escape) -> Result<Self, TemplateError> {
        let (mut pieces, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some(open) = rest.find('{') {
            let (before, behind) = (&rest[..open], &rest[open + 1..]);
            let letters = behind.bytes().take_while(u8::is_ascii_lowercase).count();
            plain.push_str(before);
            if letters > 0 && behind[letters..].starts_with('}') {
                let name = &behind[..letters];
                let variable = Variable::parse(name);
                let unknown = || TemplateError::Unknown { name: name.to_owned() };
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
                pieces.push(Piece::Variable(variable.ok_or_else(unknown)?));
                rest = &behind[letters + 1..];
            } else {
                plain.push('{');
                rest = behind;
            }
        }
        pieces.push(Piece::Text(plain + rest));
        let template = Self { pieces, escape };
        if escape == Escape::Json {
            // With what would break out of its quotes.
            let odd = Values {
                to: "+1",
                text: "\"\\\n}",
                id: "a",
                sender: "b",
                entity: "1",
                template: "2",
                values: "\"",
            };
            let made = serde_json::from_str::<serde_json::Value>(&template.write(&odd));
            made.map_err(|error| TemplateError::NoJson { problem: error.to_string() })?;
        }
        Ok(template)
    }

    /// Whether this variable stands in it.
    pub fn has(&self, name: &str) -> bool {
        let asked = Variable::parse(name);
        self.pieces.iter().any(|piece| matches!(piece, Piece::Variable(one) if Some(*one) == asked))
    }

    pub(crate) fn write(&self, values: &Values<'_>) -> String {
        let mut text = String::new();
        for piece in &self.pieces {
            let value = match piece {
                Piece::Text(plain) => {
                    text.push_str(plain);
                    continue;
                }
                Piece::Variable(Variable::To) => values.to,
                Piece::Variable(Variable::Digits) => values.to.trim_start_matches('+'),
                Piece::Variable(Variable::Text) => values.text,
                Piece::Variable(Variable::Id) => values.id,
                Piece::Variable(Variable::Sender) => values.sender,
                Piece::Variable(Variable::Entity) => values.entity,
                Piece::Variable(Variable::Template) => values.template,
                Piece::Variable(Variable::Values) => values.values,
            };
            self.escape.write(value, &mut text);
        }
        text
    }
}
