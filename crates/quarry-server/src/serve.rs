//! Connections: accepted, served, drained at the end.
//!
//! HTTP/1.1 with keep-alive, no delay on small packets, and a limit on how many are open. A proxy in front speaks
//! TLS and HTTP/2.

use std::{future::Future, io, pin::pin, sync::Arc, time::Duration};

use axum::{Router, http::Request};
use hyper::{body::Incoming, server::conn::http1, service::Service};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{events, middleware::Peer, router::router, state::App};

/// How long a connection may stay open without sending the head of a request. Clients keep idle connections for a
/// minute or so; who sends a header byte by byte must not hold one for ever.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// How often the recorder tidies up what it has gathered.
const UPKEEP: Duration = Duration::from_secs(5);

/// What a connection listens to while it is served.
#[derive(Clone, Default)]
struct Ending {
    /// Finish the request at hand, then close.
    closing: CancellationToken,
    /// Close now.
    cut: CancellationToken,
}

/// Serves until `shutdown` resolves, then stops accepting and gives the requests at hand the grace of the settings.
///
/// # Errors
/// The listener is unusable.
pub async fn serve(listener: TcpListener, app: App, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    let grace = Duration::from_secs(app.settings.shutdown_grace_seconds);
    let slots = Arc::new(Semaphore::new(app.settings.max_connections.clamp(1, Semaphore::MAX_PERMITS)));
    let recorder = app.metrics.clone();
    let tokens = app.tokens.clone();
    let router = router(app);
    let tasks = TaskTracker::new();
    let ending = Ending::default();
    let mut shutdown = pin!(shutdown);
    let mut upkeep = tokio::time::interval(UPKEEP);
    loop {
        // Without a free slot nothing is accepted: the kernel's queue holds callers back.
        let accept = async {
            let slot = Arc::clone(&slots).acquire_owned().await.map_err(io::Error::other)?;
            listener.accept().await.map(|(stream, address)| (stream, Peer(address.ip()), slot))
        };
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            _ = upkeep.tick() => {
                recorder.run_upkeep();
                continue;
            }
            accepted = accept => accepted,
        };
        match accepted {
            Ok((stream, peer, free)) => {
                let service = TowerToHyperService::new(router.clone());
                tasks.spawn(connection(stream, FromPeer { service, peer }, ending.clone(), free));
            }
            Err(error) => {
                // Mostly no file descriptor is free; trying again at once would only burn the processor.
                events::accept_failed(&error);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    tasks.close();
    ending.closing.cancel();
    if tokio::time::timeout(grace, tasks.wait()).await.is_err() {
        events::drained_late(tasks.len(), grace);
        ending.cut.cancel();
        tasks.wait().await;
    }
    tokens.stop().await;
    Ok(())
}

/// The routes, for the requests of one connection: each is told where it comes from.
struct FromPeer {
    service: TowerToHyperService<Router>,
    peer: Peer,
}

impl Service<Request<Incoming>> for FromPeer {
    type Response = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Response;
    type Error = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Error;
    type Future = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        self.service.call(request)
    }
}

async fn connection(stream: TcpStream, service: FromPeer, ending: Ending, slot: OwnedSemaphorePermit) {
    // Only costs latency when it fails.
    drop(stream.set_nodelay(true));
    let mut served = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service)
    );
    // A connection that breaks is the client's affair; what matters of a request was logged when it was answered.
    tokio::select! {
        ended = served.as_mut() => drop(ended),
        () = ending.closing.cancelled() => {
            served.as_mut().graceful_shutdown();
            tokio::select! {
                ended = served.as_mut() => drop(ended),
                () = ending.cut.cancelled() => {}
            }
        }
    }
    drop(slot);
}
