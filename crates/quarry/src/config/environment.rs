//! What the environment says: `QUARRY__SECTION__KEY` for every key of the configuration, and secrets by name.

use std::ffi::OsString;

use quarry_engine::agent::mcp::ProgramEnvironment;

/// The variables of the environment, as they were at the start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment(Vec<(String, String)>);

const PREFIX: &str = "QUARRY__";

impl Environment {
    /// The process's own.
    pub(crate) fn read() -> Self {
        let text = |value: OsString| value.into_string().ok();
        Self(std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect())
    }

    /// A made-up one.
    #[cfg(test)]
    pub(super) fn of(variables: &[(&str, &str)]) -> Self {
        Self(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// One variable.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What programs of MCP servers see of it.
    pub(super) fn programs(&self) -> ProgramEnvironment {
        let one = |name| self.get(name).map(OsString::from);
        ProgramEnvironment { path: one("PATH"), home: one("HOME") }
    }

    /// The variables that mean keys: their name, the key's path and the value, in the order of their names.
    pub(super) fn keys(&self) -> Vec<(String, String, String)> {
        let mut keys: Vec<_> = self
            .0
            .iter()
            .filter_map(|(name, value)| {
                Some((name.clone(), path_of(name.strip_prefix(PREFIX)?), value.clone()))
            })
            .collect();
        keys.sort();
        keys
    }
}

/// `MODELS__EMBED__OPENAI__0__MODEL` as `models.embed.openai[0].model`. The name of a variable for a program keeps its
/// letters as they are, and so does that of an issuer's role: `AGENTS__MCP__0__ENV__API_KEY` is
/// `agents.mcp[0].env.API_KEY`.
fn path_of(name: &str) -> String {
    let mut path = String::new();
    for part in name.split("__") {
        let of_program = path.starts_with("agents.mcp[") && path.ends_with(".env");
        if of_program || (path.starts_with("auth.jwt.") && path.ends_with(".role_map")) {
            path.push('.');
            path.push_str(part);
            continue;
        }
        if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) {
            path.push_str(&format!("[{part}]"));
        } else {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&part.to_lowercase());
        }
    }
    path
}

/// Whether colours are wanted, as far as the environment says (no-color.org).
pub(crate) fn colours() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Environment, path_of};

    #[test]
    fn names_become_paths() {
        assert_eq!(path_of("INGEST__MAX_ATTEMPTS"), "ingest.max_attempts");
        assert_eq!(path_of("MODELS__EMBED__OPENAI__0__API_KEY"), "models.embed.openai[0].api_key");
        assert_eq!(path_of("MODELS__CHAT__FAST__API_KEY"), "models.chat.fast.api_key");
        assert_eq!(path_of("AGENTS__MCP__0__ENV__API_KEY"), "agents.mcp[0].env.API_KEY");
        assert_eq!(path_of("AUTH__JWT__CORP__ROLE_MAP__Admins"), "auth.jwt.corp.role_map.Admins");
    }

    #[test]
    fn other_variables_are_not_keys() {
        let environment =
            Environment::of(&[("QUARRY_DATA", "x"), ("PATH", "y"), ("QUARRY__LOG__LEVEL", "warn")]);
        let keys = environment.keys();
        assert_eq!(keys, [("QUARRY__LOG__LEVEL".to_owned(), "log.level".to_owned(), "warn".to_owned())]);
    }
}
