//! Whose phone a number is: only those who are known are answered.

use grid::Topology;
use notify::desk::{Receiver, Whom};
use notify::words::Language;
use notify::{Channel, DeskRules};
use std::collections::{BTreeMap, BTreeSet};

/// Who is behind a phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// A receiver of the plan, by its name.
    Duty(String),
    /// The meter reader of these areas.
    Reader(BTreeSet<String>),
    /// The consumer of these meters.
    Consumer(BTreeSet<String>),
}

/// A known phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The number as the plan or the topology has it.
    pub phone: String,
    /// Who it is.
    pub who: Who,
    /// In which language the person reads.
    pub language: Language,
}

impl Person {
    /// Whether a person on duty may know of something in this area.
    pub fn may_know(&self, area: Option<&str>) -> bool {
        match &self.who {
            Who::Duty(_) => true,
            Who::Reader(areas) => area.is_some_and(|area| areas.contains(area)),
            Who::Consumer(_) => false,
        }
    }

    /// What others see of a person on duty.
    pub fn name(&self) -> String {
        match &self.who {
            Who::Duty(name) => name.clone(),
            Who::Reader(areas) => {
                format!("reader of {}", areas.iter().map(String::as_str).collect::<Vec<_>>().join(", "))
            }
            Who::Consumer(_) => "consumer".to_owned(),
        }
    }
}

/// All known phones.
#[derive(Debug, Clone, Default)]
pub struct Directory(BTreeMap<String, Person>);

/// The digits of a number: gateways write `+`, `00` or nothing before them.
pub(crate) fn digits(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    digits.strip_prefix("00").map(str::to_owned).unwrap_or(digits)
}

impl Directory {
    /// The phones of a plan and of the rows of a topology that hold until further notice. Who is on duty is that and no
    /// consumer.
    pub fn new(rules: &DeskRules, topology: &Topology) -> Self {
        let mut all = Self::default();
        let language = |is_meant: fn(&Whom) -> bool| {
            let of_sms = rules.receivers().iter().filter(|one| one.channel == Channel::Sms);
            let found = of_sms.filter(|one| is_meant(&one.whom)).map(|one| one.language.clone()).next();
            found.unwrap_or(Language::ENGLISH)
        };
        let readers = language(|whom| *whom == Whom::Reader);
        let consumers = language(|whom| *whom == Whom::Consumer);
        for row in topology.rows().iter().filter(|row| row.to.is_none()) {
            if let Some(phone) = &row.phone {
                all.add(phone, &consumers, Who::Consumer([row.meter.to_string()].into()));
            }
        }
        for row in topology.rows().iter().filter(|row| row.to.is_none()) {
            if let (Some(phone), Some(area)) = (&row.reader_phone, &row.area) {
                all.add(phone, &readers, Who::Reader([area.to_string()].into()));
            }
        }
        for Receiver { name, channel, whom, language, .. } in rules.receivers() {
            if *channel != Channel::Sms {
                continue;
            }
            let phones: Vec<&str> = match whom {
                Whom::Reader | Whom::Consumer => vec![],
                Whom::One(address) => vec![address.as_str()],
                Whom::Rota(shifts) => shifts.iter().map(|shift| shift.address.as_str()).collect(),
            };
            phones.iter().for_each(|phone| all.add(phone, language, Who::Duty(name.clone())));
        }
        all
    }

    fn add(&mut self, phone: &str, language: &Language, who: Who) {
        let key = digits(phone);
        match (self.0.get_mut(&key).map(|known| &mut known.who), who) {
            (Some(Who::Consumer(known)), Who::Consumer(more))
            | (Some(Who::Reader(known)), Who::Reader(more)) => known.extend(more),
            (Some(Who::Duty(_)), Who::Duty(_)) => {}
            (_, who) => {
                let person = Person { phone: phone.to_owned(), who, language: language.clone() };
                self.0.insert(key, person);
            }
        }
    }

    /// Who is behind a number.
    pub fn find(&self, number: &str) -> Option<&Person> {
        self.0.get(&digits(number))
    }
}
