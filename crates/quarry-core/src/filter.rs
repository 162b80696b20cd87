//! Conditions on metadata, as a typed tree. Never text that is spliced into somebody's query.
//!
//! ```json
//! {"and": [{"eq": {"field": "year", "value": 2024}}, {"not": {"in": {"field": "tag", "values": ["draft"]}}}]}
//! ```

use serde::{Deserialize, Serialize};

use crate::{
    error::{ErrorKind, Fault},
    metadata::{self, Metadata, Value},
};

/// Deepest nesting of a filter.
pub const MAX_DEPTH: usize = 8;
/// Most conditions in a filter.
pub const MAX_NODES: usize = 128;

/// A condition on a document's metadata.
///
/// A field with a list matches when one of its values does. `not` matches documents without the field too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Filter {
    /// All hold. True when empty.
    And(Vec<Filter>),
    /// One holds. False when empty.
    Or(Vec<Filter>),
    /// It does not hold.
    Not(Box<Filter>),
    /// The field has this value.
    Eq(Comparison),
    /// The field has one of these values.
    In(Membership),
    /// The field lies between bounds: numbers by size, text by Unicode code point.
    Range(Range),
    /// The field is there.
    Exists(Presence),
}

/// A field and a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// The field's name.
    pub field: String,
    /// A single value, not a list.
    pub value: Value,
}

/// A field and the values it may have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Membership {
    /// The field's name.
    pub field: String,
    /// Single values.
    pub values: Vec<Value>,
}

/// A field and its bounds; at least one bound, all of one type.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The field's name.
    pub field: String,
    /// Greater than.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gt: Option<Value>,
    /// Greater than or equal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gte: Option<Value>,
    /// Less than.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lt: Option<Value>,
    /// Less than or equal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lte: Option<Value>,
}

/// A field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Presence {
    /// The field's name.
    pub field: String,
}

/// What is wrong with a filter, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the filter is wrong at `{pointer}`: {problem}")]
pub struct FilterError {
    /// A JSON pointer into the filter.
    pub pointer: String,
    /// A sentence.
    pub problem: String,
}

impl Fault for FilterError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Invalid
    }

    fn code(&self) -> &'static str {
        "invalid_filter"
    }

    fn pointer(&self) -> Option<String> {
        Some(format!("/filter{}", self.pointer))
    }
}

impl Range {
    /// The bounds that are set, with their names.
    pub fn bounds(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        [("gt", &self.gt), ("gte", &self.gte), ("lt", &self.lt), ("lte", &self.lte)]
            .into_iter()
            .filter_map(|(name, bound)| bound.as_ref().map(|bound| (name, bound)))
    }

    fn admits(&self, value: &Value) -> bool {
        use std::cmp::Ordering::{Equal, Greater, Less};
        self.bounds().all(|(name, bound)| {
            let Some(order) = compare(value, bound) else { return false };
            match name {
                "gt" => order == Greater,
                "gte" => matches!(order, Greater | Equal),
                "lt" => order == Less,
                _ => matches!(order, Less | Equal),
            }
        })
    }
}

fn compare(left: &Value, right: &Value) -> Option<std::cmp::Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.partial_cmp(right),
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

impl Filter {
    /// Checks sizes, names and types.
    ///
    /// # Errors
    /// The first thing that is wrong, with a JSON pointer to it.
    pub fn check(&self) -> Result<(), FilterError> {
        let mut nodes = 0;
        self.check_at("", 1, &mut nodes)
    }

    fn check_at(&self, pointer: &str, depth: usize, nodes: &mut usize) -> Result<(), FilterError> {
        *nodes += 1;
        let wrong = |at: &str, problem: String| Err(FilterError { pointer: at.to_owned(), problem });
        if depth > MAX_DEPTH {
            return wrong(pointer, format!("nested deeper than {MAX_DEPTH} levels"));
        }
        if *nodes > MAX_NODES {
            return wrong(pointer, format!("more than {MAX_NODES} conditions"));
        }
        match self {
            Self::And(parts) | Self::Or(parts) => {
                let name = if matches!(self, Self::And(_)) { "and" } else { "or" };
                parts.iter().enumerate().try_for_each(|(position, part)| {
                    part.check_at(&format!("{pointer}/{name}/{position}"), depth + 1, nodes)
                })
            }
            Self::Not(part) => part.check_at(&format!("{pointer}/not"), depth + 1, nodes),
            Self::Eq(eq) => {
                check_field(&eq.field, &format!("{pointer}/eq/field"))?;
                check_scalar(&eq.value, &format!("{pointer}/eq/value"))
            }
            Self::In(within) => {
                check_field(&within.field, &format!("{pointer}/in/field"))?;
                if within.values.len() > MAX_NODES {
                    return wrong(&format!("{pointer}/in/values"), format!("more than {MAX_NODES} values"));
                }
                within.values.iter().enumerate().try_for_each(|(position, value)| {
                    check_scalar(value, &format!("{pointer}/in/values/{position}"))
                })
            }
            Self::Range(range) => {
                check_field(&range.field, &format!("{pointer}/range/field"))?;
                check_bounds(range, &format!("{pointer}/range"))
            }
            Self::Exists(presence) => check_field(&presence.field, &format!("{pointer}/exists/field")),
        }
    }

