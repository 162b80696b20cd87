//! What a document says about itself, and what filters can ask about.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One metadata value. Dates are text in RFC 3339, which sorts and ranges as text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// Any number.
    Number(f64),
    /// Text.
    Text(String),
    /// Several values; a filter matches when one of them does.
    List(Vec<Value>),
}

impl Value {
    /// The value itself, or the members of a list.
    pub fn scalars(&self) -> impl Iterator<Item = &Self> {
        match self {
            Self::List(values) => values.as_slice(),
            single => std::slice::from_ref(single),
        }
        .iter()
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

/// Named values, in the order of their names.
pub type Metadata = BTreeMap<String, Value>;

/// Most fields a document may have: bounds the index's work for each chunk.
pub const MAX_FIELDS: usize = 64;
/// Longest text value in bytes.
pub const MAX_TEXT: usize = 4_096;
/// Longest field name in bytes.
pub const MAX_NAME: usize = 64;
/// Most values in one list.
pub const MAX_LIST: usize = 64;

/// Checks sizes and names; the error says which field and why.
///
/// # Errors
/// The first field that breaks a limit.
pub fn check(metadata: &Metadata) -> Result<(), String> {
    if metadata.len() > MAX_FIELDS {
        return Err(format!("{} fields; at most {MAX_FIELDS} are allowed", metadata.len()));
    }
    metadata.iter().try_for_each(|(name, value)| check_field(name, value))
}

fn check_field(name: &str, value: &Value) -> Result<(), String> {
    if !is_field_name(name) {
        return Err(format!("`{name}` is not a field name: use 1 to {MAX_NAME} letters, digits, `_` or `-`"));
    }
    if let Value::List(values) = value {
        if values.len() > MAX_LIST {
            return Err(format!("`{name}` has {} values; at most {MAX_LIST} are allowed", values.len()));
        }
        if values.iter().any(|value| matches!(value, Value::List(_))) {
            return Err(format!("`{name}` holds a list inside a list; only single values can be listed"));
        }
    }
    let too_long = value.scalars().any(|value| matches!(value, Value::Text(text) if text.len() > MAX_TEXT));
    if too_long { Err(format!("`{name}` is longer than {MAX_TEXT} bytes")) } else { Ok(()) }
}

/// Whether a name can be a metadata field.
#[must_use]
pub fn is_field_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_NAME
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}
