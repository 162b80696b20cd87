//! What no single value shows: settings that contradict each other, and those that their crate refuses.

use quarry_engine::{
    agent::mcp::{McpServers, ProgramEnvironment},
    outbound::{Outbound, OutboundSettings},
};

use super::Config;

/// Sections with tables that must have certain keys: where a missing one is shown.
pub(super) const LISTS: &[&str] = &["models.embed.openai", "models.chat.", "agents.mcp", "auth.jwt."];

/// Every problem, with the beginning of the path where it is shown.
pub(super) fn problems(config: &Config) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    if let Err(error) = config.models.embed.check() {
        problems.push((error.to_string(), "models.embed".to_owned()));
    }
    problems.extend(config.models.talking().check().into_iter().map(|error| {
        let text = error.to_string();
        // The sentence begins with the key in backquotes.
        let key = text.split('`').nth(1).unwrap_or("models").to_owned();
        (text, key)
    }));
    if config.ingest.overlap_tokens >= config.ingest.chunk_tokens {
        let text = format!(
            "`ingest.overlap_tokens` ({}) must be smaller than `ingest.chunk_tokens` ({})",
            config.ingest.overlap_tokens, config.ingest.chunk_tokens
        );
        problems.push((text, "ingest.overlap_tokens".to_owned()));
    }
    problems.extend(config.auth.problems());
    if let Err(error) = config.redis.check() {
        problems.push((error.to_string(), "redis.url".to_owned()));
    }
    match Outbound::new(config.outbound.clone()) {
        Ok(_) => problems.extend(servers(config)),
        Err(error) => problems.push((error.to_string(), "outbound".to_owned())),
    }
    problems
}

/// Each MCP server by itself, so that all problems are told, then all of them together.
fn servers(config: &Config) -> Vec<(String, String)> {
    // Nothing is started or called by making them; the client is only held.
    let Ok(outbound) = Outbound::new(OutboundSettings::default()) else { return Vec::new() };
    let nothing = ProgramEnvironment::default();
    let alone = config.agents.mcp.iter().enumerate().filter_map(|(place, server)| {
        let made = McpServers::new(vec![server.clone()], &nothing, &outbound);
        made.err().map(|error| (error.to_string(), format!("agents.mcp[{place}]")))
    });
    let problems: Vec<(String, String)> = alone.collect();
    if !problems.is_empty() {
        return problems;
    }
    let all = McpServers::new(config.agents.mcp.clone(), &nothing, &outbound);
    all.err().map(|error| (error.to_string(), "agents.mcp".to_owned())).into_iter().collect()
}
