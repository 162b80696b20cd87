//! `[[agents.mcp]]`: one MCP server.

use std::{collections::BTreeMap, ffi::OsString};

use quarry_core::Secret;
use serde::Deserialize;

use crate::error::EngineError;

/// The word for all tools of a server.
pub(super) const ALL: &str = "*";
/// Longest name: it is part of the name of each tool, which has 64 characters at most.
const LONGEST_NAME: usize = 24;

/// One MCP server whose tools agents may use: a program (`command`) or an address (`url`).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct McpServerSettings {
    /// Its tools are called `mcp_<name>_<tool>`; agents list `mcp:<name>` for all of them. 1 to 24 lower-case letters,
    /// digits and `-`.
    pub name: String,
    /// A program that speaks MCP on its standard input and output. It sees of the environment only `PATH`, `HOME`
    /// and `env`.
    #[serde(default)]
    pub command: Option<String>,
    /// Its arguments.
    #[serde(default)]
    pub args: Vec<String>,
    /// Variables it gets.
    #[serde(default)]
    pub env: BTreeMap<String, Secret>,
    /// A server that speaks streamable HTTP.
    #[serde(default)]
    pub url: Option<String>,
    /// Headers it is sent, such as `Authorization`.
    #[serde(default)]
    pub headers: BTreeMap<String, Secret>,
    /// Which of its tools may be used, by their own names; `["*"]` for all, also those it adds later.
    pub tools: Vec<String>,
    /// Seconds to wait for a connection, and for an answer.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u64,
}

const fn default_timeout() -> u64 {
    30
}

/// What a program sees of our environment besides what it is configured to get. Read by the configuration, the only
/// place that may.
#[derive(Clone, Debug, Default)]
pub struct ProgramEnvironment {
    /// `PATH`, to find programs.
    pub path: Option<OsString>,
    /// `HOME`, where programs keep their caches.
    pub home: Option<OsString>,
}

impl McpServerSettings {
    /// Whether a tool may be used.
    pub(super) fn allows(&self, tool: &str) -> bool {
        self.tools.iter().any(|allowed| allowed == ALL || allowed == tool)
    }

    /// Finds what cannot work before anything is started.
    ///
    /// # Errors
    /// `invalid_mcp_server`.
    pub(super) fn check(&self) -> Result<(), EngineError> {
        let wrong = |problem: String| Err(EngineError::invalid("invalid_mcp_server", "", problem));
        let name = &self.name;
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(plain) {
            return wrong(format!(
                "`{name}` is no name for an MCP server: use 1 to {LONGEST_NAME} lower-case letters, digits or `-`"
            ));
        }
        match (&self.command, &self.url) {
            (Some(_), Some(_)) | (None, None) => {
                return wrong(format!("the MCP server `{name}` needs either `command` or `url`"));
            }
            (None, Some(url)) if !url.starts_with("http://") && !url.starts_with("https://") => {
                return wrong(format!(
                    "the `url` of the MCP server `{name}` must start with http:// or https://"
                ));
            }
            _ => {}
        }
        if self.tools.is_empty() {
            return wrong(format!(
                "say which `tools` of the MCP server `{name}` may be used; `[\"*\"]` allows all of them"
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::McpServerSettings;

    fn check(json: &str) -> Result<(), String> {
        let settings: McpServerSettings = serde_json::from_str(json).map_err(|error| error.to_string())?;
        settings.check().map_err(|error| error.to_string())
    }

    #[test]
    fn what_cannot_work_is_found_before_anything_is_started() {
        assert_eq!(check(r#"{"name":"files","command":"files-mcp","tools":["read"]}"#), Ok(()));
        assert_eq!(check(r#"{"name":"web","url":"https://mcp.example/","tools":["*"]}"#), Ok(()));
        let cases = [
            (r#"{"name":"Files","command":"x","tools":["*"]}"#, "is no name"),
            (r#"{"name":"a","tools":["*"]}"#, "either `command` or `url`"),
            (r#"{"name":"a","command":"x","url":"http://x","tools":["*"]}"#, "either `command` or `url`"),
            (r#"{"name":"a","url":"ftp://x","tools":["*"]}"#, "http:// or https://"),
            (r#"{"name":"a","command":"x","tools":[]}"#, "may be used"),
            (r#"{"name":"a","command":"x"}"#, "missing field `tools`"),
        ];
        for (json, expected) in cases {
            let problem = check(json).unwrap_err();
            assert!(problem.contains(expected), "{json}: {problem}");
        }
    }
}
