//! Responses held against the OpenAPI document: what it promises is there, and nothing it does not mention.

use std::sync::OnceLock;

use serde_json::Value;

use crate::app::Reply;

pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_json::from_str(&quarry_server::openapi_json()).unwrap())
}

/// Fails when a response is not as documented for its route and status.
pub fn check(method: &str, path: &str, reply: &Reply) {
    let kind = reply.header("content-type").split(';').next().unwrap_or_default();
    // `/mcp` speaks a protocol of its own, which has its own schema.
    if !kind.ends_with("json")
        || kind.ends_with("ndjson")
        || path == "/openapi.json"
        || (path == "/mcp" && kind == "application/json")
    {
        return;
    }
    let path = path.split('?').next().unwrap();
    let Some(operation) = operation(method, path) else {
        let problem = reply.json();
        let is_problem = problem["status"] == reply.status.as_u16() || problem["error"]["code"].is_string();
        assert!(is_problem, "only problems come from outside the document: {problem}");
        return;
    };
    let status = reply.status.as_u16().to_string();
    let responses = &operation["responses"];
    let response = responses.get(&status).filter(|response| response["content"].get(kind).is_some());
    let response = response.unwrap_or(&responses["default"]);
    let schema = &response["content"][kind]["schema"];
    assert!(!schema.is_null(), "{method} {path} answers {status} with {kind}, which is not documented");
    if let Err(problem) = conforms(&reply.json(), schema, "") {
        panic!("{method} {path} {status}: {problem}\n{}", reply.text());
    }
}

/// The operation whose template fits a path; the one with the fewest parameters when several do.
fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let parts: Vec<&str> = path.split('/').collect();
    let paths = document()["paths"].as_object().unwrap();
    let fits = |template: &str| {
        let wanted: Vec<&str> = template.split('/').collect();
        wanted.len() == parts.len()
            && wanted.iter().zip(&parts).all(|(want, part)| want.starts_with('{') || want == part)
    };
    let fitting = paths.iter().filter(|(template, _)| fits(template));
    let (_, item) = fitting.min_by_key(|(template, _)| template.matches('{').count())?;
    item.get(method.to_lowercase())
}

fn conforms(value: &Value, schema: &Value, at: &str) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        return conforms(value, &document()["components"]["schemas"][name], at);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        if let Some(choice) = parts.iter().map(resolved).find(|part| part["oneOf"].is_array()) {
            let plain: Vec<Value> =
                parts.iter().map(resolved).filter(|part| *part != choice).cloned().collect();
            return beside_a_choice(value, choice, &merged(&plain), at);
        }
        // Parts are objects that share one level; their fields are put together before they are compared.
        return object(value, &merged(parts), at);
    }
    if let Some(options) = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array()) {
        let fits = options.iter().any(|option| conforms(value, option, at).is_ok());
        return if fits { Ok(()) } else { Err(format!("{at}: {value} fits none of the documented shapes")) };
    }
    if let Some(allowed) = schema["enum"].as_array() {
        let listed = allowed.contains(value);
        return if listed { Ok(()) } else { Err(format!("{at}: {value} is not one of {allowed:?}")) };
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => return Ok(()),
    };
    if !types.iter().any(|kind| is(value, kind)) {
        return Err(format!("{at}: {value} is not {types:?}"));
    }
    match value {
        Value::Array(items) => {
            let each = |(place, item)| conforms(item, &schema["items"], &format!("{at}/{place}"));
            items.iter().enumerate().try_for_each(each)
        }
        Value::Object(_) => object(value, schema, at),
        _ => Ok(()),
    }
}

fn resolved(schema: &Value) -> &Value {
    let named = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next());
    named.map_or(schema, |name| &document()["components"]["schemas"][name])
}

/// Fields of an object's own on one level with those of one of several shapes.
fn beside_a_choice(value: &Value, choice: &Value, plain: &Value, at: &str) -> Result<(), String> {
    let fields = value.as_object().ok_or_else(|| format!("{at}: {value} is not an object"))?.clone();
    let own = |name: &String| plain["properties"].get(name).is_some();
    let (own, rest): (Vec<_>, Vec<_>) = fields.into_iter().partition(|(name, _)| own(name));
    object(&Value::Object(own.into_iter().collect()), plain, at)?;
    conforms(&Value::Object(rest.into_iter().collect()), choice, at)
}

/// Holds a value against a schema by its name.
pub fn check_named(name: &str, value: &Value) {
    let schema = &document()["components"]["schemas"][name];
    assert!(schema.is_object(), "there is no schema `{name}`");
    if let Err(problem) = conforms(value, schema, "") {
        panic!("{name}: {problem}\n{value}");
    }
}

fn merged(parts: &[Value]) -> Value {
    let mut whole = serde_json::json!({"properties": {}, "required": []});
    for part in parts {
        let part = match part["$ref"].as_str() {
            Some(name) => &document()["components"]["schemas"][name.rsplit('/').next().unwrap()],
            None => part,
        };
        let properties = part["properties"].as_object().cloned().unwrap_or_default();
        whole["properties"].as_object_mut().unwrap().extend(properties);
        whole["required"]
            .as_array_mut()
            .unwrap()
            .extend(part["required"].as_array().cloned().unwrap_or_default());
    }
    whole
}

fn object(value: &Value, schema: &Value, at: &str) -> Result<(), String> {
    let fields = value.as_object().ok_or_else(|| format!("{at}: {value} is not an object"))?;
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !fields.contains_key(name) {
            return Err(format!("{at}: `{name}` is documented and not there"));
        }
    }
    let Some(known) = schema["properties"].as_object() else { return Ok(()) };
    fields.iter().try_for_each(|(name, field)| {
        let schema = known.get(name).ok_or_else(|| format!("{at}: `{name}` is there and not documented"))?;
        conforms(field, schema, &format!("{at}/{name}"))
    })
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        _ => value.is_object(),
    }
}
