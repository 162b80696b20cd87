//! Errors in OpenAI's shape: `{"error": {"message", "type", "param", "code"}}`.

use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Problem;

/// An error, as OpenAI's clients read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct OpenAiError {
    /// What went wrong.
    pub(crate) error: OpenAiErrorDetail,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct OpenAiErrorDetail {
    /// A sentence a person can act on.
    #[schema(example = "there is no agent `gpt-4o`")]
    pub(crate) message: String,
    /// `invalid_request_error`, `authentication_error`, `permission_error`, `rate_limit_error` or `server_error`.
    #[serde(rename = "type")]
    #[schema(example = "invalid_request_error")]
    pub(crate) kind: String,
    /// The field of the request that is wrong.
    #[schema(example = "model")]
    pub(crate) param: Option<String>,
    /// A stable name a program can act on.
    #[schema(example = "model_not_found")]
    pub(crate) code: Option<String>,
}

/// Whether a route speaks this dialect, so that its errors do too.
pub(crate) fn speaks(route: &str) -> bool {
    matches!(route, "/v1/chat/completions" | "/v1/embeddings" | "/v1/models" | "/v1/models/{id}")
}

/// The status of a problem here: an unknown model is not found, whatever it is to other routes.
pub(crate) fn status(problem: &Problem) -> StatusCode {
    match problem.code() {
        "unknown_embedder" | "agent_not_found" => StatusCode::NOT_FOUND,
        _ => problem.status(),
    }
}

/// A problem in this dialect.
pub(crate) fn failure(problem: Problem) -> OpenAiError {
    let status = status(&problem);
    let kind = match status {
        StatusCode::UNAUTHORIZED => "authentication_error",
        StatusCode::FORBIDDEN => "permission_error",
        StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
        status if status.is_server_error() => "server_error",
        _ => "invalid_request_error",
    };
    // The names that clients of OpenAI know for what they can act on.
    let (code, named) = match problem.code() {
        "unauthenticated" => ("invalid_api_key", None),
        "rate_limited" => ("rate_limit_exceeded", None),
        "agent_not_found" | "unknown_embedder" | "model_not_found" => ("model_not_found", Some("model")),
        other => (other, None),
    };
    let code = Some(code.to_owned());
    let body = problem.body("");
    let pointed = body.errors.first().map(|error| parameter(&error.pointer));
    let param = named.map(str::to_owned).or(pointed).filter(|param| !param.is_empty());
    OpenAiError { error: OpenAiErrorDetail { message: body.detail, kind: kind.to_owned(), param, code } }
}

/// `/messages/0/content` as OpenAI writes it: `messages[0].content`.
fn parameter(pointer: &str) -> String {
    let mut parameter = String::new();
    for part in pointer.split('/').skip(1) {
        if part.bytes().all(|byte| byte.is_ascii_digit()) {
            parameter.push_str(&format!("[{part}]"));
        } else {
            if !parameter.is_empty() {
                parameter.push('.');
            }
            parameter.push_str(part);
        }
    }
    parameter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_become_errors_that_clients_know() {
        let known = failure(Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", "no key"));
        assert_eq!(
            (known.error.kind.as_str(), known.error.code.as_deref()),
            ("authentication_error", Some("invalid_api_key"))
        );
        let unknown = Problem::new(StatusCode::BAD_REQUEST, "unknown_embedder", "there is none");
        assert_eq!(status(&unknown), StatusCode::NOT_FOUND);
        let unknown = failure(unknown).error;
        assert_eq!(
            (unknown.param.as_deref(), unknown.code.as_deref()),
            (Some("model"), Some("model_not_found"))
        );
        let wrong = failure(Problem::invalid("no").at("/messages/0/content", "no")).error;
        assert_eq!(
            (wrong.kind.as_str(), wrong.param.as_deref()),
            ("invalid_request_error", Some("messages[0].content"))
        );
        let often = failure(Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "no")).error;
        assert_eq!(
            (often.kind.as_str(), often.code.as_deref()),
            ("rate_limit_error", Some("rate_limit_exceeded"))
        );
        assert_eq!(failure(Problem::internal("x")).error.kind, "server_error");
    }
}
