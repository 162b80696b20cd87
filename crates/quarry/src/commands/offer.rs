//! What a server without a chat model could use: model servers on their usual ports of this machine. They are named at
//! the start, with what to write to use them, and never used unasked.

use quarry_models::LocalServer;

use crate::{config::Config, context::Context};

/// Names that are shown of a server's models.
const SHOWN: usize = 3;

/// Looks for model servers where no chat model is configured, and says what was found.
pub(super) async fn models(context: &Context, config: &Config) {
    if !config.models.chat.is_empty() || context.out.json {
        return;
    }
    for server in quarry_models::local_servers().await {
        context.out.note(&offered(&server));
    }
}

fn offered(server: &LocalServer) -> String {
    let LocalServer { name, provider, base_url, models } = server;
    let Some(first) = models.first() else {
        return format!("{name} runs at {base_url} and has no model yet; with one, it could write answers");
    };
    let names: Vec<String> = models.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = if models.len() > SHOWN { ", ..." } else { "" };
    format!(
        "{name} runs at {base_url} with {}{more}. It is not used. To let it write answers:\n  \
         QUARRY__MODELS__CHAT__LOCAL__PROVIDER={provider} QUARRY__MODELS__CHAT__LOCAL__BASE_URL={base_url} \
         QUARRY__MODELS__CHAT__LOCAL__MODEL={first} quarry serve",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use quarry_models::LocalServer;

    use super::offered;

    #[test]
    fn a_server_is_offered_with_what_to_write() {
        let mut server = LocalServer {
            name: "Ollama".to_owned(),
            provider: "ollama".to_owned(),
            base_url: "http://127.0.0.1:11434".to_owned(),
            models: ["a", "b", "c", "d"].map(str::to_owned).to_vec(),
        };
        let text = offered(&server);
        assert!(
            text.starts_with(
                "Ollama runs at http://127.0.0.1:11434 with `a`, `b`, `c`, .... It is not used."
            )
        );
        assert!(text.contains("QUARRY__MODELS__CHAT__LOCAL__MODEL=a quarry serve"), "{text}");
        server.models.clear();
        assert!(offered(&server).contains("has no model yet"));
    }
}
