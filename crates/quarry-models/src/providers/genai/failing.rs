//! Its errors in our words. Its own sentences can hold whole requests, so only those known to be short are passed on.

use genai::Error;

use super::super::refusal;
use crate::{chat_error::ChatError, chat_settings::ChatModelSettings, http};

pub(super) fn failed(name: &str, error: Error, settings: &ChatModelSettings) -> ChatError {
    let malformed = |problem: &str| ChatError::malformed(name, problem);
    match error {
        Error::HttpError { status, body, headers, .. } => {
            refusal::refused(name, status, &headers, body.as_bytes())
        }
        Error::WebStream { error, .. } => match error.downcast::<Error>() {
            Ok(inner) => failed(name, *inner, settings),
            Err(error) => match error.downcast::<reqwest::Error>() {
                Ok(error) if error.is_body() || error.is_decode() => {
                    ChatError::cut(name, http::explain(&error.without_url()))
                }
                Ok(error) => refusal::no_answer(name, &error.without_url(), settings.connect()),
                Err(_) => malformed("the stream is not text"),
            },
        },
        Error::ChatResponse { body, .. } => {
            let wrapped =
                if body.get("error").is_some() { body } else { serde_json::json!({ "error": body }) };
            refusal::broke(name, wrapped.to_string().as_bytes())
        }
        Error::StreamParse { serde_error, .. } => {
            malformed(&format!("an event is not the expected JSON ({serde_error})"))
        }
        Error::SerdeJson(_) | Error::JsonValueExt(_) | Error::InvalidJsonResponseElement { .. } => {
            malformed("an event lacks what the dialect says it has")
        }
        Error::RequiresApiKey { .. } | Error::NoAuthData { .. } | Error::Resolver { .. } => {
            ChatError::Settings {
                key: format!("chat.{name}.api_key"),
                problem: format!("`{}` needs a key", settings.provider),
            }
        }
        Error::ChatReqHasNoMessages { .. }
        | Error::LastChatMessageIsNotUser { .. }
        | Error::MessageRoleNotSupported { .. }
        | Error::MessageContentTypeNotSupported { .. }
        | Error::AdapterNotSupported { .. } => ChatError::Rejected {
            name: name.to_owned(),
            status: 400,
            problem: "the provider's dialect has no form for this conversation".to_owned(),
        },
        _ => malformed("the provider's reply was not understood"),
    }
}
