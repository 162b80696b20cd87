//! Scripted models behind OpenAI's dialect, and folders that are configured to use them.

use quarry_models::testing::{ChatServer, Play, PlayedCall, Reply, ScriptedServer, dead_port};
use serde_json::{Value, json};

use crate::harness::Home;

/// A server on a runtime of its own: the tests themselves wait for processes.
pub(crate) struct Model {
    pub(crate) server: ChatServer,
    _runtime: tokio::runtime::Runtime,
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

impl Model {
    pub(crate) fn answering(answer: impl Fn(&Value) -> Play + Send + Sync + 'static) -> Self {
        let runtime = runtime();
        Self { server: runtime.block_on(ChatServer::answering(answer)), _runtime: runtime }
    }

    /// Searches for what it is asked, then says how long the bridge is.
    pub(crate) fn searching() -> Self {
        Self::answering(|request| {
            let messages = request["messages"].as_array().unwrap();
            if messages.last().unwrap()["role"] == "tool" {
                return Play::text(&["The bridge is ", "84 metres long. [1]"]);
            }
            Play::calls(&[PlayedCall {
                id: "call_1",
                name: "search",
                arguments: "{\"query\": \"how long is the bridge\"}",
            }])
        })
    }

    /// A folder with documents in its index and this model in its configuration.
    pub(crate) fn home(&self) -> Home {
        let home = Home::with_documents();
        home.write("quarry-data/quarry.toml", configured(&self.server.url()));
        home.quarry(&["ingest", "docs"]).code(0);
        home
    }
}

/// A folder whose model refuses every connection.
pub(crate) fn home_of_a_dead_model() -> Home {
    let home = Home::with_documents();
    let port = runtime().block_on(dead_port());
    home.write("quarry-data/quarry.toml", configured(&format!("http://127.0.0.1:{port}/v1")));
    home.quarry(&["ingest", "docs"]).code(0);
    home
}

fn configured(url: &str) -> String {
    format!(
        "[models.chat.fast]\nprovider = \"openai\"\nmodel = \"played\"\nbase_url = \"{url}\"\nattempts = 1\n\
         input_price = 1.0\noutput_price = 2.0\n"
    )
}

/// A server of `/embeddings` that answers by a function of the texts.
pub(crate) struct Embeddings {
    server: ScriptedServer,
    _runtime: tokio::runtime::Runtime,
}

impl Embeddings {
    pub(crate) fn answering(mut answer: impl FnMut(&[Value]) -> Reply + Send + 'static) -> Self {
        let runtime = runtime();
        let by_texts = move |body: &Value| answer(body["input"].as_array().unwrap());
        Self { server: runtime.block_on(ScriptedServer::answering(by_texts)), _runtime: runtime }
    }

    /// A vector for each text.
    pub(crate) fn vectors(texts: &[Value]) -> Reply {
        let vector = |(index, text): (usize, &Value)| {
            let length = text.as_str().unwrap().len();
            json!({"index": index, "embedding": [length, 1, 2, 3, 4, 5, 6, 7]})
        };
        Reply::json(200, &json!({"data": texts.iter().enumerate().map(vector).collect::<Vec<_>>()}))
    }

    /// The configuration that makes it the embedder of new collections.
    pub(crate) fn configured(&self) -> String {
        format!(
            "[models.embed]\ndefault = \"openai:scripted\"\n[[models.embed.openai]]\nname = \"scripted\"\nmodel = \"m\"\n\
             base_url = \"{}\"\ndimension = 8\nattempts = 1\n",
            self.server.url()
        )
    }
}
