//! How many messages one address gets.

use detect::SettingsError;
use reading::quantity;
use reading::time::DAY;

/// How many messages one address gets, and how soon another about the same meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttle {
    /// Messages to one address in any hour.
    pub per_hour: u32,
    /// Messages to one address in any 24 hours.
    pub per_day: u32,
    /// How long after the last message the next one about the same meter comes at the earliest, ms, unless the evidence
    /// is clearly worse by then.
    pub again_after: i64,
}

/// People read fewer messages a day than this. The limit bounds what is remembered of an address.
const MOST_PER_DAY: u32 = 1000;
/// The longest time that a message is remembered.
const LONGEST: i64 = 366 * DAY;

impl Throttle {
    /// Whether the numbers go together. The keys of a channel that it is made of have the same names.
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        let Self { per_hour, per_day, again_after } = *self;
        let refuse = |key, problem, help| Err(SettingsError::Contradiction { key, problem, help });
        if per_day < per_hour {
            let problem = format!("`per_day` ({per_day}) must be at least `per_hour` ({per_hour})");
            return refuse("per_day", problem, format!("try `per_day = {per_hour}`"));
        }
        if per_day > MOST_PER_DAY {
            let problem = format!("`per_day` ({per_day}) must be at most {MOST_PER_DAY}");
            return refuse("per_day", problem, format!("try `per_day = {MOST_PER_DAY}`"));
        }
        if again_after > LONGEST {
            let (found, most) = (quantity::time(again_after), quantity::time(LONGEST));
            let problem = format!("`again_after` ({found}) must be at most {most}");
            return refuse("again_after", problem, format!("try `again_after = \"{most}\"`"));
        }
        Ok(())
    }
}
