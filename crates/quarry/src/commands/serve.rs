//! `quarry serve`

use std::{
    future::Future,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use clap::Args;
use quarry_engine::agent::ToolSource;
use quarry_index::LocalIndex;
use quarry_server::{App, auth::Tokens};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{offer, stop::Signals};
use crate::{
    context::Context,
    data::{AdminKey, Lock},
    failure::{Exit, Failure, Outcome, plain},
    wire,
};

/// How to serve.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Address and port to listen on; port 0 takes a free one [default: 127.0.0.1:7700].
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<String>,
}

/// How often the index is tidied.
const TIDY: Duration = Duration::from_secs(5);
/// How long work at hand gets when the server stops, after the last request has ended.
const ENDING: Duration = Duration::from_secs(60);

/// Serves until a signal comes, then ends in order; a second signal ends at once.
pub(crate) async fn run(context: &Context, _: &ServeArgs) -> Outcome<()> {
    let config = context.config()?;
    let mut signals = Signals::listen()?;
    open_more_files();
    context.folder.create()?;
    let lock = Lock::take(&context.folder, "serve")?.map_err(|held| held.refuse(&context.folder))?;
    // Before the slow things: a port that is taken must be told at once.
    let listener = bind(config.server.listen).await?;
    let address = listener.local_addr().unwrap_or(config.server.listen);
    let (key, fresh) = AdminKey::get_or_make(&context.folder)?;
    let metrics = quarry_server::install_recorder().map_err(|error| {
        Failure::new(Exit::Failed, "no_metrics", format!("metrics cannot be counted: {error}"))
    })?;
    let wire::Running { engine, index, tools } = wire::start(config, &context.folder).await?;
    engine.identity().admit_folder_key(key.secret()).await?;
    let app = App {
        engine: engine.clone(),
        settings: config.server.clone(),
        tokens: Tokens::new(&config.auth)?,
        limits: wire::limits(config).await?,
        metrics,
    };
    let stop = CancellationToken::new();
    let serving = serve(listener, app, index, stop.clone());
    let mut serving = pin!(first(serving, offer::models(context, config)));
    let url = format!("http://{}", reachable(address));
    lock.announce(url.clone())?;
    greet(context, &url, fresh.then_some(&key));
    tokio::select! {
        ended = &mut serving => {
            engine.stop(ENDING).await;
            tools.stop().await;
            return ended;
        }
        () = signals.next() => {}
    }
    context.out.note("stopping: finishing what is at hand; a second signal ends at once");
    stop.cancel();
    let ending = async {
        let ended = serving.await;
        engine.stop(ENDING).await;
        tools.stop().await;
        ended
    };
    tokio::select! {
        ended = ending => ended,
        () = signals.next() => Err(Failure::new(Exit::Failed, "interrupted", "ended before everything was finished")
            .hint("nothing that was acknowledged is lost; the next start has more to catch up")),
    }
}

/// Serves, and tidies the index meanwhile.
async fn serve(
    listener: TcpListener,
    app: App,
    index: Arc<LocalIndex>,
    stop: CancellationToken,
) -> Outcome<()> {
    let tidying = async {
        let mut every = tokio::time::interval(TIDY);
        loop {
            every.tick().await;
            index.close_idle().await;
        }
    };
    let serving = quarry_server::serve(listener, app, stop.cancelled());
    let ended = first(serving, tidying).await;
    ended.map_err(|error| {
        Failure::new(
            Exit::Failed,
            "listener_failed",
            format!("connections cannot be accepted: {}", plain(&error)),
        )
    })
}

/// The result of `work`; `beside` only runs along.
async fn first<T>(work: impl Future<Output = T>, beside: impl Future<Output = ()>) -> T {
    let (mut work, mut beside) = (pin!(work), pin!(beside));
    tokio::select! {
        done = &mut work => done,
        () = &mut beside => work.await,
    }
}

async fn bind(address: SocketAddr) -> Outcome<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        use std::io::ErrorKind as Io;
        let (code, reason) = match error.kind() {
            Io::AddrInUse => ("port_in_use", "another program listens there".to_owned()),
            Io::PermissionDenied => {
                ("port_not_permitted", "this user may not; ports below 1024 are the system's".to_owned())
            }
            Io::AddrNotAvailable => ("address_not_here", "this machine does not have the address".to_owned()),
            _ => ("address_unusable", plain(&error)),
        };
        let exit = if error.kind() == Io::AddrInUse { Exit::Conflict } else { Exit::Failed };
        Failure::new(exit, code, format!("{address} cannot be listened on: {reason}"))
    })
}

/// An address that this machine can be reached at: nobody connects to "every address".
fn reachable(address: SocketAddr) -> SocketAddr {
    let host = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(host, address.port())
}

/// Each stream holds a connection open, and systems let a program have a thousand files unless it asks for more.
fn open_more_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        // What was there before still serves, only fewer at a time.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

fn greet(context: &Context, url: &str, fresh: Option<&AdminKey>) {
    let out = &context.out;
    let folder = context.folder.path();
    let key_file = context.folder.key();
    let started = json!({"url": url, "data": folder, "key_file": key_file, "pid": std::process::id()});
    out.result(&started, || {
        let mut text = format!("Quarry {} serves {} at {}\n\n", env!("CARGO_PKG_VERSION"), folder.display(), out.bold(url));
        if let Some(key) = fresh {
            text.push_str(&format!(
                "  admin key  {}\n             shown this once, and kept in {}\n\n",
                out.bold(key.expose()),
                key_file.display()
            ));
        }
        text.push_str(&format!("  in a browser     {url}/      the API: {url}/docs\n"));
        text.push_str("  in a terminal    quarry ask \"...\"");
        if context.folder_named {
            text.push_str(&format!(" --data {}", folder.display()));
        }
        text.push_str(&format!(
            "\n  over HTTP        curl -H \"Authorization: Bearer $(cat {})\" -H 'content-type: application/json' \\\n                   {url}/v1/query -d '{{\"question\": \"...\"}}'\n  other clients    OpenAI's dialect: {url}/v1      MCP: {url}/mcp\n\n",
            key_file.display()
        ));
        text
    });
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::reachable;

    #[test]
    fn an_address_for_all_is_shown_as_this_machine() {
        assert_eq!(reachable("0.0.0.0:7700".parse().unwrap()).to_string(), "127.0.0.1:7700");
        assert_eq!(reachable("[::]:7700".parse().unwrap()).to_string(), "[::1]:7700");
        assert_eq!(reachable("10.0.0.3:80".parse().unwrap()).to_string(), "10.0.0.3:80");
    }
}
