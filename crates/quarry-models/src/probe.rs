//! Model servers on their usual local ports, for a hint at start-up. Nothing here connects a model: what answers is
//! offered to the operator, never used unasked.

use std::time::Duration;

use futures::{StreamExt, stream};
use serde::Deserialize;

use crate::http;

/// How long a port is waited for: a server on this machine answers in a few milliseconds, and start-up must not drag.
const DEADLINE: Duration = Duration::from_millis(200);

/// Bytes of a list of models that are read.
const LIST_BYTES: usize = 256 * 1024;

/// Names that are kept; a hint shows a few.
const MOST_NAMES: usize = 50;

/// Port, who usually listens there, and the settings that reach it: the provider and the path of `base_url`.
const USUAL: &[(u16, &str, &str, &str)] = &[
    (11434, "Ollama", "ollama", ""),
    (1234, "LM Studio", "openai", "/v1"),
    (8080, "llama.cpp", "openai", "/v1"),
    (8000, "vLLM", "openai", "/v1"),
];

/// A server that answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalServer {
    /// Who usually listens on that port.
    pub name: String,
    /// What to write as `provider`.
    pub provider: String,
    /// What to write as `base_url`.
    pub base_url: String,
    /// The models it says it has.
    pub models: Vec<String>,
}

#[derive(Deserialize)]
struct List {
    data: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
}

/// What answers on the usual ports of this machine within 200 milliseconds.
pub async fn local_servers() -> Vec<LocalServer> {
    servers(USUAL).await
}

async fn servers(places: &[(u16, &str, &str, &str)]) -> Vec<LocalServer> {
    let Ok(client) = http::chat_client(DEADLINE) else { return Vec::new() };
    let asked = places.iter().map(|(port, name, provider, path)| {
        let client = client.clone();
        async move {
            let address = format!("http://127.0.0.1:{port}");
            let models = tokio::time::timeout(DEADLINE, models(&client, &address)).await.ok()??;
            let base_url = format!("{address}{path}");
            Some(LocalServer { name: (*name).to_owned(), provider: (*provider).to_owned(), base_url, models })
        }
    });
    let found: Vec<Option<LocalServer>> = stream::iter(asked).buffered(places.len().max(1)).collect().await;
    found.into_iter().flatten().collect()
}

/// The list of models, which all four serve; whatever else listens on the port has none.
async fn models(client: &reqwest::Client, address: &str) -> Option<Vec<String>> {
    let response = client.get(format!("{address}/v1/models")).send().await.ok()?;
    let mut pieces = response.error_for_status().ok()?.bytes_stream();
    let mut body = Vec::new();
    while let Some(piece) = pieces.next().await {
        body.extend_from_slice(&piece.ok()?);
        if body.len() > LIST_BYTES {
            return None;
        }
    }
    let list: List = serde_json::from_slice(&body).ok()?;
    Some(list.data.into_iter().take(MOST_NAMES).map(|entry| entry.id).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;
    use crate::testing::{Reply, ScriptedServer, dead_port};

    fn port(server: &ScriptedServer) -> u16 {
        reqwest::Url::parse(&server.url()).unwrap().port().unwrap()
    }

    #[tokio::test]
    async fn what_answers_with_models_is_found_and_nothing_else() {
        let list = json!({"data": [{"id": "llama3.2"}, {"id": "qwen3"}]});
        let one = ScriptedServer::replying(vec![Reply::json(200, &list)]).await;
        let web = ScriptedServer::replying(vec![Reply::text(200, "<html>")]).await;
        let shut = ScriptedServer::replying(vec![Reply::json(401, &list)]).await;
        let mute = ScriptedServer::replying(vec![Reply::silence()]).await;
        let places = [
            (port(&one), "Ollama", "ollama", ""),
            (port(&web), "b", "openai", "/v1"),
            (port(&shut), "c", "openai", "/v1"),
            (port(&mute), "d", "openai", "/v1"),
            (dead_port().await, "e", "openai", "/v1"),
        ];
        let found = servers(&places).await;
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].models, ["llama3.2", "qwen3"]);
        assert_eq!(found[0].base_url, format!("http://127.0.0.1:{}", port(&one)));
        assert!(one.requests()[0].head.starts_with("GET /v1/models HTTP/1.1"));
    }
}
