//! A small web server whose pages a test changes, and which remembers what it was asked.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use quarry_engine::outbound::OutboundSettings;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A page.
#[derive(Clone, Debug)]
pub struct Page {
    pub status: u16,
    pub etag: Option<String>,
    pub modified: Option<String>,
    pub body: Vec<u8>,
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
    /// What was answered.
    pub status: u16,
}

#[derive(Default)]
struct Shared {
    pages: BTreeMap<String, Page>,
    asked: Vec<Asked>,
    down: bool,
}

/// A server on a port of its own.
pub struct Pages {
    pub place: String,
    shared: Arc<Mutex<Shared>>,
    _serving: JoinHandle<()>,
}

impl Pages {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = listener.local_addr().unwrap().to_string();
        let shared = Arc::<Mutex<Shared>>::default();
        let own = Arc::clone(&shared);
        let serving = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(answer(Arc::clone(&own), socket));
            }
        });
        Self { place, shared, _serving: serving }
    }

    /// Settings of a client that may reach it.
    pub fn opened(&self) -> OutboundSettings {
        OutboundSettings {
            allow_private: vec![self.place.clone()],
            deadline_ms: 5_000,
            ..OutboundSettings::default()
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.place)
    }

    /// A page with an entity tag made from its text.
    pub fn put(&self, path: &str, text: &str) {
        let etag = Some(format!("\"{:x}-{}\"", text.len(), text.bytes().map(u64::from).sum::<u64>()));
        self.set(path, Page { status: 200, etag, modified: None, body: text.into() });
    }

    pub fn set(&self, path: &str, page: Page) {
        self.shared.lock().unwrap().pages.insert(path.to_owned(), page);
    }

    /// A page that answers with a status and nothing else worth reading.
    pub fn status(&self, path: &str, status: u16) {
        self.set(path, Page { status, etag: None, modified: None, body: b"sorry".to_vec() });
    }

    pub fn remove(&self, path: &str) {
        self.shared.lock().unwrap().pages.remove(path);
    }

    /// Connections are closed without an answer from now on.
    pub fn take_down(&self) {
        self.shared.lock().unwrap().down = true;
    }

    pub fn bring_back(&self) {
        self.shared.lock().unwrap().down = false;
    }

    /// What was asked since this was last called.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.shared.lock().unwrap().asked)
    }
}

async fn answer(shared: Arc<Mutex<Shared>>, mut socket: TcpStream) {
    let Some((path, headers, body)) = request(&mut socket).await else { return };
    let reply = {
        let mut shared = shared.lock().unwrap();
        if shared.down {
            return;
        }
        let page = shared.pages.get(&path).cloned();
        let page =
            page.unwrap_or(Page { status: 404, etag: None, modified: None, body: b"not here".to_vec() });
        let same =
            |header: &str, value: &Option<String>| value.is_some() && headers.get(header) == value.as_ref();
        let unchanged = same("if-none-match", &page.etag) || same("if-modified-since", &page.modified);
        let status = if unchanged { 304 } else { page.status };
        let mut head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-type: text/plain\r\n");
        for (name, value) in [("etag", &page.etag), ("last-modified", &page.modified)] {
            if let Some(value) = value {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        let content = if unchanged { Vec::new() } else { page.body };
        head.push_str(&format!("content-length: {}\r\n\r\n", content.len()));
        shared.asked.push(Asked { path, headers, body, status });
        [head.into_bytes(), content].concat()
    };
    let _ = socket.write_all(&reply).await;
}

async fn request(socket: &mut TcpStream) -> Option<(String, BTreeMap<String, String>, Vec<u8>)> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let path = text.split(' ').nth(1)?.to_owned();
    let lines = text.lines().skip(1).filter_map(|line| line.split_once(": "));
    let headers: BTreeMap<String, String> =
        lines.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    let length: usize = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = bytes.split_off(head + 4);
    while body.len() < length {
        if socket.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some((path, headers, body))
}
