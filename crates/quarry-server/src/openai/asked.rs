//! What a chat client asks: read, checked, and made into a run.

use quarry_core::{CollectionName, SessionId};
use quarry_engine::{ChatMessage, Role, agent::RunRequest};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{problem::Problem, wire::Filter};

/// A conversation, and who is to go on with it.
///
/// Fields that are not listed are passed over, among them `temperature`, `top_p`, `max_tokens`, `stop`, `seed` and
/// `user`: an agent's definition says how it answers.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(example = json!({"model": "default", "messages": [{"role": "user", "content": "What raises the sea?"}]}))]
pub(crate) struct ChatCompletionRequest {
    /// The agent, by name or id.
    #[schema(example = "default")]
    model: String,
    /// The conversation. The last message of the user is what is asked; those before it are its history, and system
    /// messages are added to the agent's instructions.
    messages: Vec<ChatCompletionMessage>,
    /// Whether the answer comes in chunks.
    #[serde(default)]
    pub(super) stream: Option<bool>,
    /// How the chunks come.
    #[serde(default)]
    stream_options: Option<StreamOptions>,
    /// How many answers; only 1.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1)]
    n: Option<u32>,
    /// Refused unless empty: agents have tools of their own.
    #[serde(default)]
    tools: Option<Vec<serde_json::Value>>,
    /// The same, as older clients call it.
    #[serde(default)]
    functions: Option<Vec<serde_json::Value>>,
    /// Only `{"type": "text"}`.
    #[serde(default)]
    response_format: Option<ResponseFormat>,
    /// What OpenAI does not know.
    #[serde(default)]
    quarry: Option<ChatExtension>,
}

/// How chunks come.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
struct StreamOptions {
    /// Whether a last chunk without choices says the usage.
    #[serde(default)]
    include_usage: Option<bool>,
}

/// How an answer is written.
#[derive(Clone, Debug, Deserialize, ToSchema)]
struct ResponseFormat {
    /// `text`
    #[serde(rename = "type")]
    #[schema(example = "text")]
    kind: String,
}

/// What OpenAI does not know: send it as `extra_body={"quarry": {...}}` with the Python client.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChatExtension {
    /// A session of this server: its turns are read before, and this one is added after.
    #[schema(value_type = Option<Uuid>)]
    session_id: Option<SessionId>,
    /// Only these of the agent's collections.
    #[schema(value_type = Option<Vec<String>>)]
    collections: Option<Vec<CollectionName>>,
    /// Only documents whose metadata match.
    #[schema(value_type = Option<Filter>)]
    filter: Option<quarry_core::Filter>,
    /// Another chat model than the agent's, by its configured name.
    model: Option<String>,
    /// Whether the run is stored; it is when not said.
    keep: Option<bool>,
}

/// A message.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct ChatCompletionMessage {
    /// `system`, `developer`, `user` or `assistant`; `tool` and `function` are passed over.
    #[schema(example = "user")]
    role: String,
    /// Text, or parts of which each is text.
    #[serde(default)]
    content: Option<MessageContent>,
}

/// What a message says.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(untagged)]
enum MessageContent {
    /// Text.
    Text(String),
    /// Text in parts.
    Parts(Vec<ContentPart>),
}

/// A part of a message.
#[derive(Clone, Debug, Deserialize, ToSchema)]
struct ContentPart {
    /// `text`
    #[serde(rename = "type")]
    #[schema(example = "text")]
    kind: String,
    /// The text.
    #[serde(default)]
    text: Option<String>,
}

impl ChatCompletionRequest {
    /// Whether chunks say the usage.
    pub(super) fn counts(&self) -> bool {
        self.stream_options.and_then(|options| options.include_usage).unwrap_or(false)
    }

    /// The engine's request.
    pub(super) fn run(self) -> Result<RunRequest, Problem> {
        self.check()?;
        let mut turns = Vec::with_capacity(self.messages.len());
        for (place, message) in self.messages.into_iter().enumerate() {
            turns.extend(turn(place, message)?);
        }
        let Some(last) = turns.iter().rposition(|turn| turn.role == Role::User) else {
            return Err(refused(
                "/messages",
                "there is no message of the user: its last one is what is asked",
            ));
        };
        let mut behind = turns.split_off(last).into_iter();
        let input = behind.next().map(|turn| turn.content).unwrap_or_default();
        // What stands behind the question can only be a reply that was begun; instructions count wherever they are.
        turns.extend(behind.filter(|turn| turn.role == Role::System));
        let own = self.quarry.unwrap_or_default();
        Ok(RunRequest {
            agent: Some(self.model),
            session: own.session_id,
            history: turns,
            collections: own.collections,
            filter: own.filter,
            model: own.model,
            keep: own.keep.unwrap_or(true),
            ..RunRequest::new(input)
        })
    }

