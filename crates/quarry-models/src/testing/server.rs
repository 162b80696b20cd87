//! An HTTP server on loopback that answers by a script: no framework, so that it can also answer wrongly or not at all.

use std::{fmt::Write as _, io, net::SocketAddr, sync::Arc};

use parking_lot::Mutex;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// One answer.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    silent: bool,
}

impl Reply {
    /// JSON with a status.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        Self::bytes(status, body.to_string().into_bytes())
    }

    /// Text with a status.
    #[must_use]
    pub fn text(status: u16, body: &str) -> Self {
        Self::bytes(status, body.as_bytes().to_vec())
    }

    /// Bytes with a status.
    #[must_use]
    pub const fn bytes(status: u16, body: Vec<u8>) -> Self {
        Self { status, headers: Vec::new(), body, silent: false }
    }

    /// Takes the request and never answers.
    #[must_use]
    pub const fn silence() -> Self {
        Self { status: 0, headers: Vec::new(), body: Vec::new(), silent: true }
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct SeenRequest {
    /// Request line and headers.
    pub head: String,
    /// The body; null when it is not JSON.
    pub body: Value,
}

type Script = dyn FnMut(&SeenRequest) -> Reply + Send;

/// The server. It ends when it is dropped.
pub struct ScriptedServer {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<SeenRequest>>>,
    task: JoinHandle<()>,
}

impl ScriptedServer {
    /// Gives these replies in order, then status 500.
    pub async fn replying(replies: Vec<Reply>) -> Self {
        let mut replies = replies.into_iter();
        Self::start(Box::new(move |_| {
            replies.next().unwrap_or_else(|| Reply::text(500, "the script has ended"))
        }))
        .await
    }

    /// Answers each JSON body by a function.
    pub async fn answering(mut answer: impl FnMut(&Value) -> Reply + Send + 'static) -> Self {
        Self::start(Box::new(move |request| answer(&request.body))).await
    }

    /// Answers each request by a function.
    pub async fn routing(answer: impl FnMut(&SeenRequest) -> Reply + Send + 'static) -> Self {
        Self::start(Box::new(answer)).await
    }

    async fn start(script: Box<Script>) -> Self {
        let bound = TcpListener::bind("127.0.0.1:0").await;
        assert!(bound.is_ok(), "no loopback port: {bound:?}");
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let address = bound.as_ref().ok().and_then(|listener| listener.local_addr().ok()).unwrap_or(address);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script = Arc::new(Mutex::new(script));
        let record = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            let Ok(listener) = bound else { return };
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&record), Arc::clone(&script)));
            }
        });
        Self { address, seen, task }
    }

    /// Its address with `/v1` behind it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Every request so far.
    #[must_use]
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.seen.lock().clone()
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, seen: Arc<Mutex<Vec<SeenRequest>>>, script: Arc<Mutex<Box<Script>>>) {
    while let Ok(Some(request)) = read(&mut stream).await {
        seen.lock().push(request.clone());
        let reply = (script.lock())(&request);
        if reply.silent {
            std::future::pending::<()>().await;
        }
        let mut head =
            format!("HTTP/1.1 {} Scripted\r\ncontent-length: {}\r\n", reply.status, reply.body.len());
        for (name, value) in &reply.headers {
            // Writing to a string cannot fail.
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head.push_str("\r\n");
        let sent = stream.write_all(&[head.as_bytes(), &reply.body].concat()).await;
        if sent.is_err() {
            return;
        }
    }
}

/// One request, or nothing when the other side has closed.
async fn read(stream: &mut TcpStream) -> io::Result<Option<SeenRequest>> {
    let mut bytes = Vec::new();
    loop {
        if let Some(request) = complete(&bytes) {
            return Ok(Some(request));
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
}

fn complete(bytes: &[u8]) -> Option<SeenRequest> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let (head, body) = bytes.split_at_checked(end + 4)?;
    let head = String::from_utf8_lossy(head).into_owned();
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or(0_usize);
    let body = serde_json::from_slice(body.get(..length)?).unwrap_or(Value::Null);
    Some(SeenRequest { head, body })
}
