//! A token's text into its parts. Nothing in it is believed yet.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{refusal::TokenRefusal, settings::Algorithm};

/// Longest token in bytes: issuers warn of more than half of it, and proxies take no more.
const LONGEST: usize = 8 * 1024;
/// Longest name of a key.
const LONGEST_KID: usize = 256;
/// What a token that opens doors calls itself (RFC 9068 has the second). Others are tokens for something else: a logout, a
/// security event, a proof of possession.
const TYPES: [&str; 4] = ["jwt", "at+jwt", "application/jwt", "application/at+jwt"];

/// A token's parts.
#[derive(Debug)]
pub(super) struct Compact<'a> {
    /// How it says it is signed.
    pub(super) algorithm: Algorithm,
    /// The name of the key, for looking up among those that are known and for nothing else.
    pub(super) kid: Option<String>,
    /// What is signed: the first two parts as they came.
    pub(super) signed: &'a str,
    /// The signature.
    pub(super) signature: Vec<u8>,
    /// What it claims. Only `iss` may be looked at before the signature is checked, to know whose keys are asked for.
    pub(super) claims: Map<String, Value>,
}

/// The header's fields that decide something. `jku`, `x5u`, `jwk` and `x5c`, by which a token would bring its own key, are not
/// among them.
#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    typ: Option<String>,
    /// Present means that something must be understood which is not.
    #[serde(default, deserialize_with = "present")]
    crit: bool,
    #[serde(default, deserialize_with = "present")]
    b64: bool,
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    serde::de::IgnoredAny::deserialize(deserializer).map(|_| true)
}

impl<'a> Compact<'a> {
    /// Reads a token.
    ///
    /// # Errors
    /// [`TokenRefusal::TooLong`] or [`TokenRefusal::Broken`].
    pub(super) fn read(token: &'a str) -> Result<Self, TokenRefusal> {
        if token.len() > LONGEST {
            return Err(TokenRefusal::TooLong);
        }
        Self::parts(token).ok_or(TokenRefusal::Broken)
    }

    fn parts(token: &'a str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        if claims.contains('.') {
            return None;
        }
        let header: Header = serde_json::from_slice(&decoded(header)?).ok()?;
        let typed = header.typ.is_none_or(|typ| TYPES.iter().any(|known| typ.eq_ignore_ascii_case(known)));
        let short = header.kid.as_ref().is_none_or(|kid| kid.len() <= LONGEST_KID);
        if header.crit || header.b64 || !typed || !short {
            return None;
        }
        Some(Self {
            algorithm: Algorithm::named(&header.alg)?,
            kid: header.kid,
            signed,
            signature: decoded(signature)?,
            claims: serde_json::from_slice(&decoded(claims)?).ok()?,
        })
    }
}

/// Base64url without padding, as the standard has it and in no other spelling.
fn decoded(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn token(header: &str, claims: &str, signature: &str) -> String {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{signature}", encode(header), encode(claims))
    }

    #[test]
    fn a_token_is_read_into_its_parts() {
        let text = token(
            r#"{"alg":"RS256","kid":"k1","typ":"JWT","jku":"https://evil.example"}"#,
            r#"{"iss":"a"}"#,
            "AQI",
        );
        let compact = Compact::read(&text).unwrap();
        assert_eq!((compact.algorithm, compact.kid.as_deref()), (Algorithm::Rs256, Some("k1")));
        assert_eq!((compact.signature.as_slice(), &compact.claims["iss"]), (&[1, 2][..], &Value::from("a")));
        assert_eq!(format!("{}.AQI", compact.signed), text);
    }

    #[test]
    fn what_is_not_quite_a_token_is_none() {
        let fine = r#"{"alg":"RS256"}"#;
        let broken = [
            String::new(),
            "..".to_owned(),
            token(r#"{"alg":"none"}"#, "{}", ""),
            token(r#"{"alg":"None"}"#, "{}", "AQI"),
            token(r#"{"alg":"rs256"}"#, "{}", "AQI"),
            token(r#"{"alg":"HS512"}"#, "{}", "AQI"),
            token(r#"{"kid":"a"}"#, "{}", "AQI"),
            token(r#"{"alg":["RS256"]}"#, "{}", "AQI"),
            token(r#"{"alg":"RS256","alg":"HS256"}"#, "{}", "AQI"),
            token(r#"{"alg":"RS256","crit":["exp"]}"#, "{}", "AQI"),
            token(r#"{"alg":"RS256","crit":null}"#, "{}", "AQI"),
            token(r#"{"alg":"RS256","b64":false}"#, "{}", "AQI"),
            token(r#"{"alg":"RS256","typ":"logout+jwt"}"#, "{}", "AQI"),
            token(r#"{"alg":"RS256","kid":7}"#, "{}", "AQI"),
            token(&format!(r#"{{"alg":"RS256","kid":"{}"}}"#, "k".repeat(257)), "{}", "AQI"),
            token(fine, "[]", "AQI"),
            token(fine, "{", "AQI"),
            token(fine, "{}", "AQI="),
            token(fine, "{}", "AQJ"),
            token(fine, "{}", "A/+I"),
            format!("{} ", token(fine, "{}", "AQI")),
            format!("{}\n", token(fine, "{}", "AQI")),
            format!("{}.AQI", token(fine, "{}", "AQI")),
        ];
        for text in broken {
            assert_eq!(Compact::read(&text).unwrap_err(), TokenRefusal::Broken, "{text}");
        }
        assert!(Compact::read(&token(fine, "{}", "AQI")).is_ok());
        let long = token(fine, &format!(r#"{{"a":"{}"}}"#, "x".repeat(LONGEST)), "AQI");
        assert_eq!(Compact::read(&long).unwrap_err(), TokenRefusal::TooLong);
    }
}
