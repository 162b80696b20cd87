//! `recall`: what is remembered about the user.

use async_trait::async_trait;
use quarry_models::chat::ToolSpec;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{arguments, remember::with_memory};
use crate::agent::{
    memory::facts,
    tool::{Tool, ToolContext, ToolFailure, ToolOutput},
};

/// Facts of one call at most.
const MOST: usize = 10;
/// Longest question in characters.
const LONGEST: usize = 1_000;

/// The tool.
pub(super) struct Recall {
    spec: ToolSpec,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    query: String,
}

impl Recall {
    pub(super) fn new() -> Self {
        Self {
            spec: ToolSpec {
                name: "recall".to_owned(),
                description: "Finds what is remembered about the user from earlier sessions.".to_owned(),
                parameters: json!({
                    "type": "object",
                    "properties": {
                        "query": {"type": "string", "minLength": 1, "maxLength": LONGEST, "description": "What to look for, in a few words."}
                    },
                    "required": ["query"],
                    "additionalProperties": false
                }),
            },
        }
    }
}

#[async_trait]
impl Tool for Recall {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, context: &ToolContext<'_>, arguments: &Value) -> Result<ToolOutput, ToolFailure> {
        let arguments: Arguments = arguments::read(arguments)?;
        with_memory(context)?;
        let question: String = arguments.query.chars().take(LONGEST).collect();
        let found = async {
            facts::recall(context.engine.inner(), context.access, context.user, &question, MOST)
                .await
                .map_err(|error| arguments::failure(&error))
        };
        let found = arguments::in_time(context, found).await?;
        if found.is_empty() {
            return Ok(ToolOutput::text("Nothing about that is remembered."));
        }
        let lines: Vec<String> = found.iter().map(|fact| format!("- {}", fact.text)).collect();
        Ok(ToolOutput::text(lines.join("\n")))
    }
}
