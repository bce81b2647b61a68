//! What follows from the list of outputs: their files, their topics, and what `--only` takes.

use super::*;
use crate::{ColumnsError, Whole, each_output};
use pipeline::Compression;
use std::path::Path;

macro_rules! list {
    ($($field:ident: $Output:ident,)*) => {
        /// Every output, with the key of its topic.
        pub const ALL: &[(&str, About)] = &[$((stringify!($field), $Output::ABOUT),)*];

        /// The outputs that a plan asks for, each with what its columns need of the plan.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "each type has its own")]
        pub struct Planned {
            $(pub $field: Option<$Output>,)*
        }

        impl Planned {
            /// All that the plan asks for.
            pub fn of(plan: &Plan) -> Self {
                Self { $($field: $Output::of(plan),)* }
            }

            /// Those with one of these names alone. What only others need is taken out of the plan, so that it is not
            /// worked out either.
            pub fn only(plan: &mut Plan, names: &[&str]) -> Result<Self, NotPlanned> {
                let all = Self::of(plan);
                let planned = [$(($Output::ABOUT, all.$field.is_some()),)*];
                for &name in names {
                    let named = || planned.iter().filter(|(about, _)| about.only == name);
                    if !named().any(|(_, planned)| *planned) {
                        let section = named().map(|(about, _)| about.section).last().unwrap_or_default();
                        return Err(NotPlanned { name: name.to_owned(), section });
                    }
                }
                let wanted = Wanted(names);
                $(if !wanted.has(&$Output::ABOUT) {
                    $Output::leave_out(plan, wanted);
                })*
                let all = Self::of(plan);
                Ok(Self { $($field: all.$field.filter(|_| wanted.has(&$Output::ABOUT)),)* })
            }

            /// Sends the messages of all outputs that are sent at this time and have a topic.
            pub fn messages<'a, E>(
                &'a self,
                sent: Sent,
                out: &'a Outputs,
                topics: &Topics,
                encoder: &mut Encoder,
                mut send: impl FnMut(&str, Message<'_>) -> Result<(), E>,
            ) -> Result<(), E> {
                $(if $Output::ABOUT.sent == sent
                    && let (Some(output), Some(topic)) = (&self.$field, &topics.$field)
                {
                    output.messages(out, encoder, |message| send(topic, message))?;
                })*
                Ok(())
            }
        }

        /// The files of outputs on their way.
        #[expect(missing_docs, reason = "each type has its own")]
        pub struct Files {
            $(pub $field: Option<<$Output as Output>::File>,)*
        }

        impl Files {
            /// Starts the files in a folder.
            pub fn create(
                dir: &Path,
                planned: Planned,
                compression: Compression,
            ) -> Result<Self, ColumnsError> {
                Ok(Self {
                    $($field: match planned.$field {
                        Some(output) => {
                            let path = dir.join($Output::ABOUT.file);
                            Some(OutputFile::create(&path, output, compression)?)
                        }
                        None => None,
                    },)*
                })
            }

            /// Appends the rows of each output to its file.
            pub fn take(&mut self, out: &Outputs) -> Result<(), ColumnsError> {
                $(if let Some(file) = &mut self.$field {
                    file.take(out)?;
                })*
                Ok(())
            }

            /// Ends the files, which still stand beside their places, in the order of the list.
            pub fn end(self) -> Result<Vec<Whole>, ColumnsError> {
                let mut all = Vec::new();
                $(if let Some(file) = self.$field {
                    all.extend(file.end()?);
                })*
                Ok(all)
            }
        }

        /// The topics of results; those without a name are not written.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each is the topic of the output of its name")]
        pub struct Topics {
            $(pub $field: Option<String>,)*
        }

        impl Topics {
            /// The keys that plans have for them, with the topics.
            pub fn all(&self) -> impl Iterator<Item = (&'static str, Option<&str>)> {
                [$((stringify!($field), self.$field.as_deref()),)*].into_iter()
            }
        }
    };
}

each_output!(list);

/// `--only` names an output that the plan does not ask for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`--only` asks for {name}, and the plan has no {section}")]
pub struct NotPlanned {
    /// What was asked for.
    pub name: String,
    /// What in a plan asks for it.
    pub section: &'static str,
}

/// The names that `--only` takes, in the order of the list.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> =
        ALL.iter().map(|(_, about)| about.only).filter(|name| !name.is_empty()).collect();
    let mut seen = Vec::new();
    names.retain(|name| {
        !seen.contains(name) && {
            seen.push(*name);
            true
        }
    });
    names
}
