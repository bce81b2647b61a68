//! The section `[answers]` of a plan: whether phones are answered, and how often.

use pipeline::PlanError;
use serde::Deserialize;
use toml::Spanned;

/// More answers a day nobody asks for by hand.
const MOST_PER_DAY: u32 = 1000;

/// How many answers one phone gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answers {
    /// In any hour.
    pub per_hour: u32,
    /// In any 24 hours.
    pub per_day: u32,
}

#[derive(Debug, Deserialize)]
struct AnswersToml {
    answers: Option<Section>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    per_hour: Option<Spanned<u32>>,
    per_day: Option<Spanned<u32>>,
}

/// The section of a plan. Without it nobody is answered.
pub fn answers(text: &str) -> Result<Option<Answers>, PlanError> {
    let written: AnswersToml = toml::from_str(text).map_err(|error| PlanError::toml(&error))?;
    let Some(Section { per_hour, per_day }) = written.answers else { return Ok(None) };
    let read = |key: &str, written: Option<Spanned<u32>>, usual: u32, least: u32| {
        let Some(written) = written else { return Ok(usual.max(least)) };
        let number = *written.get_ref();
        if (least..=MOST_PER_DAY).contains(&number) {
            return Ok(number);
        }
        let problem = format!("`{key}` must be {least} to {MOST_PER_DAY}, found {number}");
        Err(PlanError::new(
            "plan::range",
            written.span(),
            problem,
            format!("try `{key} = {}`", usual.max(least)),
        ))
    };
    let per_hour = read("per_hour", per_hour, 6, 1)?;
    Ok(Some(Answers { per_hour, per_day: read("per_day", per_day, 20, per_hour)? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_has_limits_that_go_together() {
        let of = |text: &str| match answers(text) {
            Ok(found) => found.map(|one| format!("{} {}", one.per_hour, one.per_day)).unwrap_or_default(),
            Err(error) => error.problem,
        };
        assert_eq!(of(""), "");
        assert_eq!(of("[answers]"), "6 20");
        assert_eq!(of("[answers]\nper_hour = 50"), "50 50");
        assert_eq!(of("[answers]\nper_hour = 0"), "`per_hour` must be 1 to 1000, found 0");
        assert_eq!(of("[answers]\nper_day = 2"), "`per_day` must be 6 to 1000, found 2");
        assert!(of("[answers]\nhour = 2").contains("unknown field"));
    }
}
