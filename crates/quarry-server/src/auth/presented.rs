//! What a request shows to say who sends it.

use axum::http::{HeaderMap, header};

/// A credential as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presented<'a> {
    /// A key, from `Authorization: Bearer` or `X-API-Key`.
    Key(&'a str),
    /// A token, from `Authorization: Bearer`.
    Token(&'a str),
    /// Something that no credential looks like.
    Unreadable,
    /// Nothing.
    Nothing,
}

impl<'a> Presented<'a> {
    /// `Authorization` goes before `X-API-Key`. Two of the same header are one too many: who reads the first and who
    /// reads the last would not see the same caller.
    pub(super) fn of(headers: &'a HeaderMap) -> Self {
        let mut authorization = headers.get_all(header::AUTHORIZATION).iter();
        if let Some(value) = authorization.next() {
            if authorization.next().is_some() {
                return Self::Unreadable;
            }
            let Some((scheme, rest)) = value.to_str().ok().and_then(|text| text.trim().split_once(' '))
            else {
                return Self::Unreadable;
            };
            return if scheme.eq_ignore_ascii_case("bearer") {
                Self::bearer(rest.trim())
            } else {
                Self::Unreadable
            };
        }
        let mut keys = headers.get_all("x-api-key").iter();
        match (keys.next(), keys.next()) {
            (None, _) => Self::Nothing,
            (Some(value), None) => value.to_str().map_or(Self::Unreadable, |text| Self::Key(text.trim())),
            (Some(_), Some(_)) => Self::Unreadable,
        }
    }

    /// Keys and tokens come the same way. A token begins with `{"` in base64 and has three parts; no key has a dot.
    fn bearer(text: &'a str) -> Self {
        let token = text.starts_with("eyJ") && text.bytes().filter(|byte| *byte == b'.').count() == 2;
        if token { Self::Token(text) } else { Self::Key(text) }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn keys_are_read_from_either_header() {
        let cases = [
            (&[("authorization", "Bearer secret")][..], Presented::Key("secret")),
            (&[("authorization", "bearer  secret ")], Presented::Key("secret")),
            (&[("x-api-key", "secret")], Presented::Key("secret")),
            (&[("x-api-key", "other"), ("authorization", "Bearer secret")], Presented::Key("secret")),
            (&[("authorization", "Basic secret"), ("x-api-key", "secret")], Presented::Unreadable),
            (&[("authorization", "secret")], Presented::Unreadable),
            (&[("authorization", "Bearer a"), ("authorization", "Bearer b")], Presented::Unreadable),
            (&[("x-api-key", "a"), ("x-api-key", "b")], Presented::Unreadable),
            (&[], Presented::Nothing),
            (&[("authorization", "Bearer eyJh.eyJi.c")], Presented::Token("eyJh.eyJi.c")),
            (&[("authorization", "Bearer eyJh.eyJi.")], Presented::Token("eyJh.eyJi.")),
            (&[("authorization", "Bearer eyJh.eyJi")], Presented::Key("eyJh.eyJi")),
            (&[("authorization", "Bearer eyJh.b.c.d.e")], Presented::Key("eyJh.b.c.d.e")),
            (&[("x-api-key", "eyJh.eyJi.c")], Presented::Key("eyJh.eyJi.c")),
            (
                &[("authorization", "Bearer eyJh.eyJi.c"), ("authorization", "Bearer qk_0")],
                Presented::Unreadable,
            ),
        ];
        for (given, expected) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in given {
                headers.append(*name, HeaderValue::from_static(value));
            }
            assert_eq!(Presented::of(&headers), expected, "{given:?}");
        }
    }
}
