//! The words of messages: templates by kind, form and language.
//!
//! A template is a text with variables in braces, such as `{meter}`. A piece in brackets, such as
//! `[ Transformer {transformer}.]`, is left out where it has no value, or where the message would become too long.
//! Braces and brackets themselves are written twice.
//!
//! English, Hindi and Marathi come with the program, and a plan can replace them or add others.

mod language;
mod shipped;
mod template;
mod variables;

pub use language::{Language, NotALanguage};
pub use template::{Template, TemplateError};
pub use variables::{Form, Variable, variables};

use crate::Kind;
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

type Key = (Option<Kind>, Form, Language);

/// The templates of a plan, before those that come with the program.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Templates {
    own: BTreeMap<Key, Template>,
}

impl Templates {
    /// Puts a template in place of the one for the same kind, form and language. Returns the one that stood there.
    pub fn replace(&mut self, template: Template) -> Option<Template> {
        let key = (template.kind(), template.form(), template.language().clone());
        self.own.insert(key, template)
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

    /// The text of a message of at most so many parts, and how many of the names it has.
    pub(crate) fn write(&self, asked: &Asked<'_>, values: &Values, parts: u32) -> (String, usize) {
        self.of(asked).write(values, parts)
    }
}

#[cfg(test)]
mod tests;
