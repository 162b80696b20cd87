//! What a token with a right signature says of itself: for whom it is, and when.

use quarry_core::Timestamp;
use serde_json::{Map, Value};

use super::{refusal::TokenRefusal, settings::JwtSettings};

/// A token's claims, nested ones included.
pub(super) struct Claims<'a>(pub(super) &'a Map<String, Value>);

impl<'a> Claims<'a> {
    /// The claim of this name. Names may hold dots themselves, as Auth0's do, or say with dots where a claim is inside
    /// others, as `realm_access.roles`.
    pub(super) fn find(&self, name: &str) -> Option<&'a Value> {
        find(self.0, name)
    }

    /// The texts of a claim that is one text or a list of them.
    pub(super) fn texts(&self, name: &str) -> Vec<&'a str> {
        match self.find(name) {
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether it is of this issuer, for one of these audiences, and for now; the second at which it ends.
    pub(super) fn check(&self, settings: &JwtSettings, now: Timestamp) -> Result<i64, TokenRefusal> {
        if self.0.get("iss").and_then(Value::as_str) != Some(&settings.issuer) {
            return Err(TokenRefusal::Broken);
        }
        let now = now.micros().div_euclid(1_000_000);
        let leeway = seconds(settings.leeway_seconds);
        let missing = |claim: &str| TokenRefusal::Claim(claim.to_owned(), "is not there, or is no time");
        let end = self.time("exp")?.ok_or_else(|| missing("exp"))?;
        if now >= end.saturating_add(leeway) {
            return Err(TokenRefusal::Expired);
        }
        if self.time("nbf")?.is_some_and(|begin| begin > now.saturating_add(leeway)) {
            return Err(TokenRefusal::Early);
        }
        if let Some(most) = settings.max_age_seconds {
            let issued = self.time("iat")?.ok_or_else(|| missing("iat"))?;
            if issued > now.saturating_add(leeway) {
                return Err(TokenRefusal::Early);
            }
            if now >= issued.saturating_add(seconds(most)).saturating_add(leeway) {
                return Err(TokenRefusal::Old);
            }
        }
        let meant = self.texts("aud");
        if !settings.audiences.iter().any(|audience| meant.contains(&audience.as_str())) {
            return Err(TokenRefusal::Audience);
        }
        Ok(end.saturating_add(leeway))
    }

    /// A time in seconds, where it is given.
    fn time(&self, claim: &str) -> Result<Option<i64>, TokenRefusal> {
        let Some(value) = self.0.get(claim) else { return Ok(None) };
        // Fractions are allowed, and a cast ends at the largest number.
        let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64));
        let seconds =
            seconds.ok_or_else(|| TokenRefusal::Claim(claim.to_owned(), "is not a time in seconds"))?;
        Ok(Some(seconds))
    }
}

fn seconds(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn find<'a>(table: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    if let Some(found) = table.get(name) {
        return Some(found);
    }
    // The shortest head first; a client's name inside may have dots as well.
    name.match_indices('.').find_map(|(dot, _)| {
        let (head, rest) = (name.get(..dot)?, name.get(dot + 1..)?);
        find(table.get(head)?.as_object()?, rest)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn settings() -> JwtSettings {
        serde_json::from_value(json!({"issuer": "https://a.example", "audiences": ["quarry", "other"]}))
            .unwrap()
    }

    fn checked(
        settings: &JwtSettings,
        change: impl FnOnce(&mut Map<String, Value>),
    ) -> Result<i64, TokenRefusal> {
        let mut claims = json!({"iss": "https://a.example", "aud": "quarry", "exp": NOW + 300});
        change(claims.as_object_mut().unwrap());
        Claims(claims.as_object().unwrap()).check(settings, Timestamp::from_micros(NOW * 1_000_000))
    }

    fn changed(name: &str, value: Value) -> Result<i64, TokenRefusal> {
        checked(&settings(), |claims| drop(claims.insert(name.to_owned(), value)))
    }

    #[test]
    fn a_token_for_here_and_now_is_taken_until_it_ends() {
        assert_eq!(checked(&settings(), |_| {}), Ok(NOW + 360));
        assert_eq!(changed("aud", json!(["x", "other"])), Ok(NOW + 360));
        assert_eq!(changed("exp", json!(NOW as f64 + 0.5)), Ok(NOW + 60));
        assert_eq!(changed("exp", json!(NOW - 59)), Ok(NOW + 1));
        assert_eq!(changed("nbf", json!(NOW + 60)), Ok(NOW + 360));
        assert_eq!(changed("exp", json!(u64::MAX)), Ok(i64::MAX));
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (name, value, expected) in [
            ("exp", json!(NOW - 60), TokenRefusal::Expired),
            ("exp", json!(-1), TokenRefusal::Expired),
            ("nbf", json!(NOW + 61), TokenRefusal::Early),
            ("aud", json!("quarry2"), TokenRefusal::Audience),
            ("aud", json!([]), TokenRefusal::Audience),
            ("aud", json!({"quarry": true}), TokenRefusal::Audience),
            ("iss", json!("https://a.example/"), TokenRefusal::Broken),
            ("iss", json!(["https://a.example"]), TokenRefusal::Broken),
        ] {
            assert_eq!(changed(name, value.clone()), Err(expected), "{name} {value}");
        }
        for (name, value) in [("exp", json!("soon")), ("exp", Value::Null), ("nbf", json!("1700000000"))] {
            let refused = changed(name, value.clone()).unwrap_err();
            assert!(
                matches!(&refused, TokenRefusal::Claim(claim, _) if claim == name),
                "{name} {value}: {refused}"
            );
        }
        for name in ["exp", "aud", "iss"] {
            assert!(checked(&settings(), |claims| drop(claims.remove(name))).is_err(), "{name}");
        }
    }

    #[test]
    fn a_token_can_be_too_old() {
        let settings = JwtSettings { max_age_seconds: Some(100), ..settings() };
        let issued = |at: i64| checked(&settings, |claims| drop(claims.insert("iat".to_owned(), json!(at))));
        assert_eq!(issued(NOW - 159), Ok(NOW + 360));
        assert_eq!(issued(NOW - 160), Err(TokenRefusal::Old));
        assert_eq!(issued(NOW + 61), Err(TokenRefusal::Early));
        assert!(checked(&settings, |_| {}).is_err(), "it has to say when it was issued");
    }

    #[test]
    fn claims_are_found_by_their_name_or_their_place() {
        let claims = json!({
            "sub": "ada",
            "https://a.example/roles": ["x"],
            "realm_access": {"roles": ["admin", 7]},
            "resource_access": {"my.client": {"roles": "editor"}},
        });
        let claims = Claims(claims.as_object().unwrap());
        assert_eq!(claims.texts("sub"), ["ada"]);
        assert_eq!(claims.texts("https://a.example/roles"), ["x"]);
        assert_eq!(claims.texts("realm_access.roles"), ["admin"]);
        assert_eq!(claims.texts("resource_access.my.client.roles"), ["editor"]);
        assert_eq!(claims.texts("realm_access.groups"), Vec::<&str>::new());
        assert_eq!(claims.texts("sub.name"), Vec::<&str>::new());
    }
}
