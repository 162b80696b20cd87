//! Arguments held against a tool's schema. A mistake becomes a sentence that the model can act on.

use std::{collections::HashMap, sync::Arc};

use jsonschema::Validator;
use parking_lot::RwLock;
use quarry_models::chat::ToolSpec;
use serde_json::{Map, Value};

/// Mistakes that are named in one sentence.
const NAMED: usize = 3;
/// Schemas kept; more come only from a server that renames its tools all the time.
const MOST: usize = 1_000;

/// Compiled schemas, by tool. One of an MCP server may change while the engine runs.
#[derive(Default)]
pub(crate) struct Schemas {
    known: RwLock<HashMap<String, Arc<Compiled>>>,
}

struct Compiled {
    schema: Value,
    validator: Option<Validator>,
}

impl Schemas {
    /// Arguments as a model wrote them, read and checked.
    ///
    /// # Errors
    /// A sentence for the model.
    pub(crate) fn read(&self, spec: &ToolSpec, written: &str) -> Result<Value, String> {
        let name = &spec.name;
        let trimmed = written.trim();
        let value = if trimmed.is_empty() || trimmed == "null" {
            Value::Object(Map::new())
        } else {
            serde_json::from_str(trimmed).map_err(|error| {
                format!("the arguments of `{name}` are not JSON ({error}); write one JSON object")
            })?
        };
        let compiled = self.compiled(spec);
        let Some(validator) = &compiled.validator else {
            return Err(format!("`{name}` cannot be called: its own description of its arguments is broken"));
        };
        let mut problems: Vec<String> = Vec::new();
        for error in validator.iter_errors(&value).take(NAMED) {
            let pointer = error.instance_path().to_string();
            let place = if pointer.is_empty() { "at the top".to_owned() } else { format!("at `{pointer}`") };
            let words: String = error.to_string().chars().take(200).collect();
            problems.push(format!("{place}, {words}"));
        }
        if problems.is_empty() {
            Ok(value)
        } else {
            Err(format!(
                "the arguments of `{name}` are wrong: {}; correct them and call it again",
                problems.join("; ")
            ))
        }
    }

    fn compiled(&self, spec: &ToolSpec) -> Arc<Compiled> {
        if let Some(known) = self.known.read().get(&spec.name).filter(|known| known.schema == spec.parameters)
        {
            return Arc::clone(known);
        }
        let fresh = Arc::new(Compiled {
            schema: spec.parameters.clone(),
            validator: jsonschema::validator_for(&spec.parameters).ok(),
        });
        let mut known = self.known.write();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(spec.name.clone(), Arc::clone(&fresh));
        fresh
    }
}

#[cfg(test)]
mod tests {
    use super::Schemas;
    use quarry_models::chat::ToolSpec;
    use serde_json::json;

    fn spec() -> ToolSpec {
        ToolSpec {
            name: "search".to_owned(),
            description: String::new(),
            parameters: json!({
                "type": "object", "required": ["query"], "additionalProperties": false,
                "properties": {"query": {"type": "string"}, "k": {"type": "integer", "minimum": 1}}
            }),
        }
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let schemas = Schemas::default();
        for (written, parts) in [
            (r#"{"query": 5}"#, &["`search`", "`/query`", "string"][..]),
            (r#"{"query": "x", "k": 0}"#, &["`/k`", "minimum"]),
            (r#"{"query": "x", "deep": true}"#, &["at the top", "deep"]),
            ("", &["at the top", "query"]),
            ("[1]", &["object"]),
            ("{\"query\": \"x", &["not JSON"]),
        ] {
            let sentence = schemas.read(&spec(), written).unwrap_err();
            assert!(parts.iter().all(|part| sentence.contains(part)), "{written}: {sentence}");
        }
        assert_eq!(schemas.read(&spec(), r#" {"query": "x"} "#).unwrap(), json!({"query": "x"}));
    }

    #[test]
    fn a_changed_schema_is_compiled_again_and_a_broken_one_is_said() {
        let schemas = Schemas::default();
        assert!(schemas.read(&spec(), r#"{"query": "x"}"#).is_ok());
        let changed = ToolSpec { parameters: json!({"type": "object", "required": ["q"]}), ..spec() };
        assert!(schemas.read(&changed, r#"{"query": "x"}"#).is_err());
        let broken = ToolSpec { parameters: json!({"type": "nonsense"}), ..spec() };
        assert!(schemas.read(&broken, "{}").unwrap_err().contains("broken"));
    }
}
