//! Counts are stored by name: a list of issues or reasons that grew or changed its order still reads older counts.

use super::{Counts, Issue, Reason};
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let issues = Issue::ALL.iter().map(|&issue| (issue.name(), self.of_issue(issue)));
        let reasons = Reason::ALL.iter().map(|&reason| (reason.name(), self.of_reason(reason)));
        let issues: Vec<_> = issues.filter(|(_, count)| *count > 0).collect();
        let reasons: Vec<_> = reasons.filter(|(_, count)| *count > 0).collect();
        (issues, reasons).serialize(serializer)
    }
}

type ByName = Vec<(String, u64)>;

impl<'de> Deserialize<'de> for Counts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (issues, reasons) = <(ByName, ByName)>::deserialize(deserializer)?;
        let mut counts = Self::default();
        // A name that this version does not know any more is left out: nothing but the tally depends on it.
        for (name, count) in issues {
            if let Some(&issue) = Issue::ALL.iter().find(|issue| issue.name() == name) {
                counts.issues(issue, count);
            }
        }
        for (name, count) in reasons {
            if let Some(&reason) = Reason::ALL.iter().find(|reason| reason.name() == name) {
                counts.reasons(reason, count);
            }
        }
        Ok(counts)
    }
}
