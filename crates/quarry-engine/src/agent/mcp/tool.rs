//! One tool of an MCP server, under a name that says whose it is.

use std::sync::Arc;

use async_trait::async_trait;
use quarry_models::chat::ToolSpec;
use rmcp::model;
use serde_json::{Value, json};

use super::{server::McpServer, text};
use crate::agent::{
    tool::{Tool, ToolContext, ToolFailure, ToolOutput},
    tools::in_time,
};

/// Longest name that every provider takes.
const LONGEST_NAME: usize = 64;
/// Characters of a description that a model is shown: a server must not fill its window.
const LONGEST_DESCRIPTION: usize = 1_024;

/// The tool.
pub(super) struct McpTool {
    spec: ToolSpec,
    server: Arc<McpServer>,
    /// Its name to its server.
    own_name: String,
}

impl McpTool {
    /// A tool as its server describes it.
    pub(super) fn new(server: &Arc<McpServer>, tool: &model::Tool) -> Self {
        let described = tool.description.as_deref().or(tool.title.as_deref()).unwrap_or_default();
        let spec = ToolSpec {
            name: name(&server.settings().name, &tool.name),
            description: text::cut(described, LONGEST_DESCRIPTION),
            parameters: closed(tool.input_schema.as_ref().clone()),
        };
        Self { spec, server: Arc::clone(server), own_name: tool.name.clone().into_owned() }
    }

    /// A tool of a server that does not answer: calling it tries again, or says why not.
    pub(super) fn unreachable(server: &Arc<McpServer>, own_name: &str) -> Self {
        let spec = ToolSpec {
            name: name(&server.settings().name, own_name),
            description: "This tool's server does not answer at the moment.".to_owned(),
            parameters: json!({"type": "object", "properties": {}}),
        };
        Self { spec, server: Arc::clone(server), own_name: own_name.to_owned() }
    }
}

#[async_trait]
impl Tool for McpTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, context: &ToolContext<'_>, arguments: &Value) -> Result<ToolOutput, ToolFailure> {
        let server = &self.server.settings().name;
        let Value::Object(arguments) = arguments else {
            return Err(ToolFailure("the arguments must be a JSON object".to_owned()));
        };
        let called = async {
            let called = self.server.call(&self.own_name, arguments.clone()).await;
            called.map_err(|why| ToolFailure(format!("the MCP server `{server}` failed: {why}")))
        };
        text::result(in_time(context, called).await?)
    }
}

/// `mcp_<server>_<tool>`, in letters that every provider takes.
pub(super) fn name(server: &str, tool: &str) -> String {
    let plain = |character: char| {
        if character.is_ascii_alphanumeric() || matches!(character, '_' | '-') { character } else { '_' }
    };
    format!("mcp_{server}_{tool}").chars().map(plain).take(LONGEST_NAME).collect()
}

/// A server's schema as an object that takes nothing but what it names. Where it is put together from parts, closing
/// it here would refuse what the parts allow.
fn closed(mut schema: model::JsonObject) -> Value {
    schema.insert("type".to_owned(), json!("object"));
    let composed =
        ["allOf", "anyOf", "oneOf", "$ref", "patternProperties"].iter().any(|key| schema.contains_key(*key));
    if !composed {
        schema.entry("properties").or_insert_with(|| json!({}));
        schema.entry("additionalProperties").or_insert(Value::Bool(false));
    }
    Value::Object(schema)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{closed, name};

    #[test]
    fn names_say_whose_tool_it_is_in_letters_every_provider_takes() {
        assert_eq!(name("files", "read/all now"), "mcp_files_read_all_now");
        assert_eq!(name("files", &"x".repeat(200)).len(), 64);
    }

    #[test]
    fn schemas_are_closed_where_that_is_safe() {
        let close = |schema: Value| closed(schema.as_object().unwrap().clone());
        assert_eq!(
            close(json!({})),
            json!({"type": "object", "properties": {}, "additionalProperties": false})
        );
        assert_eq!(close(json!({"additionalProperties": true}))["additionalProperties"], true);
        assert!(close(json!({"anyOf": []})).get("additionalProperties").is_none());
    }
}
