//! A chat server on loopback that speaks OpenAI's dialect by a script: no framework, so that it can also break off, stall
//! and say nothing, and costs little enough to stand behind a benchmark.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use parking_lot::Mutex;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use super::{
    chat_play::{Play, Then},
    server::SeenRequest,
};

/// Requests that are kept; a test looks at a few.
const MOST_SEEN: usize = 1024;

/// Bytes of a request that are taken.
const LARGEST_REQUEST: usize = 64 * 1024 * 1024;

type Script = dyn Fn(&str, &[u8]) -> Play + Send + Sync;

struct Shared {
    script: Box<Script>,
    seen: Arc<Mutex<VecDeque<SeenRequest>>>,
    count: AtomicUsize,
    connections: AtomicUsize,
    hung_up: watch::Sender<usize>,
}

/// The server. It ends when it is dropped.
pub struct ChatServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl ChatServer {
    /// Plays these in order, then status 500.
    pub async fn playing(plays: Vec<Play>) -> Self {
        let plays = Mutex::new(plays.into_iter());
        Self::answering(move |_| {
            plays.lock().next().unwrap_or_else(|| Play::status(500, "the script has ended"))
        })
        .await
    }

    /// Answers each JSON body by a function, and keeps the requests.
    pub async fn answering(answer: impl Fn(&Value) -> Play + Send + Sync + 'static) -> Self {
        let seen: Arc<Mutex<VecDeque<SeenRequest>>> = Arc::default();
        let record = Arc::clone(&seen);
        let script = move |head: &str, body: &[u8]| {
            let body = serde_json::from_slice(body).unwrap_or(Value::Null);
            let play = answer(&body);
            let mut seen = record.lock();
            if seen.len() >= MOST_SEEN {
                seen.pop_front();
            }
            seen.push_back(SeenRequest { head: head.to_owned(), body });
            play
        };
        Self::start(Box::new(script), seen).await
    }

    /// Answers the bytes of each body by a function and keeps nothing: for benchmarks.
    pub async fn fast(answer: impl Fn(&[u8]) -> Play + Send + Sync + 'static) -> Self {
        Self::start(Box::new(move |_, body| answer(body)), Arc::default()).await
    }

    async fn start(script: Box<Script>, seen: Arc<Mutex<VecDeque<SeenRequest>>>) -> Self {
        let bound = TcpListener::bind("127.0.0.1:0").await;
        assert!(bound.is_ok(), "no loopback port: {bound:?}");
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let address = bound.as_ref().ok().and_then(|listener| listener.local_addr().ok()).unwrap_or(address);
        let (count, connections) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let shared = Arc::new(Shared { script, seen, count, connections, hung_up: watch::Sender::new(0) });
        let serving = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            let Ok(listener) = bound else { return };
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                serving.connections.fetch_add(1, Ordering::SeqCst);
                connections.spawn(serve(stream, Arc::clone(&serving)));
                while connections.try_join_next().is_some() {}
            }
        });
        Self { address, shared, task }
    }

    /// Its address with `/v1` behind it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The latest requests, none from [`ChatServer::fast`].
    #[must_use]
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.shared.seen.lock().iter().cloned().collect()
    }

    /// How many requests came.
    #[must_use]
    pub fn count(&self) -> usize {
        self.shared.count.load(Ordering::SeqCst)
    }

    /// How many connections were opened for them.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How many clients left before their reply was over.
    #[must_use]
    pub fn hung_up(&self) -> usize {
        *self.shared.hung_up.borrow()
    }

    /// Waits until so many have.
    pub async fn until_hung_up(&self, clients: usize) {
        let mut changes = self.shared.hung_up.subscribe();
        // An error means that the server is gone, which `self` rules out.
        let _ = changes.wait_for(|left| *left >= clients).await;
    }
}

impl Drop for ChatServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A port of this machine that refuses connections.
pub async fn dead_port() -> u16 {
    let bound = TcpListener::bind("127.0.0.1:0").await;
    assert!(bound.is_ok(), "no loopback port: {bound:?}");
    // Dropped here, which closes it.
    bound.ok().and_then(|listener| listener.local_addr().ok()).map_or(1, |address| address.port())
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    // Small writes must not wait for acknowledgements: a reply would take 40 milliseconds.
    let _ = stream.set_nodelay(true);
    let mut bytes = Vec::with_capacity(8 * 1024);
    loop {
        let (body_starts, ends) = match request(&bytes) {
            Some(found) => found,
            None if bytes.len() > LARGEST_REQUEST => return,
            None => match stream.read_buf(&mut bytes).await {
                Ok(0) | Err(_) => return,
                Ok(_) => continue,
            },
        };
        shared.count.fetch_add(1, Ordering::SeqCst);
        let head = String::from_utf8_lossy(bytes.get(..body_starts).unwrap_or_default());
        let play = (shared.script)(&head, bytes.get(body_starts..ends).unwrap_or_default());
        bytes.drain(..ends);
        if play_out(&mut stream, &play).await.is_err() {
            shared.hung_up.send_modify(|left| *left += 1);
            return;
        }
        if play.then == Then::Close {
            return;
        }
    }
}

/// The client has left.
struct HungUp;

async fn play_out(stream: &mut TcpStream, play: &Play) -> Result<(), HungUp> {
    if play.pace.is_zero() {
        stream.write_all(&play.whole).await.map_err(|_| HungUp)?;
    } else {
        for (position, piece) in play.pieces.iter().enumerate() {
            if position > 0 {
                tokio::select! {
                    () = tokio::time::sleep(play.pace) => {}
                    () = left(stream) => return Err(HungUp),
                }
            }
            stream.write_all(piece).await.map_err(|_| HungUp)?;
        }
    }
    if play.then == Then::Hang {
        left(stream).await;
        return Err(HungUp);
    }
    Ok(())
}

/// Ends when the other side has closed.
async fn left(stream: &mut TcpStream) {
    let mut ignored = [0; 256];
    while matches!(stream.read(&mut ignored).await, Ok(1..)) {}
}

/// Where the body of the first request starts and ends, once all of it is there.
fn request(bytes: &[u8]) -> Option<(usize, usize)> {
    let body = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(bytes.get(..body)?).ok()?;
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or(0_usize);
    let ends = body.checked_add(length)?;
    (bytes.len() >= ends).then_some((body, ends))
}
