//! What cannot work of what an operator says about issuers: every problem, each with the key it belongs to.

use std::collections::BTreeMap;

use url::{Host, Url};

use super::settings::{Algorithm, AuthSettings, JwtSettings};

/// A secret that is shorter can be guessed from one token: RFC 7518 asks for as many bits as the hash has.
const SHORTEST_SECRET: usize = 32;
/// The longest prefix: the name behind it has to fit too.
const LONGEST_PREFIX: usize = 64;
/// Two clocks that are further apart want to be set.
const MOST_LEEWAY: u64 = 600;

impl AuthSettings {
    /// Every problem, with the path of the key where it is to be mended.
    #[must_use]
    pub fn problems(&self) -> Vec<(String, String)> {
        let each = |(name, settings)| Checked { name, settings, found: Vec::new() }.all();
        let mut problems: Vec<_> = self.jwt.iter().flat_map(each).collect();
        problems.extend(among(&self.jwt));
        problems
    }
}

/// What issuers must not have in common.
fn among(issuers: &BTreeMap<String, JwtSettings>) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    let mut rest = issuers.iter();
    while let Some((name, one)) = rest.next() {
        for (other_name, other) in rest.clone() {
            if one.issuer == other.issuer {
                let problem = format!(
                    "`auth.jwt.{other_name}.issuer` is that of `auth.jwt.{name}` as well; give one table all audiences"
                );
                problems.push((problem, format!("auth.jwt.{other_name}.issuer")));
            }
            let (first, second) = (one.prefix_as(name), other.prefix_as(other_name));
            let overlap = first != second
                && !first.is_empty()
                && !second.is_empty()
                && (first.starts_with(&second) || second.starts_with(&first));
            if overlap {
                let problem = format!(
                    "`auth.jwt.{other_name}.prefix` (`{second}`) and `auth.jwt.{name}.prefix` (`{first}`) begin alike: a \
                     person of one could have the name of a person of the other"
                );
                problems.push((problem, format!("auth.jwt.{other_name}.prefix")));
            }
        }
    }
    problems
}

struct Checked<'a> {
    name: &'a String,
    settings: &'a JwtSettings,
    found: Vec<(String, String)>,
}

impl Checked<'_> {
    fn all(mut self) -> Vec<(String, String)> {
        self.named();
        self.addressed();
        self.signed();
        self.timed();
        self.placed();
        self.found
    }

    fn say(&mut self, key: &str, problem: &str) {
        let path = format!("auth.jwt.{}.{key}", self.name);
        self.found.push((format!("`{path}` {problem}"), path));
    }

    fn named(&mut self) {
        let fine = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
        if self.name.is_empty() || self.name.len() > 32 || !self.name.chars().all(fine) {
            let problem =
                "cannot be used: the name of an issuer's table is 1 to 32 letters, digits, `-` or `_`";
            self.say("issuer", problem);
        }
        let settings = self.settings;
        if settings.issuer.trim().is_empty() {
            self.say("issuer", "must be what the tokens have in `iss`");
        }
        if settings.audiences.is_empty()
            || settings.audiences.iter().any(|audience| audience.trim().is_empty())
        {
            let problem = "must list what the tokens for this server have in `aud`: a token for another program must not \
                           open this one";
            self.say("audiences", problem);
        }
        let prefix = settings.prefix.as_deref().unwrap_or_default();
        if prefix.len() > LONGEST_PREFIX || !prefix.chars().all(super::person::is_fit) {
            self.say("prefix", "must be at most 64 letters, digits or of `-_.@:/|+=~`");
        }
    }

    fn addressed(&mut self) {
        let settings = self.settings;
        match (&settings.jwks_url, &settings.secret) {
            (Some(_), Some(_)) => {
                let problem = "cannot stand beside `secret`: who has public keys could sign with them as if they were the \
                               secret";
                self.say("jwks_url", problem);
            }
            (Some(address), None) if !is_safe(address) => {
                self.say("jwks_url", "must begin with `https://`, or with `http://` on this machine");
            }
            (None, None) if !is_safe(&settings.issuer) => {
                let problem = "is no `https` address, so that the issuer's keys cannot be found from it: set `jwks_url` or \
                               `secret`";
                self.say("issuer", problem);
            }
            _ => {}
        }
    }

    fn signed(&mut self) {
        let settings = self.settings;
        let short = settings.secret.as_ref().is_some_and(|secret| secret.expose().len() < SHORTEST_SECRET);
        if short {
            self.say("secret", "must have at least 32 bytes; make one with `openssl rand -base64 48`");
        }
        let allowed = settings.allowed();
        if allowed.is_empty() {
            self.say("algorithms", "must list one at least, or be left out");
        }
        match settings.secret {
            Some(_) if allowed.iter().any(|algorithm| *algorithm != Algorithm::Hs256) => {
                self.say("algorithms", "can only be HS256 where there is a `secret`");
            }
            None if allowed.contains(&Algorithm::Hs256) => {
                self.say("algorithms", "can be HS256 only where there is a `secret`");
            }
            _ => {}
        }
    }

    fn timed(&mut self) {
        let settings = self.settings;
        if settings.leeway_seconds > MOST_LEEWAY {
            self.say("leeway_seconds", "can be 600 at most");
        }
        if settings.retry_seconds == 0 {
            self.say("retry_seconds", "must be 1 at least");
        }
        if settings.refresh_seconds < settings.retry_seconds {
            self.say("refresh_seconds", "must not be less than `retry_seconds`");
        }
        if settings.max_age_seconds == Some(0) {
            self.say("max_age_seconds", "must be 1 at least, or be left out");
        }
    }

    fn placed(&mut self) {
        let settings = self.settings;
        let default = settings.default_tenant.as_deref().unwrap_or_default();
        if settings.tenant_claim.is_none() && default.is_empty() {
            let problem = "must say where people act, or `tenant_claim` which claim says it; with one tenant only, it is \
                           `default_tenant = \"root\"`";
            self.say("default_tenant", problem);
        }
        if settings.tenants.is_some() && settings.tenant_claim.is_none() {
            self.say("tenants", "says what `tenant_claim` may name, which is not set");
        }
        if !settings.role_map.is_empty() && settings.roles_claim.is_none() {
            self.say("role_map", "says what the values of `roles_claim` mean, which is not set");
        }
        let claims = [
            ("user_claim", Some(&settings.user_claim)),
            ("tenant_claim", settings.tenant_claim.as_ref()),
            ("roles_claim", settings.roles_claim.as_ref()),
            ("groups_claim", settings.groups_claim.as_ref()),
        ];
        for (key, claim) in claims {
            if claim.is_some_and(|claim| claim.trim().is_empty() || claim.len() > 200) {
                self.say(key, "must be a claim's name of at most 200 characters");
            }
        }
    }
}

