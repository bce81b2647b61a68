//! The shell's own sections of a plan as they are written: `[kafka]`, `[output]`, `[grid]`, `[checkpoints]`.

use columns::each_output;
use columns::outputs::Topics;
use pipeline::PlanError;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use std::fmt;
use std::ops::Range;
use toml::Spanned;

pub(super) type Text = Spanned<String>;

/// The sections of a plan that the shell reads. The core reads the others, and refuses unknown ones.
#[derive(Debug, Deserialize)]
pub(super) struct ShellToml {
    pub(super) kafka: Option<KafkaToml>,
    pub(super) output: Option<OutputToml>,
    pub(super) grid: Option<GridToml>,
    pub(super) checkpoints: Option<CheckpointsToml>,
}

macro_rules! kafka {
    ($($field:ident: $Output:ident,)*) => {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct KafkaToml {
            pub(super) brokers: Option<Text>,
            pub(super) group: Text,
            pub(super) readings: Text,
            pub(super) format: Option<Text>,
            pub(super) idle_after: Text,
            pub(super) topology: Option<Text>,
            $(pub(super) $field: Option<Text>,)*
            #[serde(default)]
            pub(super) client: ClientToml,
        }

        impl KafkaToml {
            /// The keys of all topics with the topics as written; topics of outputs come last.
            pub(super) fn named(&self) -> impl Iterator<Item = (&'static str, &Text)> {
                let outputs = [$((stringify!($field), self.$field.as_ref()),)*];
                [("readings", Some(&self.readings)), ("topology", self.topology.as_ref())]
                    .into_iter()
                    .chain(outputs)
                    .filter_map(|(key, topic)| Some((key, topic?)))
            }

            /// The topics of the outputs.
            pub(super) fn outputs(&self) -> Topics {
                let own = |topic: &Option<Text>| topic.as_ref().map(|topic| topic.get_ref().clone());
                Topics { $($field: own(&self.$field),)* }
            }
        }
    };
}

// Each output may have a topic.
each_output!(kafka);

/// The keys of `[output]` about Kafka. The core reads the others, and refuses unknown ones.
#[derive(Debug, Default, Deserialize)]
pub(super) struct OutputToml {
    pub(super) intervals: Option<Text>,
    #[serde(default)]
    pub(super) transactional: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GridToml {
    pub(super) exchange: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckpointsToml {
    pub(super) every: Text,
    pub(super) full_after: Spanned<u32>,
}

impl ShellToml {
    pub(super) fn read(text: &str) -> Result<Self, PlanError> {
        toml::from_str(text).map_err(|error| {
            let error = PlanError::toml(&error);
            let help = match error.code {
                "plan::key" => Some("pipelines/ami.toml explains every key of these sections".to_owned()),
                _ => error.help,
            };
            PlanError { help, ..error }
        })
    }
}

/// `[kafka.client]`: librdkafka's settings by name, with their values and places. A dot in a name makes a table in
/// TOML, so tables are flattened: `linger.ms = 5` and `"linger.ms" = 5` are the same.
#[derive(Default)]
pub(super) struct ClientToml(pub(super) Vec<(String, String, Range<usize>)>);

impl<'de> Deserialize<'de> for ClientToml {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut found = Vec::new();
        match Node::deserialize(from)? {
            Node::Table(keys) => flatten("", keys, &mut found),
            Node::Value(_) => {
                return Err(D::Error::custom("`client` must be a table of librdkafka's settings"));
            }
        }
        Ok(Self(found))
    }
}

/// Shows names only: a value may be a secret that was written here by mistake.
impl fmt::Debug for ClientToml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, ..)| name)).finish()
    }
}

fn flatten(prefix: &str, keys: Vec<(Text, Node)>, found: &mut Vec<(String, String, Range<usize>)>) {
    for (key, node) in keys {
        let name = format!("{prefix}{}", key.get_ref());
        match node {
            Node::Value(value) => found.push((name, value, key.span())),
            Node::Table(keys) => flatten(&format!("{name}."), keys, found),
        }
    }
}

enum Node {
    Value(String),
    Table(Vec<(Text, Node)>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Node;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text, a whole number, true or false")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Node, E> {
                Ok(Node::Value(text.to_owned()))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Node, E> {
                Ok(Node::Value(number.to_string()))
            }

            fn visit_bool<E: Error>(self, yes: bool) -> Result<Node, E> {
                Ok(Node::Value(yes.to_string()))
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Node, M::Error> {
                let mut keys = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    keys.push(entry);
                }
                Ok(Node::Table(keys))
            }
        }
        from.deserialize_any(Any)
    }
}
