//! Servers whose models follow a script, with two small tools.

use std::sync::Arc;

use async_trait::async_trait;
use quarry_core::CollectionName;
use quarry_engine::{
    SearchRequest,
    agent::{
        source::Source,
        tool::{Tool, ToolContext, ToolFailure, ToolOutput},
        toolset::Fixed,
    },
};
use quarry_models::{
    ChatModel, ChatModels,
    chat::ToolSpec,
    testing::{ScriptedChat, Turn},
};
use quarry_server::ServerSettings;
use serde_json::{Value, json};

use crate::app::{Setup, TestApp, added};

/// What a run that looks something up answers, with what supports it.
pub const ANSWER: &str = "The moon raises the sea twice a day [1].";

/// Replies of a model that looks something up and answers.
pub fn looking_up() -> Vec<Turn> {
    vec![
        Turn::calls(&[("search", r#"{"query": "what raises the sea"}"#)]),
        Turn::text(["The moon raises ", "the sea twice ", "a day [1]."]),
    ]
}

/// A server whose model plays these replies, with one document about tides.
pub async fn playing(turns: Vec<Turn>) -> (TestApp, Arc<ScriptedChat>) {
    with(Arc::new(ScriptedChat::playing("scripted", turns)), ServerSettings::default()).await
}

/// The same for any script and settings.
pub async fn with(chat: Arc<ScriptedChat>, server: ServerSettings) -> (TestApp, Arc<ScriptedChat>) {
    let model = Arc::clone(&chat) as Arc<dyn ChatModel>;
    let setup =
        Setup { server, chat: ChatModels::new(vec![model], None), tools: tools(), ..Setup::default() };
    let app = TestApp::set_up(setup).await;
    let text = "The moon raises the sea twice a day. This is called the tide.";
    added(&app, json!({"source": "tides", "title": "On tides", "text": text})).await;
    (app, chat)
}

pub fn tools() -> Arc<Fixed> {
    let spec = |name: &str, field: &str| ToolSpec {
        name: name.to_owned(),
        description: format!("{name}s"),
        parameters: json!({
            "type": "object", "properties": {field: {"type": "string"}}, "required": [field],
            "additionalProperties": false
        }),
    };
    Arc::new(Fixed(vec![Arc::new(Search(spec("search", "query"))), Arc::new(Note(spec("note", "text")))]))
}

struct Search(ToolSpec);

#[async_trait]
impl Tool for Search {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    async fn call(&self, context: &ToolContext<'_>, arguments: &Value) -> Result<ToolOutput, ToolFailure> {
        let query = arguments["query"].as_str().unwrap_or_default();
        let usual = SearchRequest::new(CollectionName::fallback(), query);
        let request = SearchRequest { record: false, ..usual };
        let found = context.engine.search(context.access, request).await;
        let found = found.map_err(|error| ToolFailure(error.to_string()))?;
        let mut output = ToolOutput::default();
        for hit in found.hits {
            let text = hit.text.clone();
            let number = context.sources.add(Source::from_hit(CollectionName::fallback(), hit));
            output.text.push_str(&format!("[{number}] {text}\n"));
            output.sources.push(number);
        }
        Ok(output)
    }
}

struct Note(ToolSpec);

#[async_trait]
impl Tool for Note {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    async fn call(&self, _: &ToolContext<'_>, _: &Value) -> Result<ToolOutput, ToolFailure> {
        Ok(ToolOutput::text("It is written down."))
    }
}
