//! Calls of a server's API without a client in the way: one connection a call, answers as JSON.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::harness::{Home, Server};

/// Longest that a test waits for something that must come.
const PATIENCE: Duration = Duration::from_secs(150);
/// Between two looks at something that is on its way.
const LOOK: Duration = Duration::from_millis(10);

/// A server's API, with its key.
pub(crate) struct Api {
    address: String,
    key: String,
}

impl Api {
    pub(crate) fn of(home: &Home, server: &Server) -> Self {
        Self { address: server.url.trim_start_matches("http://").to_owned(), key: home.key() }
    }

    /// A call: the status, and the body, null where there is none.
    pub(crate) fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
             connection: close\r\ncontent-length: {}\r\n\r\n",
            self.key,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let content = &answer[end + 4..];
        let content =
            if head.contains("transfer-encoding: chunked") { joined(content) } else { content.to_vec() };
        (status, serde_json::from_slice(&content).unwrap_or(Value::Null))
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        let (status, body) = self.call("GET", path, &Value::Null);
        assert_eq!(status, 200, "GET {path}: {body}");
        body
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.call("POST", path, body);
        assert!((200..300).contains(&status), "POST {path}: {status} {answer}");
        answer
    }

    pub(crate) fn delete(&self, path: &str) {
        let (status, answer) = self.call("DELETE", path, &Value::Null);
        assert_eq!(status, 204, "DELETE {path}: {answer}");
    }

    /// Adds a file and gives what is said of it: at once, or after it is searchable or failed.
    pub(crate) fn add(&self, name: &str, bytes: &[u8], wait: bool) -> Value {
        let path = if wait { "/v1/documents?wait=120" } else { "/v1/documents" };
        self.post(path, &file(name, bytes))["documents"][0].clone()
    }

    pub(crate) fn document(&self, id: &Value) -> Value {
        self.get(&format!("/v1/documents/{}", id.as_str().unwrap()))
    }

    /// The document, as soon as it is as asked.
    pub(crate) fn until(&self, id: &Value, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut seen = Value::Null;
        let found = looked_for(|| {
            seen = self.document(id);
            wanted(&seen).then(|| seen.clone())
        });
        found.unwrap_or_else(|| panic!("it did not become what it should: {seen}"))
    }

    /// The items of a list that fits on one page.
    pub(crate) fn items(&self, path: &str) -> Vec<Value> {
        self.get(path)["items"].as_array().unwrap().clone()
    }
}

/// The body of an upload of one file.
pub(crate) fn file(name: &str, bytes: &[u8]) -> Value {
    json!({"documents": [{"source": name, "name": name, "content_base64": STANDARD.encode(bytes)}]})
}

/// Looks again and again until something is there; none when it does not come.
pub(crate) fn looked_for<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        if let Some(found) = look() {
            return Some(found);
        }
        std::thread::sleep(LOOK);
    }
    None
}

/// The pieces of a chunked body.
fn joined(mut content: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = content.windows(2).position(|window| window == b"\r\n") {
        let size = std::str::from_utf8(&content[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        whole.extend(&content[end + 2..end + 2 + size]);
        content = &content[end + 2 + size + 2..];
        if size == 0 {
            break;
        }
    }
    whole
}
