//! The words of messages: templates by kind, form and language.
//!
//! A template is a text with variables in braces, such as `{meter}`. A piece in brackets, such as
//! `[ Transformer {transformer}.]`, is left out where it has no value, or where the message would become too long.
//! Braces and brackets themselves are written twice.
//!
//! English, Hindi and Marathi come with the program, and a plan can replace them or add others.

mod language;
mod registered;
mod shipped;
mod template;
mod variables;

pub use language::{Language, NotALanguage};
pub(crate) use registered::LONGEST_VALUE;
pub use registered::{Registered, RegisteredError, Registry, is_registered_id};
pub use template::{Template, TemplateError};
pub use variables::{Form, Variable, variables};

use crate::Kind;
use crate::channels::sms::alphabet::fits;
use std::collections::BTreeMap;

/// Which template is asked for. A digest is about any kinds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) kind: Option<Kind>,
    pub(crate) form: Form,
    pub(crate) language: &'a Language,
}

/// What stands in place of the variables.
#[derive(Debug, Clone, Default)]
pub(crate) struct Values {
    /// By name. A variable that is not here has no value.
    pub(crate) words: Vec<(String, String)>,
    /// For `{names}`, the most important first.
    pub(crate) names: Vec<String>,
    /// For `{count}`: how many there are, with those that have no name here.
    pub(crate) total: u64,
}

/// What the text of a message has to fit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room<'a> {
    /// So many parts at most.
    pub(crate) parts: u32,
    /// One of these texts, if any is registered.
    pub(crate) registry: Option<&'a Registry>,
}

impl Room<'_> {
    fn has(&self, text: &str) -> bool {
        fits(text, self.parts) && self.registry.is_none_or(|registry| registry.entry(text).is_some())
    }
}

type Key = (Option<Kind>, Form, Language);

/// The templates of a plan, before those that come with the program.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Templates {
    own: BTreeMap<Key, Template>,
    registry: Registry,
}

impl Templates {
    /// Puts a template in place of the one for the same kind, form and language. Returns the one that stood there.
    pub fn replace(&mut self, template: Template) -> Option<Template> {
        let key = (template.kind(), template.form(), template.language().clone());
        self.own.insert(key, template)
    }

    /// Adds a text that is registered: every SMS has to be one of those, if there are any.
    pub fn register(&mut self, text: Registered) -> Result<(), RegisteredError> {
        self.registry.add(text)
    }

    /// The texts that are registered.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The templates of the plan.
    pub fn own(&self) -> impl Iterator<Item = &Template> {
        self.own.values()
    }

    /// The template that speaks: the plan's, else the shipped one, else the English one.
    fn of(&self, asked: &Asked<'_>) -> &Template {
        let key = |language: &Language| (asked.kind, asked.form, language.clone());
        let find = |language: &Language| {
            let key = key(language);
            self.own.get(&key).or_else(|| shipped::ALL.get(&key))
        };
        let english = || find(&Language::ENGLISH).expect("a test looks whether English has them all");
        find(asked.language).unwrap_or_else(english)
    }

    /// The template for each kind and form in a language, with what the plan has instead of the shipped ones.
    pub fn in_language<'a>(&'a self, language: &'a Language) -> impl Iterator<Item = &'a Template> {
        Form::each().map(move |(kind, form)| self.of(&Asked { kind, form, language }))
    }

    /// The text of a message with so much room, and how many of the names it has.
    pub(crate) fn write(&self, asked: &Asked<'_>, values: &Values, room: Room<'_>) -> (String, usize) {
        self.of(asked).write(values, room)
    }
}

#[cfg(test)]
mod tests;
