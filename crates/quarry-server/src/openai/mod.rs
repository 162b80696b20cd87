//! The OpenAI dialect: the clients and applications that people already have, pointed at this server.
//!
//! * [`chat`]: `/v1/chat/completions`, where agents are the models; `asked` reads the request, `chunks` renders a run
//!   as it goes, `wire` has the shapes and our extensions to them.
//! * [`models`]: `/v1/models`; [`embeddings`]: `/v1/embeddings`.
//! * `failure`: every error of these routes in OpenAI's shape, those of the layers around them included.
//!
//! What a client sends that has no meaning here and does no harm is passed over; what would change the answer's
//! meaning (tools, formats, several choices) is refused.

mod asked;
pub(crate) mod chat;
mod chunks;
pub(crate) mod embeddings;
mod failure;
pub(crate) mod models;
mod wire;

pub(crate) use failure::{OpenAiError, failure, speaks, status};
