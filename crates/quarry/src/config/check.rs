//! One value against its key.

use quarry_server::{Rate, TrustedProxies};
use toml::Value;

use super::{
    environment::Environment,
    keys::{self, Key, Kind, general},
};

/// The text of a variable or flag as the value its key takes; what does not fit is refused later, by [`value`].
pub(super) fn from_text(path: &str, text: &str) -> Value {
    let Some(key) = keys::find(&general(path)) else { return Value::String(text.to_owned()) };
    let parsed = match key.kind {
        Kind::Whole(..) => text.trim().parse().ok().map(Value::Integer),
        Kind::Number(..) => text.trim().parse().ok().map(Value::Float),
        Kind::Truth => text.trim().parse().ok().map(Value::Boolean),
        Kind::Texts | Kind::Networks => {
            Some(Value::Array(parts(text).map(|part| Value::String(part.to_owned())).collect()))
        }
        Kind::Wholes(..) => {
            let numbers = parts(text).map(|part| part.parse().map(Value::Integer));
            numbers.collect::<Result<_, _>>().ok().map(Value::Array)
        }
        Kind::Text | Kind::Word(_) | Kind::Address | Kind::Rate | Kind::Secret => None,
    };
    parsed.unwrap_or_else(|| Value::String(text.to_owned()))
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// Checks a value and brings it into the form that the structs read. The error is the end of a sentence.
pub(super) fn value(key: &Key, value: &mut Value, environment: &Environment) -> Result<(), String> {
    let shown =
        if key.kind == Kind::Secret { "a value of another type".to_owned() } else { value.to_string() };
    let must = |what: String| Err(format!("must be {what}, not {shown}"));
    match (key.kind, &mut *value) {
        (Kind::Whole(least, most), Value::Integer(number)) if (least..=most).contains(number) => Ok(()),
        (Kind::Whole(least, i64::MAX), _) => must(format!("a whole number from {least}")),
        (Kind::Whole(least, most), _) => must(format!("a whole number from {least} to {most}")),
        (Kind::Number(least, most), Value::Integer(number)) if within(*number as f64, least, most) => {
            *value = Value::Float(*number as f64);
            Ok(())
        }
        (Kind::Number(least, most), Value::Float(number)) if within(*number, least, most) => Ok(()),
        (Kind::Number(least, most), _) => must(format!("a number from {least} to {most}")),
        (Kind::Truth, Value::Boolean(_)) | (Kind::Text, Value::String(_)) => Ok(()),
        (Kind::Truth, _) => must("true or false".to_owned()),
        (Kind::Text, _) => must("text in quotes".to_owned()),
        (Kind::Word(words), Value::String(text)) if words.contains(&text.as_str()) => Ok(()),
        (Kind::Word(words), _) => must(either(words)),
        (Kind::Address, Value::String(text)) if text.parse::<std::net::SocketAddr>().is_ok() => Ok(()),
        (Kind::Address, _) => must("an address with a port, such as \"127.0.0.1:7700\"".to_owned()),
        (Kind::Texts, Value::Array(items)) if items.iter().all(Value::is_str) => Ok(()),
        (Kind::Texts, _) => must("a list of texts".to_owned()),
        (Kind::Rate, Value::String(text)) if text.parse::<Rate>().is_ok() => Ok(()),
        (Kind::Rate, _) => must("a rate, such as \"600/m\" or \"100/s, burst 500\", or \"off\"".to_owned()),
        (Kind::Networks, Value::Array(items)) if are_networks(items) => Ok(()),
        (Kind::Networks, _) => must("a list of networks, such as [\"10.0.0.0/8\", \"192.0.2.7\"]".to_owned()),
        (Kind::Wholes(least, most), Value::Array(items))
            if items
                .iter()
                .all(|item| item.as_integer().is_some_and(|number| (least..=most).contains(&number))) =>
        {
            Ok(())
        }
        (Kind::Wholes(least, most), _) => must(format!("a list of whole numbers from {least} to {most}")),
        (Kind::Secret, Value::String(text)) => {
            *text = secret(text, environment)?;
            Ok(())
        }
        (Kind::Secret, _) => must("text in quotes".to_owned()),
    }
}

fn are_networks(items: &[Value]) -> bool {
    let texts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
    texts.is_some_and(|texts| TrustedProxies::read(&texts).is_ok())
}

fn within(number: f64, least: f64, most: f64) -> bool {
    number >= least && number <= most
}

fn either(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// The secret itself: as given, or where `env:` or `file:` says that it is.
fn secret(text: &str, environment: &Environment) -> Result<String, String> {
    if let Some(name) = text.strip_prefix("env:") {
        return environment
            .get(name)
            .map(str::to_owned)
            .ok_or_else(|| format!("names the variable `{name}`, which is not set"));
    }
    if let Some(path) = text.strip_prefix("file:") {
        return std::fs::read_to_string(path).map(|content| content.trim_end().to_owned()).map_err(|error| {
            format!("names the file `{path}`, which cannot be read: {}", crate::failure::plain(&error))
        });
    }
    Ok(text.to_owned())
}
