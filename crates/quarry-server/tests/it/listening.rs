//! Reading server-sent events.

use std::collections::VecDeque;

use reqwest::Response;
use serde_json::Value;

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub id: Option<u64>,
    pub kind: String,
    /// What it says; as text where that is not JSON.
    pub data: Value,
}

/// Somebody who listens to a stream. Dropping them closes the connection.
pub struct Listener {
    response: Response,
    buffer: Vec<u8>,
    told: VecDeque<Told>,
}

impl Listener {
    #[track_caller]
    pub fn new(response: Response) -> Self {
        assert_eq!(response.status(), 200);
        for (name, value) in [
            ("content-type", "text/event-stream"),
            ("cache-control", "no-store"),
            ("x-accel-buffering", "no"),
        ] {
            assert_eq!(response.headers().get(name).unwrap(), value);
        }
        Self { response, buffer: Vec::new(), told: VecDeque::new() }
    }

    pub async fn next(&mut self) -> Option<Told> {
        while self.told.is_empty() {
            self.buffer.extend_from_slice(&self.response.chunk().await.unwrap()?);
            while let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
                let event: Vec<u8> = self.buffer.drain(..end + 2).collect();
                self.told.extend(parsed(std::str::from_utf8(&event).unwrap()));
            }
        }
        self.told.pop_front()
    }

    /// The next event of a kind, passing over others.
    pub async fn until(&mut self, kind: &str) -> Told {
        while let Some(told) = self.next().await {
            if told.kind == kind {
                return told;
            }
        }
        panic!("the stream ended without `{kind}`");
    }

    pub async fn rest(mut self) -> Vec<Told> {
        let mut all = Vec::new();
        while let Some(told) = self.next().await {
            all.push(told);
        }
        all
    }
}

fn parsed(event: &str) -> Option<Told> {
    let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let data = field("data:")?;
    let id = field("id:").map(|id| id.parse().unwrap());
    let data = serde_json::from_str(data).unwrap_or_else(|_| Value::String(data.to_owned()));
    Some(Told { id, kind: field("event:").unwrap_or_default().to_owned(), data })
}
