//! Pages of lists.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Paging {
    /// Only what stands behind the item of this id: `next` of the page before.
    #[param(value_type = Option<String>, max_length = 512)]
    pub(super) after: Option<After>,
    /// At most so many items.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 1000, default = 50)]
    pub(super) limit: Option<Limit>,
}

/// The id of an item: nothing has a longer one.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct After(pub(super) String);

impl TryFrom<String> for After {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        if text.chars().count() <= 512 {
            Ok(Self(text))
        } else {
            Err("`after` must have at most 512 letters")
        }
    }
}

/// A number from 1 to 1000.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "u16")]
pub(super) struct Limit(u16);

impl TryFrom<u16> for Limit {
    type Error = &'static str;

    fn try_from(number: u16) -> Result<Self, &'static str> {
        if (1..=1000).contains(&number) { Ok(Self(number)) } else { Err("`limit` must be from 1 to 1000") }
    }
}

impl Paging {
    pub(super) fn limit(&self) -> usize {
        limit(self.limit)
    }

    pub(super) fn after(&self) -> Option<&str> {
        self.after.as_ref().map(|After(id)| id.as_str())
    }
}

pub(super) fn limit(asked: Option<Limit>) -> usize {
    asked.map_or(50, |Limit(number)| usize::from(number))
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T> {
    /// The items, the newest first.
    items: Vec<T>,
    /// `after` of the next page; null on the last one.
    next: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page of one item more than the limit, if there are so many.
    pub(super) fn of(mut items: Vec<T>, limit: usize, id: impl Fn(&T) -> String) -> Self {
        let is_last = items.len() <= limit;
        items.truncate(limit);
        let next = items.last().filter(|_| !is_last).map(id);
        Self { items, next }
    }

    pub(super) fn items_mut(&mut self) -> &mut [T] {
        &mut self.items
    }
}
