//! Who sends, and which registered text a message is: what India's operators ask for with each SMS (DLT).

use notify::words::Registry;
use outbox::Answer;

/// The registration of a utility with the operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The id of the entity that sends.
    pub entity: String,
    /// Its registered texts.
    pub registry: Registry,
}

/// A message as it is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The id of the entity that sends.
    pub entity: &'a str,
    /// The id of the text.
    pub template: &'a str,
    /// What stands in place of its variables.
    pub values: Vec<&'a str>,
}

impl Registration {
    /// The registered text that a message is. An operator drops any other one without a word, so it is not sent.
    pub(crate) fn entry<'a>(&'a self, text: &'a str) -> Result<Entry<'a>, Answer> {
        let unknown = || Answer::Never { reason: "it is none of the registered texts".to_owned() };
        let (template, values) = self.registry.entry(text).ok_or_else(unknown)?;
        Ok(Entry { entity: &self.entity, template: template.id(), values })
    }
}
