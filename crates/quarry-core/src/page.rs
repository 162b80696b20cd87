//! Lists, a page at a time.

use serde::{Deserialize, Serialize};

/// An opaque position in a list. Clients send it back unread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

/// Which page to list.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// How many items at most, 1 to [`PageRequest::MAX`].
    pub limit: u32,
    /// Where the page before ended.
    pub after: Option<Cursor>,
}

impl PageRequest {
    /// Items on a page when nobody says.
    pub const DEFAULT: u32 = 50;
    /// Items on a page at most: bounds the memory of one request.
    pub const MAX: u32 = 500;

    /// A request with the limit brought into its range.
    #[must_use]
    pub fn new(limit: Option<u32>, after: Option<Cursor>) -> Self {
        Self { limit: limit.unwrap_or(Self::DEFAULT).clamp(1, Self::MAX), after }
    }
}

impl Default for PageRequest {
    fn default() -> Self {
        Self::new(None, None)
    }
}

/// One page of a list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Where the next page starts; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<Cursor>,
}

impl<T> Page<T> {
    /// The same page with other items.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(change).collect(), next_cursor: self.next_cursor }
    }
}