/// Whether keys may be fetched from an address: whoever stands in between would choose who everybody is.
pub(super) fn is_safe(address: &str) -> bool {
    let Ok(url) = Url::parse(address) else { return false };
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return false,
    };
    let bare = url.username().is_empty() && url.password().is_none();
    bare && (url.scheme() == "https" || (url.scheme() == "http" && here))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(table: &str) -> Vec<String> {
        let settings: AuthSettings = serde_json::from_str(table).unwrap();
        settings.problems().into_iter().map(|(_, path)| path).collect()
    }

    #[test]
    fn what_works_has_no_problem() {
        for table in [
            r#"{"jwt": {"a": {"issuer": "https://a.example", "audiences": ["q"], "default_tenant": "root"}}}"#,
            r#"{"jwt": {"a": {"issuer": "a", "audiences": ["q"], "tenant_claim": "org", "jwks_url": "http://127.0.0.1:9/k"}}}"#,
            r#"{"jwt": {"a": {"issuer": "a", "audiences": ["q"], "tenant_claim": "org", "secret": "0123456789abcdef0123456789abcdef"}}}"#,
            r#"{"jwt": {"a": {"issuer": "https://a.example", "audiences": ["q"], "default_tenant": "root", "prefix": ""},
                        "b": {"issuer": "https://b.example", "audiences": ["q"], "default_tenant": "root"}}}"#,
        ] {
            assert_eq!(of(table), Vec::<String>::new(), "{table}");
        }
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let table = r#"{"jwt": {"a b": {"issuer": "", "audiences": [], "secret": "short", "jwks_url": "http://a.example",
            "algorithms": ["RS256"], "leeway_seconds": 601, "retry_seconds": 0, "max_age_seconds": 0, "tenants": [],
            "role_map": {"a": "owner"}, "user_claim": " ", "prefix": "a b"}}}"#;
        let keys: Vec<String> =
            of(table).iter().map(|path| path.rsplit('.').next().unwrap().to_owned()).collect();
        let expected = [
            "issuer",
            "issuer",
            "audiences",
            "prefix",
            "jwks_url",
            "secret",
            "algorithms",
            "leeway_seconds",
            "retry_seconds",
            "max_age_seconds",
            "default_tenant",
            "tenants",
            "role_map",
            "user_claim",
        ];
        assert_eq!(keys, expected);
    }

    #[test]
    fn keys_come_over_https_or_from_this_machine() {
        for safe in
            ["https://a.example/k", "http://localhost:8080/k", "http://127.0.0.1/k", "http://[::1]:9/k"]
        {
            assert!(is_safe(safe), "{safe}");
        }
        for unsafe_one in [
            "http://a.example/k",
            "http://127.0.0.1.a.example/k",
            "file:///etc/keys",
            "ftp://localhost/k",
            "https://u:p@a.example/k",
            "a",
        ] {
            assert!(!is_safe(unsafe_one), "{unsafe_one}");
        }
    }

    #[test]
    fn a_secret_has_no_public_keys_beside_it_and_public_keys_have_no_hs256() {
        let secret = r#"{"jwt": {"a": {"issuer": "a", "audiences": ["q"], "tenant_claim": "org",
            "secret": "0123456789abcdef0123456789abcdef", "algorithms": ["HS256", "RS256"]}}}"#;
        assert_eq!(of(secret), ["auth.jwt.a.algorithms"]);
        let public = r#"{"jwt": {"a": {"issuer": "https://a.example", "audiences": ["q"], "tenant_claim": "org",
            "algorithms": ["HS256"]}}}"#;
        assert_eq!(of(public), ["auth.jwt.a.algorithms"]);
        let none =
            r#"{"jwt": {"a": {"issuer": "https://a.example", "audiences": ["q"], "algorithms": ["none"]}}}"#;
        assert!(serde_json::from_str::<AuthSettings>(none).is_err());
    }

    #[test]
    fn two_issuers_cannot_name_one_person_by_chance() {
        let table = |first: &str, second: &str| {
            format!(
                r#"{{"jwt": {{"a": {{"issuer": "https://a.example", "audiences": ["q"], "default_tenant": "root", "prefix": "{first}"}},
                    "b": {{"issuer": "https://b.example", "audiences": ["q"], "default_tenant": "root", "prefix": "{second}"}}}}}}"#
            )
        };
        assert_eq!(of(&table("x", "xy")), ["auth.jwt.b.prefix"]);
        // The same one on purpose, and the names as they are beside those with a prefix.
        assert_eq!(of(&table("x:", "x:")), Vec::<String>::new());
        assert_eq!(of(&table("", "x:")), Vec::<String>::new());
    }
}
