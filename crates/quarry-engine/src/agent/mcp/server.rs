//! One MCP server: connected when it is needed, again when it was lost, not at all while it keeps failing.

use std::{sync::Arc, time::Duration};

use rmcp::{
    RoleClient, ServiceError, model,
    service::RunningService,
    transport::{StreamableHttpClientTransport, streamable_http_client::StreamableHttpClientTransportConfig},
};
use tokio::{sync::Mutex, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    http::Http,
    settings::{McpServerSettings, ProgramEnvironment},
    stdio::Program,
};
use crate::{events, outbound::Outbound};

/// The pause after the first failure; each further one doubles it.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Most tools of a server that are looked at.
const MOST_TOOLS: usize = 256;

/// A server and, most of the time, a connection to it.
pub(super) struct McpServer {
    settings: McpServerSettings,
    environment: ProgramEnvironment,
    outbound: Outbound,
    state: Mutex<State>,
    closing: CancellationToken,
}

#[derive(Default)]
struct State {
    connection: Option<Arc<Connection>>,
    failures: u32,
    /// Not before then, and why.
    pause: Option<(Instant, String)>,
}

/// A connection that works, or worked a moment ago.
pub(super) struct Connection {
    service: RunningService<RoleClient, ()>,
    /// The tools that may be used, as the server described them when it was connected.
    pub(super) tools: Vec<model::Tool>,
    /// Knows why a request failed.
    http: Option<Http>,
    /// Ends with the connection.
    _program: Option<Program>,
}

impl McpServer {
    pub(super) fn new(
        settings: McpServerSettings,
        environment: ProgramEnvironment,
        outbound: Outbound,
    ) -> Self {
        Self { settings, environment, outbound, state: Mutex::default(), closing: CancellationToken::new() }
    }

    pub(super) const fn settings(&self) -> &McpServerSettings {
        &self.settings
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(self.settings.timeout_seconds.max(1))
    }

    /// The connection, made now where there is none. Whoever comes meanwhile waits for the same attempt.
    pub(super) async fn connected(&self) -> Result<Arc<Connection>, String> {
        let mut state = self.state.lock().await;
        let closed = || "the server is shutting down".to_owned();
        if self.closing.is_cancelled() {
            return Err(closed());
        }
        if let Some(connection) =
            state.connection.as_ref().filter(|connection| !connection.service.is_closed())
        {
            return Ok(Arc::clone(connection));
        }
        state.connection = None;
        if let Some((until, why)) = state.pause.as_ref().filter(|(until, _)| *until > Instant::now()) {
            let wait = until.duration_since(Instant::now()).as_secs() + 1;
            return Err(format!("{why}; it is tried again in {wait} s"));
        }
        let name = &self.settings.name;
        let connecting = tokio::select! {
            () = self.closing.cancelled() => return Err(closed()),
            connecting = tokio::time::timeout(self.patience(), self.connect()) => connecting,
        };
        match connecting {
            Ok(Ok(connection)) => {
                events::mcp_connected(name, connection.tools.len());
                let connection = Arc::new(connection);
                *state = State { connection: Some(Arc::clone(&connection)), ..State::default() };
                Ok(connection)
            }
            failed => {
                let why = failed.map_or_else(
                    |_| "it did not answer in time".to_owned(),
                    |ended| ended.err().unwrap_or_default(),
                );
                events::mcp_failed(name, &why);
                let pause = PAUSE.saturating_mul(2_u32.saturating_pow(state.failures)).min(LONGEST_PAUSE);
                state.failures = state.failures.saturating_add(1);
                state.pause = Some((Instant::now() + pause, why.clone()));
                Err(why)
            }
        }
    }

    async fn connect(&self) -> Result<Connection, String> {
        let (service, http, program) = match (&self.settings.command, &self.settings.url) {
            (Some(command), _) => {
                let (program, out, into) = Program::start(command, &self.settings, &self.environment)?;
                let served = rmcp::serve_client((), (out, into)).await;
                let service =
                    served.map_err(|_| "the program does not speak MCP, or ended at once".to_owned())?;
                (service, None, Some(program))
            }
            (None, Some(url)) => {
                let mut config = StreamableHttpClientTransportConfig::with_uri(url.as_str());
                config.custom_headers = Http::headers(&self.settings)?;
                let http = Http::new(self.outbound.clone(), self.patience());
                let transport = StreamableHttpClientTransport::with_client(http.clone(), config);
                let served = rmcp::serve_client((), transport).await;
                let why = || http.last_failure().unwrap_or_else(|| "it does not speak MCP".to_owned());
                (served.map_err(|_| why())?, Some(http), None)
            }
            (None, None) => return Err("it has neither `command` nor `url`".to_owned()),
        };
        let tools = service.peer().list_all_tools().await;
        let mut tools = tools.map_err(|error| explained(&error, http.as_ref()))?;
        tools.retain(|tool| self.settings.allows(&tool.name));
        tools.truncate(MOST_TOOLS);
        Ok(Connection { service, tools, http, _program: program })
    }

    /// Calls a tool by its own name. A call is never made twice: nobody knows what the first one did.
    pub(super) async fn call(
        &self,
        tool: &str,
        arguments: model::JsonObject,
    ) -> Result<model::CallToolResult, String> {
        let connection = self.connected().await?;
        if !connection.tools.iter().any(|known| known.name == tool) {
            return Err(format!("it has no tool `{tool}`"));
        }
        let request = model::CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        match tokio::time::timeout(self.patience(), connection.service.peer().call_tool(request)).await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(error)) => {
                if !matches!(error, ServiceError::McpError(_)) {
                    self.lost(&connection).await;
                }
                Err(explained(&error, connection.http.as_ref()))
            }
            Err(_) => Err(format!("it did not answer within {} s", self.patience().as_secs())),
        }
    }

    /// Lets a connection go, so that the next call makes another; unless somebody has done so already.
    async fn lost(&self, connection: &Arc<Connection>) {
        let mut state = self.state.lock().await;
        if state.connection.as_ref().is_some_and(|known| Arc::ptr_eq(known, connection)) {
            state.connection = None;
        }
    }

    /// Ends the connection, and the program behind it, for good. Calls that wait for an answer fail at once.
    pub(super) async fn close(&self) {
        self.closing.cancel();
        if let Some(connection) = self.state.lock().await.connection.take() {
            connection.service.cancellation_token().cancel();
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // A call that still holds a peer would wait for an answer that nobody sends any more.
        self.service.cancellation_token().cancel();
    }
}

/// A failed request, as a sentence. What the server itself said about a call is meant for whoever made it.
fn explained(error: &ServiceError, http: Option<&Http>) -> String {
    match error {
        ServiceError::McpError(said) => super::text::cut(&said.message, 1_000),
        ServiceError::Timeout { .. } => "it did not answer in time".to_owned(),
        ServiceError::Cancelled { .. } => "the call was cancelled".to_owned(),
        _ => http
            .and_then(Http::last_failure)
            .unwrap_or_else(|| "the connection was lost; the next call tries again".to_owned()),
    }
}
