//! `--metadata name=value`

use quarry_core::{Metadata, Value, metadata};

use crate::failure::{Exit, Failure, Outcome};

/// Reads every pair; what is not JSON is text.
pub(in crate::commands) fn of(pairs: &[String]) -> Outcome<Metadata> {
    let wrong = |text: String| Failure::new(Exit::Invalid, "invalid_metadata", text);
    let mut fields = Metadata::new();
    for pair in pairs {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(wrong(format!("`{pair}` is not metadata: use `name=value`")));
        };
        let value = serde_json::from_str::<Value>(value).unwrap_or_else(|_| Value::Text(value.to_owned()));
        if fields.insert(name.to_owned(), value).is_some() {
            return Err(wrong(format!("`{name}` is given twice; a list is `{name}='[\"a\", \"b\"]'`")));
        }
    }
    metadata::check(&fields).map_err(|problem| wrong(format!("the metadata are wrong: {problem}")))?;
    Ok(fields)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use quarry_core::Value;

    use super::of;

    #[test]
    fn values_have_the_type_they_look_like() {
        let pairs = ["year=2024", "draft=false", "name=R=D", "tags=[\"a\",\"b\"]", "zip=\"01099\"", "empty="];
        let fields = of(&pairs.map(str::to_owned)).unwrap();
        assert_eq!(fields.get("year"), Some(&Value::Number(2024.0)));
        assert_eq!(fields.get("draft"), Some(&Value::Bool(false)));
        assert_eq!(fields.get("name"), Some(&Value::Text("R=D".to_owned())));
        assert_eq!(fields.get("zip"), Some(&Value::Text("01099".to_owned())));
        assert_eq!(fields.get("empty"), Some(&Value::Text(String::new())));
        assert!(matches!(fields.get("tags"), Some(Value::List(values)) if values.len() == 2));
    }

    #[test]
    fn what_is_no_pair_is_refused() {
        assert_eq!(of(&["year".to_owned()]).unwrap_err().message, "`year` is not metadata: use `name=value`");
        let twice = ["a=1".to_owned(), "a=2".to_owned()];
        assert!(of(&twice).unwrap_err().message.contains("given twice"));
        assert!(of(&["a b=1".to_owned()]).unwrap_err().message.contains("not a field name"));
    }
}
