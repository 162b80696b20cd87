//! What kind of work a route is, and how one is let in.

use axum::http::Method;

/// What kind of work a route is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum RouteClass {
    /// Finding passages, and embedding.
    Search,
    /// Answers and runs.
    Answer,
    /// Documents that come, change and go.
    Ingest,
    /// Whatever is looked at, and what a caller changes of its own: sessions, facts, history, runs.
    Read,
    /// Whatever else is changed.
    Admin,
    /// Showing who one is.
    Login,
}

/// How one is let in at a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// With a key, which the handler asks for.
    Keyed,
    /// Everybody.
    Open,
    /// With a proof in the request itself: a signature or a password.
    Proof,
    /// Everybody at any time: whoever watches the server must not be turned away.
    Probe,
}

/// What of the own is not administration.
const OWN: [&str; 4] = ["/v1/sessions", "/v1/facts", "/v1/history", "/v1/runs"];

impl RouteClass {
    /// The class of a route by its template; `None` where nothing but wrong keys is counted.
    pub(crate) fn of(method: &Method, route: &str) -> Option<Self> {
        let looks = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
        let below = |prefix: &str| route.starts_with(prefix);
        Some(match route {
            "/healthz" | "/readyz" | "/metrics" => return None,
            "/v1/search" | "/v1/embeddings" => Self::Search,
            "/v1/query" | "/v1/chat/completions" | "/mcp" => Self::Answer,
            _ if logs_in(route) => Self::Login,
            _ if looks || route == "unknown" => Self::Read,
            "/v1/agents/{agent}/runs" | "/v1/runs/{id}/approvals" | "/v1/runs/{id}/replay" => Self::Answer,
            "/v1/sources/{id}/push" | "/v1/sources/{id}/sync" => Self::Ingest,
            _ if below("/v1/documents") => Self::Ingest,
            _ if OWN.into_iter().any(below) => Self::Read,
            _ => Self::Admin,
        })
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Answer => "answer",
            Self::Ingest => "ingest",
            Self::Read => "read",
            Self::Admin => "admin",
            Self::Login => "login",
        }
    }
}

impl Door {
    /// Of a route by its template.
    pub(crate) fn of(route: &str) -> Self {
        match route {
            "/healthz" | "/readyz" => Self::Probe,
            "/v1/sources/{id}/push" => Self::Proof,
            _ if logs_in(route) => Self::Proof,
            "/mcp" | "/metrics" => Self::Keyed,
            _ if route.starts_with("/v1/") => Self::Keyed,
            _ => Self::Open,
        }
    }
}

fn logs_in(route: &str) -> bool {
    route.starts_with("/v1/auth/") || route == "/v1/login"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_route_has_its_class_and_its_door() {
        use RouteClass::{Admin, Answer, Ingest, Login, Read, Search};
        for (method, route, class, door) in [
            ("GET", "/healthz", None, Door::Probe),
            ("GET", "/metrics", None, Door::Keyed),
            ("GET", "/docs", Some(Read), Door::Open),
            ("POST", "unknown", Some(Read), Door::Open),
            ("GET", "/openapi.json", Some(Read), Door::Open),
            ("POST", "/v1/search", Some(Search), Door::Keyed),
            ("POST", "/v1/query", Some(Answer), Door::Keyed),
            ("POST", "/mcp", Some(Answer), Door::Keyed),
            ("POST", "/v1/chat/completions", Some(Answer), Door::Keyed),
            ("POST", "/v1/agents/{agent}/runs", Some(Answer), Door::Keyed),
            ("POST", "/v1/agents", Some(Admin), Door::Keyed),
            ("GET", "/v1/agents", Some(Read), Door::Keyed),
            ("POST", "/v1/documents/bulk", Some(Ingest), Door::Keyed),
            ("DELETE", "/v1/documents/{id}", Some(Ingest), Door::Keyed),
            ("GET", "/v1/documents/{id}", Some(Read), Door::Keyed),
            ("POST", "/v1/sources/{id}/push", Some(Ingest), Door::Proof),
            ("POST", "/v1/sources", Some(Admin), Door::Keyed),
            ("DELETE", "/v1/sessions/{id}", Some(Read), Door::Keyed),
            ("POST", "/v1/auth/login", Some(Login), Door::Proof),
        ] {
            let method: Method = method.parse().unwrap();
            assert_eq!((RouteClass::of(&method, route), Door::of(route)), (class, door), "{method} {route}");
        }
    }
}
