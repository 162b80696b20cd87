//! What a chat provider's HTTP status means, the same for every dialect.

use std::time::Duration;

use reqwest::{
    StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use serde::Deserialize;

use crate::chat_error::{ChatError, Phase};

/// Characters of a provider's sentence that are passed on.
const LONGEST_PROBLEM: usize = 300;

/// An answer that is not a reply.
pub(super) fn refused(name: &str, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> ChatError {
    let said = Said::read(body);
    let name = name.to_owned();
    let problem = said.sentence();
    let retry_after = retry_after(headers);
    let code = status.as_u16();
    if status == StatusCode::TOO_MANY_REQUESTS && !said.is_about_money() {
        return ChatError::RateLimited { name, problem, retry_after };
    }
    if status.is_server_error() {
        return ChatError::Unavailable { name, problem: format!("HTTP {code}: {problem}"), retry_after };
    }
    if status.is_redirection() {
        let problem = "it redirects elsewhere, where no key is sent; set `base_url` to the final address";
        return ChatError::Rejected { name, status: code, problem: problem.to_owned() };
    }
    ChatError::Rejected { name, status: code, problem }
}

/// An error that came inside a stream, where there is no status any more.
pub(super) fn broke(name: &str, body: &[u8]) -> ChatError {
    let said = Said::read(body);
    let name = name.to_owned();
    let problem = said.sentence();
    if said.kind.contains("rate_limit") || said.code == "429" {
        return ChatError::RateLimited { name, problem, retry_after: None };
    }
    if said.kind.contains("invalid_request") || said.code == "400" {
        return ChatError::Rejected { name, status: 400, problem };
    }
    ChatError::Unavailable { name, problem, retry_after: None }
}

/// A request that found no answer.
pub(super) fn no_answer(name: &str, error: &reqwest::Error, connect: Duration) -> ChatError {
    let name = name.to_owned();
    if error.is_connect() && error.is_timeout() {
        return ChatError::Timeout { name, phase: Phase::Connect, limit: connect };
    }
    ChatError::Unavailable { name, problem: crate::http::explain(error), retry_after: None }
}

/// `retry-after-ms`, or `Retry-After` in seconds; the form with a date is rare and counts as absent.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
    let seconds =
        number("retry-after-ms").map(|millis| millis / 1e3).or_else(|| number(RETRY_AFTER.as_str()))?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// What a provider says about a refusal, wherever it puts it.
#[derive(Default)]
struct Said {
    message: String,
    kind: String,
    code: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Body {
    Wrapped { error: Inner },
    Bare { message: String },
    Many(Vec<Body>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Inner {
    Object {
        #[serde(default)]
        message: String,
        #[serde(default, alias = "status")]
        r#type: Option<String>,
        #[serde(default)]
        code: Option<serde_json::Value>,
    },
    Text(String),
}

impl Said {
    fn read(body: &[u8]) -> Self {
        let text = |message: String| Self { message, ..Self::default() };
        match serde_json::from_slice::<Body>(body) {
            Ok(body) => Self::of(body),
            Err(_) => text(String::from_utf8_lossy(body).into_owned()),
        }
    }

    fn of(body: Body) -> Self {
        match body {
            Body::Wrapped { error: Inner::Object { message, r#type, code } } => {
                let code = code.map(|code| code.as_str().map_or_else(|| code.to_string(), str::to_owned));
                Self { message, kind: r#type.unwrap_or_default(), code: code.unwrap_or_default() }
            }
            Body::Wrapped { error: Inner::Text(message) } | Body::Bare { message } => {
                Self { message, ..Self::default() }
            }
            Body::Many(bodies) => bodies.into_iter().next().map(Self::of).unwrap_or_default(),
        }
    }

    /// An empty account answers 429 as well, but waiting does not fill it.
    fn is_about_money(&self) -> bool {
        [&self.kind, &self.code].iter().any(|word| word.contains("insufficient_quota"))
    }

    fn sentence(&self) -> String {
        let line: String = self.message.split_whitespace().collect::<Vec<_>>().join(" ");
        let line: String = line.chars().take(LONGEST_PROBLEM).collect();
        if line.is_empty() { "no reason was given".to_owned() } else { line }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn headers(name: &'static str, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())])
    }

    #[test]
    fn retry_after_is_read_in_its_forms() {
        assert_eq!(retry_after(&headers("retry-after", "7")), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(&headers("retry-after", "0.5")), Some(Duration::from_millis(500)));
        assert_eq!(retry_after(&headers("retry-after-ms", "20")), Some(Duration::from_millis(20)));
        for odd in ["-3", "NaN", "Wed, 21 Oct 2026 07:28:00 GMT", "1e300"] {
            assert_eq!(retry_after(&headers("retry-after", odd)), None, "{odd}");
        }
    }

    #[test]
    fn an_empty_account_is_not_asked_again() {
        let refused = |body: &[u8]| refused("m", StatusCode::TOO_MANY_REQUESTS, &HeaderMap::new(), body);
        let quota = refused(br#"{"error":{"message":"You exceeded","type":"insufficient_quota","code":"insufficient_quota"}}"#);
        assert!(!quota.passes(), "{quota}");
        let busy = refused(
            br#"{"error":{"message":"Rate limit reached","type":"requests","code":"rate_limit_exceeded"}}"#,
        );
        assert!(busy.passes() && busy.to_string().contains("Rate limit reached"), "{busy}");
    }

    #[test]
    fn sentences_are_found_in_every_dialect_and_are_short() {
        let sentence = |body: &[u8]| Said::read(body).sentence();
        assert_eq!(sentence(br#"{"error":{"message":"a"}}"#), "a");
        assert_eq!(sentence(br#"{"error":"b"}"#), "b");
        assert_eq!(sentence(br#"{"message":"c"}"#), "c");
        assert_eq!(sentence(br#"[{"error":{"code":400,"message":"d","status":"INVALID_ARGUMENT"}}]"#), "d");
        assert_eq!(sentence(b""), "no reason was given");
        assert_eq!(sentence(&[b'x'; 9999]).len(), LONGEST_PROBLEM);
    }
}