    fn check(&self) -> Result<(), Problem> {
        if self.n.is_some_and(|n| n != 1) {
            return Err(refused("/n", "an agent gives one answer: leave `n` out or say 1"));
        }
        let given =
            |tools: &Option<Vec<serde_json::Value>>| tools.as_ref().is_some_and(|tools| !tools.is_empty());
        if given(&self.tools) || given(&self.functions) {
            let at = if given(&self.tools) { "/tools" } else { "/functions" };
            let detail = "agents have tools of their own, which their definitions name; send no `tools`";
            return Err(refused(at, detail));
        }
        if self.response_format.as_ref().is_some_and(|format| format.kind != "text") {
            let detail = "agents answer in text with citations: `response_format` can only be `text`";
            return Err(refused("/response_format", detail));
        }
        Ok(())
    }
}

fn refused(pointer: &str, detail: &str) -> Problem {
    Problem::invalid(detail).at(pointer, detail)
}

/// A message as the engine takes it; none for what belongs to tools that are not here.
fn turn(place: usize, message: ChatCompletionMessage) -> Result<Option<ChatMessage>, Problem> {
    let role = match message.role.as_str() {
        "system" | "developer" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" | "function" => return Ok(None),
        other => {
            let detail = format!("`{other}` is not a role: use system, developer, user or assistant");
            return Err(refused(&format!("/messages/{place}/role"), &detail));
        }
    };
    let content = match message.content {
        None => String::new(),
        Some(MessageContent::Text(text)) => text,
        Some(MessageContent::Parts(parts)) => joined(place, parts)?,
    };
    Ok(Some(ChatMessage::text(role, content)))
}

fn joined(place: usize, parts: Vec<ContentPart>) -> Result<String, Problem> {
    let mut joined = String::new();
    for (part_place, part) in parts.into_iter().enumerate() {
        let Some(text) = part.text.filter(|_| matches!(part.kind.as_str(), "text" | "input_text")) else {
            let detail = format!("agents read text: a part of type `{}` cannot be taken", part.kind);
            return Err(refused(&format!("/messages/{place}/content/{part_place}"), &detail));
        };
        if !joined.is_empty() {
            joined.push('\n');
        }
        joined.push_str(&text);
    }
    Ok(joined)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn run(body: Value) -> Result<RunRequest, Problem> {
        serde_json::from_value::<ChatCompletionRequest>(body).unwrap().run()
    }

    fn said(body: Value) -> (String, Vec<String>) {
        let request = run(body).unwrap();
        (
            request.input,
            request.history.into_iter().map(|turn| format!("{:?}: {}", turn.role, turn.content)).collect(),
        )
    }

    #[test]
    fn the_last_message_of_the_user_is_asked() {
        let (input, history) = said(
            json!({"model": "default", "temperature": 0.2, "max_tokens": 5, "logit_bias": {}, "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Hello"},
                {"role": "assistant", "content": null, "tool_calls": [{"id": "a"}]},
                {"role": "tool", "tool_call_id": "a", "content": "42"},
                {"role": "assistant", "content": "Hello!"},
                {"role": "user", "content": [{"type": "text", "text": "What raises"}, {"type": "text", "text": "the sea?"}]},
                {"role": "assistant", "content": "The m"},
                {"role": "developer", "content": "Cite."}
            ]}),
        );
        assert_eq!(input, "What raises\nthe sea?");
        let expected =
            ["System: Be brief.", "User: Hello", "Assistant: ", "Assistant: Hello!", "System: Cite."];
        assert_eq!(history, expected);
    }

    #[test]
    fn what_would_change_the_answers_meaning_is_refused() {
        let with = |field: &str, value: Value| {
            let mut body = json!({"model": "default", "messages": [{"role": "user", "content": "a"}]});
            body[field] = value;
            run(body)
        };
        for (field, value) in [
            ("n", json!(2)),
            ("tools", json!([{"type": "function"}])),
            ("functions", json!([{"name": "a"}])),
            ("response_format", json!({"type": "json_object"})),
            ("messages", json!([{"role": "system", "content": "a"}])),
            ("messages", json!([])),
        ] {
            let problem = with(field, value).unwrap_err().body("r");
            assert_eq!(problem.errors[0].pointer, format!("/{field}"), "{}", problem.detail);
        }
        for (messages, pointer) in [
            (json!([{"role": "oracle", "content": "a"}]), "/messages/0/role"),
            (
                json!([{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]),
                "/messages/0/content/0",
            ),
        ] {
            assert_eq!(with("messages", messages).unwrap_err().body("r").errors[0].pointer, pointer);
        }
        for (field, value) in [
            ("n", json!(1)),
            ("tools", json!([])),
            ("tools", Value::Null),
            ("response_format", json!({"type": "text"})),
        ] {
            assert!(with(field, value).is_ok(), "{field}");
        }
    }
}
