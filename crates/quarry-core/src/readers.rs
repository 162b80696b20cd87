//! Who may read a document: names of people, groups and keys, or everyone in its collection.
//!
//! An index keeps the list beside the metadata, under a name that no document's metadata can have, so that what is closed to
//! somebody is left out before the best are chosen. The database asks again when a passage is read.

use crate::{
    access::Visibility,
    filter::{Filter, Membership, Presence},
    metadata::{Metadata, Value},
};

/// Where an index keeps the list.
pub const FIELD: &str = "$readers";
/// Stands for an empty list: nobody has this name.
const NOBODY: &str = "-";
/// Most names in a list.
pub const MOST: usize = 64;
/// Longest name in bytes.
const LONGEST: usize = 256;

/// Checks a list of readers; the error says what is wrong.
///
/// # Errors
/// A sentence.
pub fn check(readers: &[String]) -> Result<(), String> {
    if readers.len() > MOST {
        return Err(format!("{} readers; at most {MOST} are allowed: use a group", readers.len()));
    }
    readers.iter().try_for_each(|reader| {
        let (kind, name) = reader.split_once(':').unwrap_or_default();
        let known = matches!(kind, "user" | "group" | "key");
        if known && !name.is_empty() && reader.len() <= LONGEST && !name.chars().any(char::is_control) {
            return Ok(());
        }
        Err(format!("`{reader}` is no reader: write `user:NAME`, `group:NAME` or `key:NAME`"))
    })
}

/// Puts the list where an index finds it.
pub fn hide(readers: Option<&[String]>, metadata: &mut Metadata) {
    let Some(readers) = readers else { return };
    let mut names: Vec<Value> = readers.iter().map(|reader| Value::Text(reader.clone())).collect();
    if names.is_empty() {
        names.push(Value::Text(NOBODY.to_owned()));
    }
    metadata.insert(FIELD.to_owned(), Value::List(names));
}

/// The filter that leaves only what somebody sees; none for who sees all.
#[must_use]
pub fn filter(visibility: Visibility<'_>) -> Option<Filter> {
    let Visibility::Opened(names) = visibility else { return None };
    let open = Filter::Not(Box::new(Filter::Exists(Presence { field: FIELD.to_owned() })));
    let values = names.iter().map(|name| Value::Text(name.clone())).collect();
    let opened = Filter::In(Membership { field: FIELD.to_owned(), values });
    Some(Filter::Or(vec![open, opened]))
}

/// Whether somebody sees a document with these readers.
#[must_use]
pub fn admits(visibility: Visibility<'_>, readers: Option<&[String]>) -> bool {
    match (visibility, readers) {
        (Visibility::All, _) | (_, None) => true,
        (Visibility::Opened(names), Some(readers)) => readers.iter().any(|reader| names.contains(reader)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_and_the_database_agree_on_who_reads_what() {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let ada = names(&["user:ada", "group:finance"]);
        for (readers, expected) in [
            (None, true),
            (Some(names(&[])), false),
            (Some(names(&["user:bob"])), false),
            (Some(names(&["user:ada"])), true),
            (Some(names(&["user:bob", "group:finance"])), true),
            (Some(names(&["user:ada2", "key:ada"])), false),
        ] {
            let mut metadata = Metadata::new();
            hide(readers.as_deref(), &mut metadata);
            let filter = filter(Visibility::Opened(&ada)).expect("a filter");
            assert_eq!(filter.matches(&metadata), expected, "{readers:?}");
            assert_eq!(admits(Visibility::Opened(&ada), readers.as_deref()), expected, "{readers:?}");
            assert!(admits(Visibility::All, readers.as_deref()));
        }
        assert!(super::filter(Visibility::All).is_none());
    }

    #[test]
    fn readers_are_named_by_what_they_are() {
        let check = |reader: &str| check(&[reader.to_owned()]);
        for good in ["user:ada", "group:finance", "key:ci", "user:ada@example.com"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["", "ada", "user:", "role:admin", "user:a\nb"] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }
}
