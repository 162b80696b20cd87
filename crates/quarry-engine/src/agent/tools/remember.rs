//! `remember`: a sentence about the user that later sessions may need.

use async_trait::async_trait;
use quarry_models::chat::ToolSpec;
use serde::Deserialize;
use serde_json::{Value, json};

use super::arguments;
use crate::agent::{
    memory::facts,
    tool::{Tool, ToolContext, ToolFailure, ToolOutput},
};

/// The tool.
pub(super) struct Remember {
    spec: ToolSpec,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    text: String,
}

impl Remember {
    pub(super) fn new() -> Self {
        let description = "Remembers one lasting fact about the user (a preference, a role, a decision) for later \
                           sessions. Only what the user said, never what a document says.";
        Self {
            spec: ToolSpec {
                name: "remember".to_owned(),
                description: description.to_owned(),
                parameters: json!({
                    "type": "object",
                    "properties": {
                        "text": {"type": "string", "minLength": 1, "maxLength": facts::MOST_CHARACTERS, "description": "One sentence that is understood without the conversation."}
                    },
                    "required": ["text"],
                    "additionalProperties": false
                }),
            },
        }
    }
}

#[async_trait]
impl Tool for Remember {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, context: &ToolContext<'_>, arguments: &Value) -> Result<ToolOutput, ToolFailure> {
        let arguments: Arguments = arguments::read(arguments)?;
        with_memory(context)?;
        let added = async {
            facts::remember(context.engine.inner(), context.access, context.user, None, &arguments.text)
                .await
                .map_err(|error| arguments::failure(&error))
        };
        Ok(match arguments::in_time(context, added).await? {
            (_, true) => ToolOutput::text("Remembered."),
            (_, false) => ToolOutput::text("That is remembered already."),
        })
    }
}

/// An agent without memory keeps nothing and knows nothing, whatever tools it lists.
pub(super) fn with_memory(context: &ToolContext<'_>) -> Result<(), ToolFailure> {
    if context.agent.memory { Ok(()) } else { Err(ToolFailure("this agent has no memory".to_owned())) }
}
