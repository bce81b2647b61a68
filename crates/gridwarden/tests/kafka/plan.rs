//! The plans of `pipelines/` with changed values.

use columns::outputs::ALL;
use std::fs;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// A plan before it is written to a file.
#[derive(Clone)]
pub struct Plan(Table);

/// The keys of `[kafka]` that name topics of results.
pub fn outputs() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|(key, _)| *key)
}

impl Plan {
    /// A plan of `pipelines/` that reads this topic. Its group and topics of results begin with `own`.
    pub fn new(which: &str, readings: &str, own: &str) -> Self {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pipelines").join(which).with_extension("toml");
        let mut plan = Self(fs::read_to_string(path).unwrap().parse().unwrap());
        // Dead letters are results as well.
        plan = plan.with("kafka.dead_letters", "dead-letters").with("kafka.readings", readings);
        plan.kafka().remove("topology");
        plan = plan.with("checkpoints.every", "700 ms").with("checkpoints.full_after", 4);
        plan.named(own)
    }

    /// The same plan with other names of its group and topics.
    pub fn named(mut self, own: &str) -> Self {
        self.kafka().insert("group".to_owned(), own.into());
        for key in outputs() {
            if let Some(topic) = self.kafka().get_mut(key) {
                *topic = format!("{own}-{key}").into();
            }
        }
        self
    }

    /// The same plan with another value of a key, written as `section.key`.
    pub fn with(mut self, at: &str, value: impl Into<Value>) -> Self {
        let (section, key) = at.rsplit_once('.').unwrap_or(("", at));
        let mut table = &mut self.0;
        for part in section.split('.').filter(|part| !part.is_empty()) {
            table = table.entry(part).or_insert_with(|| Table::new().into()).as_table_mut().unwrap();
        }
        table.insert(key.to_owned(), value.into());
        self
    }

    /// The same plan with a setting of librdkafka. Its name is one key, including dots.
    pub fn with_client(mut self, name: &str, value: impl Into<Value>) -> Self {
        let client = self.kafka().entry("client").or_insert_with(|| Table::new().into());
        client.as_table_mut().unwrap().insert(name.to_owned(), value.into());
        self
    }

    /// The same plan without the topic of one kind of results.
    pub fn without(mut self, key: &str) -> Self {
        self.kafka().remove(key);
        self
    }

    /// The same plan without a section.
    pub fn without_section(mut self, section: &str) -> Self {
        self.0.remove(section).expect("the plan has the section");
        self
    }

    /// The topics of results: their keys and names.
    pub fn topics(&self) -> Vec<(&'static str, String)> {
        let kafka = self.0["kafka"].as_table().unwrap();
        let topic = |key: &'static str| Some((key, kafka.get(key)?.as_str()?.to_owned()));
        outputs().filter_map(topic).collect()
    }

    /// The topic of one kind of results.
    pub fn topic(&self, key: &str) -> String {
        self.0["kafka"][key].as_str().unwrap().to_owned()
    }

    /// Whether the plan has a second stage, and so needs a topology.
    pub fn has_second_stage(&self) -> bool {
        self.0.contains_key("cases")
    }

    /// The consumer group.
    pub fn group(&self) -> String {
        self.topic("group")
    }

    /// Writes the plan to a file.
    pub fn write(&self, to: &Path) -> PathBuf {
        fs::write(to, self.0.to_string()).unwrap();
        to.to_owned()
    }

    fn kafka(&mut self) -> &mut Table {
        self.0["kafka"].as_table_mut().unwrap()
    }
}
