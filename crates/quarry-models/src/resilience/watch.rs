//! A stream that somebody looks at on its way through.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures::Stream;

use crate::{
    chat::{ChatEvent, ChatStream},
    chat_error::ChatError,
};

/// Sees each item. It is dropped with the last one, or with the stream where the caller leaves early.
pub(super) trait Watch: Send + Unpin + 'static {
    /// Looks at an item, and may change it.
    fn see(&mut self, item: &mut Result<ChatEvent, ChatError>);
}

struct Watched<W> {
    /// None after the last item: a caller may keep a stream that is over, and must not keep a place or a connection
    /// with it.
    rest: Option<(ChatStream, W)>,
}

pub(super) fn watched(stream: ChatStream, watch: impl Watch) -> ChatStream {
    Box::pin(Watched { rest: Some((stream, watch)) })
}

impl<W: Watch> Stream for Watched<W> {
    type Item = Result<ChatEvent, ChatError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let Some((stream, watch)) = &mut this.rest else { return Poll::Ready(None) };
        let mut item = ready!(stream.as_mut().poll_next(context));
        if let Some(item) = &mut item {
            watch.see(item);
        }
        if matches!(item, None | Some(Err(_) | Ok(ChatEvent::Finished { .. }))) {
            this.rest = None;
        }
        Poll::Ready(item)
    }
}
