//! A notice that is read again, from a line of `notices.ndjson` or from a message.

use cases::{CaseId, Severity};
use detect::Detector;
use notify::desk::{Kind, Notice, Phase, Place, Scope, Seen, Word};
use reading::{AreaId, EventTime, FeederId, MeterId, TransformerId};
use serde_json::{Map, Value};

/// A line is no notice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotANotice {
    /// No JSON object.
    #[error("it is no JSON object: {0}")]
    NoObject(String),
    /// A column that a notice has is missing, or holds something else.
    #[error("its `{0}` is missing or wrong")]
    Column(&'static str),
}

/// Reads what the output `notices` has written.
pub fn read_notice(line: &[u8]) -> Result<Notice, NotANotice> {
    let columns: Map<String, Value> =
        serde_json::from_slice(line).map_err(|error| NotANotice::NoObject(error.to_string()))?;
    let row = Row(&columns);
    let place = Place {
        meter: row.if_any("meter", MeterId::new)?,
        transformer: row.if_any("transformer", TransformerId::new)?,
        feeder: row.if_any("feeder", FeederId::new)?,
        area: row.if_any("area", AreaId::new)?,
        class: row.if_any("class", |name| Some(name.to_owned()))?,
        phone: row.if_any("phone", |name| Some(name.to_owned()))?,
    };
    let scope = match row.text("role")? {
        "meter" => row.read("target", |name| MeterId::new(name).map(Scope::Meter))?,
        "transformer" => row.read("target", |name| TransformerId::new(name).map(Scope::Transformer))?,
        "feeder" => row.read("target", |name| FeederId::new(name).map(Scope::Feeder))?,
        _ => return Err(NotANotice::Column("role")),
    };
    Ok(Notice {
        id: row.text("id")?.to_owned(),
        episode: row.text("episode")?.to_owned(),
        kind: row.read("kind", Kind::parse)?,
        phase: row.read("phase", |name| Phase::ALL.into_iter().find(|one| one.name() == name))?,
        severity: row.read("severity", |name| Severity::ALL.into_iter().find(|one| one.name() == name))?,
        time: row.read("time", time)?,
        scope,
        place,
        case: row.if_any("case", |name| CaseId::try_from(name.to_owned()).ok())?,
        seen: match columns.get("seen") {
            None | Some(Value::Null) => None,
            Some(seen) => Some(read_seen(seen).ok_or(NotANotice::Column("seen"))?),
        },
        brief: row.text("brief")?.to_owned(),
        words: row.words()?,
    })
}

struct Row<'a>(&'a Map<String, Value>);

impl<'a> Row<'a> {
    fn text(&self, column: &'static str) -> Result<&'a str, NotANotice> {
        self.0.get(column).and_then(Value::as_str).ok_or(NotANotice::Column(column))
    }

    fn read<T>(
        &self,
        column: &'static str,
        read: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<T, NotANotice> {
        read(self.text(column)?).ok_or(NotANotice::Column(column))
    }

    fn if_any<T>(
        &self,
        column: &'static str,
        read: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<Option<T>, NotANotice> {
        match self.0.get(column) {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.read(column, read).map(Some),
        }
    }

    fn words(&self) -> Result<Vec<(String, Word)>, NotANotice> {
        let all = self.0.get("words").and_then(Value::as_array).ok_or(NotANotice::Column("words"))?;
        all.iter().map(|word| read_word(word).ok_or(NotANotice::Column("words"))).collect()
    }
}

fn time(text: &str) -> Option<EventTime> {
    EventTime::parse_rfc3339(text.as_bytes())
}

fn read_seen(seen: &Value) -> Option<Seen> {
    let detector = seen.get("detector").and_then(Value::as_str).and_then(Detector::parse)?;
    Some(Seen { detector, main: seen.get("value").and_then(Value::as_f64)? })
}

fn read_word(word: &Value) -> Option<(String, Word)> {
    let field = |name: &str| word.get(name).and_then(Value::as_str);
    let read = match (field("text"), field("time")) {
        (Some(text), _) => Word::Text(text.to_owned()),
        (None, Some(text)) => Word::Time(time(text)?),
        (None, None) => return None,
    };
    Some((field("name")?.to_owned(), read))
}

#[cfg(test)]
mod tests;
