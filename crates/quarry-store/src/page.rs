//! Cursors: the sort key of a page's last item, as text that clients send back unread.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use quarry_core::{Cursor, Page, PageRequest};
use uuid::Uuid;

use crate::error::StoreError;

/// Items to fetch: one more than asked for, which says whether there is a next page.
pub(crate) fn fetch(request: &PageRequest) -> i64 {
    i64::from(request.limit.clamp(1, PageRequest::MAX)) + 1
}

/// Where a list in the order of texts goes on.
pub(crate) fn after_text(request: &PageRequest) -> Result<String, StoreError> {
    let Some(Cursor(text)) = &request.after else { return Ok(String::new()) };
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| StoreError::InvalidCursor)?;
    String::from_utf8(bytes).map_err(|_| StoreError::InvalidCursor)
}

/// Where a list with the newest id first goes on.
pub(crate) fn before_id(request: &PageRequest) -> Result<Uuid, StoreError> {
    match after_text(request)?.as_str() {
        "" => Ok(Uuid::max()),
        text => text.parse().map_err(|_| StoreError::InvalidCursor),
    }
}

/// Where a list in the order of numbers goes on.
pub(crate) fn after_number(request: &PageRequest) -> Result<i64, StoreError> {
    match after_text(request)?.as_str() {
        "" => Ok(-1),
        text => text.parse().map_err(|_| StoreError::InvalidCursor),
    }
}

/// Where a list with the highest number first goes on.
pub(crate) fn before_number(request: &PageRequest) -> Result<i64, StoreError> {
    match after_text(request)?.as_str() {
        "" => Ok(i64::MAX),
        text => text.parse().map_err(|_| StoreError::InvalidCursor),
    }
}

/// A page from the rows that [`fetch`] asked for.
pub(crate) fn page<T>(mut items: Vec<T>, request: &PageRequest, key: impl Fn(&T) -> String) -> Page<T> {
    let limit = request.limit.clamp(1, PageRequest::MAX) as usize;
    let more = items.len() > limit;
    items.truncate(limit);
    let next_cursor =
        items.last().filter(|_| more).map(|last| Cursor(URL_SAFE_NO_PAD.encode(key(last).as_bytes())));
    Page { items, next_cursor }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{after_text, before_id, page};
    use quarry_core::{Cursor, PageRequest};

    #[test]
    fn a_page_leads_to_the_next_and_the_last_one_to_none() {
        let request = PageRequest::new(Some(2), None);
        let first = page(vec!["a", "b", "c"], &request, |item| (*item).to_owned());
        assert_eq!(first.items, ["a", "b"]);
        let next = PageRequest::new(Some(2), first.next_cursor);
        assert_eq!(after_text(&next).unwrap(), "b");
        assert!(page(vec!["c"], &next, |item| (*item).to_owned()).next_cursor.is_none());
    }

    #[test]
    fn a_cursor_from_elsewhere_is_refused() {
        for text in ["!", "YQ"] {
            let request = PageRequest::new(None, Some(Cursor(text.into())));
            assert!(before_id(&request).is_err(), "{text}");
        }
    }
}
