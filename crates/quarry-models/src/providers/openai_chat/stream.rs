//! A reply as it comes over HTTP.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use reqwest::Response;

use super::{ENVELOPE_BYTES, assembly::Assembly};
use crate::{
    chat::ChatEvent,
    chat_error::ChatError,
    http,
    providers::sse::{SseReader, SseTooLarge},
};

/// Bytes on the wire for each byte of text: a token of four letters travels in an event of some hundred bytes.
const WIRE_FACTOR: usize = 64;

type Body = Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>;

/// The stream of one reply. Dropping it closes the connection, which is how a provider learns that nobody listens.
pub(super) struct Reply {
    name: String,
    limit: usize,
    /// None once the reply is over.
    body: Option<Body>,
    reader: SseReader,
    assembly: Assembly,
    wire_bytes: usize,
    /// An error that stands behind events that are still to be given.
    failed: Option<ChatError>,
}

impl Reply {
    pub(super) fn new(name: &str, response: Response, limit: usize) -> Self {
        Self {
            name: name.to_owned(),
            limit,
            body: Some(Box::pin(response.bytes_stream())),
            reader: SseReader::new(limit.saturating_add(ENVELOPE_BYTES)),
            assembly: Assembly::new(name, limit),
            wire_bytes: 0,
            failed: None,
        }
    }

    fn take(&mut self, piece: &[u8]) -> Result<(), ChatError> {
        self.wire_bytes = self.wire_bytes.saturating_add(piece.len());
        if self.wire_bytes > self.limit.saturating_mul(WIRE_FACTOR) {
            return Err(ChatError::TooLarge { name: self.name.clone(), limit: self.limit });
        }
        let assembly = &mut self.assembly;
        let mut taken = Ok(());
        let mut done = false;
        let read = self.reader.push(piece, |event| {
            if done || taken.is_err() {
                return;
            }
            if event.data == b"[DONE]" {
                done = true;
            } else {
                taken = assembly.take(event.data);
            }
        });
        taken?;
        if done {
            self.body = None;
            return self.assembly.finish();
        }
        read.map_err(|SseTooLarge { .. }| ChatError::TooLarge { name: self.name.clone(), limit: self.limit })
    }

    /// The connection has ended, in whatever way.
    fn ended(&mut self, problem: Option<String>) -> Result<(), ChatError> {
        self.body = None;
        // With a finish reason the reply is whole: the end mark is a courtesy that some servers leave out.
        if self.assembly.has_reason() || self.reader.unfinished() == b"[DONE]" {
            return self.assembly.finish();
        }
        let problem = problem.unwrap_or_else(|| "the connection ended before the reply did".to_owned());
        Err(ChatError::cut(&self.name, problem))
    }
}

impl Stream for Reply {
    type Item = Result<ChatEvent, ChatError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(event) = this.assembly.next() {
                return Poll::Ready(Some(Ok(event)));
            }
            if let Some(error) = this.failed.take() {
                this.body = None;
                return Poll::Ready(Some(Err(error)));
            }
            let Some(body) = &mut this.body else { return Poll::Ready(None) };
            let taken = match ready!(body.poll_next_unpin(context)) {
                Some(Ok(piece)) => this.take(&piece),
                Some(Err(error)) => this.ended(Some(http::explain(&error.without_url()))),
                None => this.ended(None),
            };
            if let Err(error) = taken {
                this.failed = Some(error);
            }
        }
    }
}
