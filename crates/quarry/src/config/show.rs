//! The configuration in force, with where each value comes from.

use std::collections::BTreeSet;

use serde_json::{Map, json};

use super::{
    Layers,
    keys::{Kind, find, general, of},
    table::{KEYS, SECTIONS},
};

impl Layers {
    /// As TOML, with the origin behind each value that is not a default.
    pub(crate) fn to_toml(&self) -> String {
        let mut text = String::new();
        for (section, _) in SECTIONS {
            if section.contains(['[', '<']) {
                self.several(section, &mut text);
                continue;
            }
            text.push_str(&format!("[{section}]\n"));
            for (name, key) in of(section) {
                text.push_str(&self.line(key.path, name));
            }
            text.push('\n');
        }
        text.truncate(text.trim_end().len());
        text + "\n"
    }

    fn line(&self, path: &str, name: &str) -> String {
        let Some(key) = find(&general(path)) else { return String::new() };
        match self.set.get(path) {
            Some(_) if key.kind == Kind::Secret => format!("{name} = \"***\"  # {}\n", self.origin(path)),
            Some(setting) => format!("{name} = {}  # {}\n", setting.value, self.origin(path)),
            None if key.default.is_empty() => format!("# {name} is not set\n"),
            None => format!("{name} = {}\n", key.default),
        }
    }

    /// The tables of a list or below names that somebody wrote, each with what is set in it.
    fn several(&self, section: &str, text: &mut String) {
        let depth = section.split('.').count();
        let of_table = |path: &str| {
            find(&general(path)).filter(|key| key.parts().0 == section)?;
            Some(path.split('.').take(depth).collect::<Vec<_>>().join("."))
        };
        let tables: BTreeSet<String> = self.set.keys().filter_map(|path| of_table(path)).collect();
        for table in tables {
            let title = match table.split_once('[').filter(|_| section.ends_with("[]")) {
                Some((list, _)) => format!("[[{list}]]"),
                None => format!("[{table}]"),
            };
            text.push_str(&format!("{title}\n"));
            for path in self.set.keys() {
                if let Some(name) = path.strip_prefix(&table).and_then(|rest| rest.strip_prefix('.')) {
                    text.push_str(&self.line(path, &quoted(name)));
                }
            }
            text.push('\n');
        }
    }

    /// As JSON: every key with its value and origin.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let mut all = Map::new();
        let defaults = KEYS.iter().filter(|key| !key.repeats() && !self.set.contains_key(key.path));
        for key in defaults {
            let value = toml::from_str::<toml::Table>(&format!("value = {}", key.default))
                .ok()
                .and_then(|table| serde_json::to_value(table.get("value")).ok());
            all.insert(key.path.to_owned(), json!({"value": value, "from": "default"}));
        }
        for (path, setting) in &self.set {
            let secret = find(&general(path)).is_some_and(|key| key.kind == Kind::Secret);
            let value = if secret { json!("***") } else { json!(setting.value) };
            all.insert(path.clone(), json!({"value": value, "from": self.origin(path)}));
        }
        serde_json::Value::Object(all)
    }

    fn origin(&self, path: &str) -> String {
        self.set.get(path).map_or_else(|| "default".to_owned(), |setting| setting.origin.to_string())
    }
}

/// A key whose last part is a name of the operator's choice, in quotes where TOML wants them.
fn quoted(name: &str) -> String {
    let bare =
        |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    match name.split_once('.') {
        Some((table, chosen)) if !bare(chosen) => format!("{table}.{chosen:?}"),
        _ => name.to_owned(),
    }
}
