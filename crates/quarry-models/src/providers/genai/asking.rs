//! Our words in those of `genai`.

use genai::chat::{
    ChatMessage as Message, ChatRequest as Asked, ChatRole, ContentPart, MessageContent, Tool,
    ToolCall as Call, ToolResponse,
};
use serde_json::Value;

use crate::chat::{ChatMessage, ChatRequest, Role};

pub(super) fn translate(request: &ChatRequest) -> Asked {
    let messages = request.messages.iter().map(|message| one(message, &request.messages)).collect();
    let mut asked = Asked::new(messages);
    if !request.tools.is_empty() {
        asked = asked.with_tools(request.tools.iter().map(|tool| {
            Tool::new(tool.name.as_str())
                .with_description(&tool.description)
                .with_schema(tool.parameters.clone())
        }));
    }
    asked
}

fn one(message: &ChatMessage, all: &[ChatMessage]) -> Message {
    match message.role {
        Role::System => Message::system(message.content.as_str()),
        Role::User => Message::user(message.content.as_str()),
        Role::Assistant => {
            let text = (!message.content.is_empty()).then(|| ContentPart::Text(message.content.clone()));
            let calls = message.tool_calls.iter().map(|call| {
                ContentPart::ToolCall(Call {
                    call_id: call.id.clone(),
                    fn_name: call.name.clone(),
                    fn_arguments: arguments(&call.arguments),
                    thought_signatures: None,
                })
            });
            Message::new(
                ChatRole::Assistant,
                MessageContent::from_parts(text.into_iter().chain(calls).collect::<Vec<_>>()),
            )
        }
        Role::Tool => {
            let id = message.tool_call_id.clone().unwrap_or_default();
            // Gemini matches results by the tool's name, which only the call has.
            let mut calls = all.iter().flat_map(|message| &message.tool_calls);
            let name = calls.find(|call| call.id == id).map(|call| call.name.clone());
            let mut response = ToolResponse::new(id, message.content.as_str());
            response.fn_name = name;
            Message::from(response)
        }
    }
}

/// These dialects send arguments as objects. What the model wrote wrongly goes back under a name, so that it can see it.
fn arguments(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(object @ Value::Object(_)) => object,
        _ if text.trim().is_empty() => Value::Object(serde_json::Map::new()),
        _ => serde_json::json!({ "malformed_arguments": text }),
    }
}
