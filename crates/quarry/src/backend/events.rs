//! The events of a run as a server sends them, read piece by piece.

use std::collections::VecDeque;

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use quarry_engine::agent::AgentEvent;

use super::RunStream;
use crate::failure::{Exit, Failure, Outcome};

/// Bytes of one line at most: an event holds a passage or an answer, and a server that never ends a line is none of ours.
const LONGEST_LINE: usize = 64 * 1024 * 1024;

/// Puts lines and events together, however the bytes were cut on their way.
#[derive(Default)]
struct Reader {
    line: Vec<u8>,
    number: u64,
    data: Vec<u8>,
    ready: VecDeque<Outcome<(u64, AgentEvent)>>,
}

impl Reader {
    fn push(&mut self, piece: &[u8]) {
        for byte in piece {
            if *byte != b'\n' {
                self.line.push(*byte);
                continue;
            }
            let line = std::mem::take(&mut self.line);
            self.take(line.strip_suffix(b"\r").unwrap_or(&line));
        }
        if self.line.len() > LONGEST_LINE {
            self.line.clear();
            self.ready.push_back(Err(unexpected("a line that does not end")));
        }
    }

    fn take(&mut self, line: &[u8]) {
        let value = |name: &[u8]| {
            let rest = line.strip_prefix(name)?.strip_prefix(b":")?;
            Some(rest.strip_prefix(b" ").unwrap_or(rest))
        };
        if let Some(id) = value(b"id") {
            self.number = std::str::from_utf8(id).ok().and_then(|id| id.parse().ok()).unwrap_or(self.number);
        } else if let Some(data) = value(b"data") {
            if !self.data.is_empty() {
                self.data.push(b'\n');
            }
            self.data.extend_from_slice(data);
        } else if line.is_empty() && !self.data.is_empty() {
            let data = std::mem::take(&mut self.data);
            let event = serde_json::from_slice(&data);
            let event = event.map(|event| (self.number, event));
            self.ready.push_back(event.map_err(|error| unexpected(&error.to_string())));
        }
        // A comment keeps the connection alive; the event's name stands in its data too.
    }
}

fn unexpected(what: &str) -> Failure {
    let text = format!("the server sent an event that cannot be read ({what}); is it of this version?");
    Failure::new(Exit::Failed, "unexpected_answer", text)
}

/// The events in a body. After the first failure nothing more comes.
pub(super) fn read(body: impl Stream<Item = Outcome<Bytes>> + Send + 'static) -> RunStream {
    let state = (Box::pin(body), Reader::default(), false);
    stream::unfold(state, |(mut body, mut reader, broken)| async move {
        if broken {
            return None;
        }
        loop {
            if let Some(event) = reader.ready.pop_front() {
                let broken = event.is_err();
                return Some((event, (body, reader, broken)));
            }
            match body.next().await? {
                Ok(piece) => reader.push(&piece),
                Err(failure) => return Some((Err(failure), (body, reader, true))),
            }
        }
    })
    .boxed()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bytes::Bytes;
    use futures::{StreamExt, stream};
    use quarry_engine::agent::AgentEvent;

    use super::read;
    use crate::failure::Outcome;

    fn pieces(text: &'static str, size: usize) -> Vec<Outcome<Bytes>> {
        text.as_bytes().chunks(size).map(|piece| Ok(Bytes::from_static(piece))).collect()
    }

    #[tokio::test]
    async fn events_are_the_same_however_the_bytes_are_cut() {
        let text = ": hello\n\nid: 3\nevent: said\ndata: {\"type\":\"said\",\ndata: \"text\":\"Zwölf\"}\n\n\
                    id: 5\r\ndata:{\"type\":\"degraded\",\"reason\":\"r\"}\r\n\r\n";
        for size in [1, 2, 7, 1000] {
            let events: Vec<_> = read(stream::iter(pieces(text, size))).map(Result::unwrap).collect().await;
            let said = AgentEvent::Said { text: "Zwölf".to_owned() };
            let degraded = AgentEvent::Degraded { reason: "r".to_owned() };
            assert_eq!(events, [(3, said), (5, degraded)], "{size}");
        }
    }

    #[tokio::test]
    async fn what_is_no_event_is_told_and_ends_the_stream() {
        let text = "data: {\"type\":\"sung\"}\n\ndata: {\"type\":\"said\",\"text\":\"x\"}\n\n";
        let events: Vec<_> = read(stream::iter(pieces(text, 9))).collect().await;
        assert_eq!(events.len(), 1);
        assert_eq!(events.first().unwrap().as_ref().unwrap_err().code, "unexpected_answer");
    }
}
