//! A call up to its first content. Until then nothing was given to anyone, so the call can be made again or elsewhere.

use futures::StreamExt;

use crate::{
    chat::{ChatEvent, ChatModel, ChatRequest, ChatStream},
    chat_error::ChatError,
};

/// The stream from its beginning, known to have content; an error before that is this call's error.
pub(super) async fn opened(model: &dyn ChatModel, request: &ChatRequest) -> Result<ChatStream, ChatError> {
    let mut stream = model.chat(request).await?;
    let mut held = Vec::with_capacity(2);
    loop {
        let Some(event) = stream.next().await else {
            return Err(ChatError::cut(&model.info().name, "it ended before it began"));
        };
        match event? {
            ChatEvent::Working => {}
            event @ ChatEvent::Started(_) => held.push(Ok(event)),
            event => {
                held.push(Ok(event));
                return Ok(Box::pin(futures::stream::iter(held).chain(stream)));
            }
        }
    }
}