    /// Whether a document with this metadata is meant. Engines that cannot push a filter down use it, and tests
    /// hold every engine to it.
    #[must_use]
    pub fn matches(&self, metadata: &Metadata) -> bool {
        let any = |field: &str, test: &dyn Fn(&Value) -> bool| {
            metadata.get(field).is_some_and(|value| value.scalars().any(test))
        };
        match self {
            Self::And(parts) => parts.iter().all(|part| part.matches(metadata)),
            Self::Or(parts) => parts.iter().any(|part| part.matches(metadata)),
            Self::Not(part) => !part.matches(metadata),
            Self::Eq(eq) => any(&eq.field, &|value| *value == eq.value),
            Self::In(within) => any(&within.field, &|value| within.values.contains(value)),
            Self::Range(range) => any(&range.field, &|value| range.admits(value)),
            Self::Exists(presence) => {
                metadata.get(&presence.field).is_some_and(|value| value.scalars().next().is_some())
            }
        }
    }
}

fn check_field(name: &str, pointer: &str) -> Result<(), FilterError> {
    if metadata::is_field_name(name) {
        return Ok(());
    }
    Err(FilterError { pointer: pointer.to_owned(), problem: format!("`{name}` is not a field name") })
}

fn check_scalar(value: &Value, pointer: &str) -> Result<(), FilterError> {
    if matches!(value, Value::List(_)) {
        let problem = "a list cannot be compared; use `in` for several values".to_owned();
        return Err(FilterError { pointer: pointer.to_owned(), problem });
    }
    Ok(())
}

fn check_bounds(range: &Range, pointer: &str) -> Result<(), FilterError> {
    let wrong = |problem: &str| Err(FilterError { pointer: pointer.to_owned(), problem: problem.to_owned() });
    let numbers = range.bounds().filter(|(_, bound)| matches!(bound, Value::Number(_))).count();
    let texts = range.bounds().filter(|(_, bound)| matches!(bound, Value::Text(_))).count();
    match (numbers, texts, range.bounds().count()) {
        (_, _, 0) => wrong("a range needs `gt`, `gte`, `lt` or `lte`"),
        (numbers, 0, all) if numbers == all => Ok(()),
        (0, texts, all) if texts == all => Ok(()),
        _ => wrong("bounds must be all numbers or all text"),
    }
}

#[cfg(test)]
mod tests {
    use super::Filter;
    use crate::metadata::Metadata;

    fn metadata(json: &str) -> Metadata {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn filters_select_as_documented() {
        let subject = metadata(r#"{"year": 2024, "tag": ["a", "b"], "lang": "en", "draft": false}"#);
        let cases = [
            (r#"{"eq":{"field":"year","value":2024}}"#, true),
            (r#"{"eq":{"field":"tag","value":"b"}}"#, true),
            (r#"{"eq":{"field":"tag","value":"c"}}"#, false),
            (r#"{"in":{"field":"lang","values":["de","en"]}}"#, true),
            (r#"{"range":{"field":"year","gte":2024,"lt":2025}}"#, true),
            (r#"{"range":{"field":"year","gt":2024}}"#, false),
            (r#"{"range":{"field":"lang","gte":"ea"}}"#, true),
            (r#"{"range":{"field":"lang","gte":1}}"#, false),
            (r#"{"exists":{"field":"draft"}}"#, true),
            (r#"{"not":{"exists":{"field":"missing"}}}"#, true),
            (r#"{"and":[]}"#, true),
            (r#"{"or":[]}"#, false),
        ];
        for (json, expected) in cases {
            let filter: Filter = serde_json::from_str(json).unwrap();
            filter.check().unwrap();
            assert_eq!(filter.matches(&subject), expected, "{json}");
        }
    }

    #[test]
    fn a_wrong_filter_says_where() {
        let cases = [
            (r#"{"and":[{"eq":{"field":"a b","value":1}}]}"#, "/and/0/eq/field"),
            (r#"{"range":{"field":"a"}}"#, "/range"),
            (r#"{"range":{"field":"a","gt":1,"lt":"b"}}"#, "/range"),
            (r#"{"eq":{"field":"a","value":["b"]}}"#, "/eq/value"),
        ];
        for (json, pointer) in cases {
            let filter: Filter = serde_json::from_str(json).unwrap();
            assert_eq!(filter.check().unwrap_err().pointer, pointer, "{json}");
        }
        let deep = (0..20).fold(Filter::And(Vec::new()), |inner, _| Filter::Not(Box::new(inner)));
        assert!(deep.check().unwrap_err().problem.contains("deeper"));
    }
}
