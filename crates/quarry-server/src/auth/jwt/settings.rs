//! The `[auth]` section of the configuration, as far as tokens are concerned.

use std::collections::BTreeMap;

use quarry_core::{Role, Secret};
use serde::Deserialize;

/// `[auth]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthSettings {
    /// Issuers whose tokens are taken, by a name of the operator's choice.
    pub jwt: BTreeMap<String, JwtSettings>,
}

/// How a token may be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
pub enum Algorithm {
    /// HMAC with SHA-256 and a secret that both sides have.
    #[serde(rename = "HS256")]
    Hs256,
    /// RSA (PKCS #1 v1.5) with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
}

impl Algorithm {
    /// By its name in a token's header. Whatever is not here, `none` before all, is no algorithm.
    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Hs256, Self::Rs256, Self::Es256].into_iter().find(|algorithm| algorithm.as_str() == name)
    }

    /// Its name in tokens and keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

/// `[auth.jwt.<name>]`: one issuer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JwtSettings {
    /// What the claim `iss` must be, letter by letter.
    pub issuer: String,
    /// Of these the claim `aud` must hold one.
    pub audiences: Vec<String>,
    /// Algorithms that are taken; none given means RS256 and ES256, or HS256 where there is a secret.
    #[serde(default)]
    pub algorithms: Option<Vec<Algorithm>>,
    /// The secret of HS256. An issuer has a secret or public keys, never both.
    #[serde(default)]
    pub secret: Option<Secret>,
    /// Where the issuer's public keys are; none given means that its discovery document says it.
    #[serde(default)]
    pub jwks_url: Option<String>,
    /// Seconds between fetches of the keys.
    #[serde(default = "refresh")]
    pub refresh_seconds: u64,
    /// Least seconds between two fetches, whatever comes.
    #[serde(default = "retry")]
    pub retry_seconds: u64,
    /// Seconds that two clocks may differ.
    #[serde(default = "leeway")]
    pub leeway_seconds: u64,
    /// Seconds after which a token is too old, whatever it says of its end; it must then say when it was issued.
    #[serde(default)]
    pub max_age_seconds: Option<u64>,
    /// The claim with the person's name.
    #[serde(default = "subject")]
    pub user_claim: String,
    /// What is put before that name; none given means the table's name and a colon.
    #[serde(default)]
    pub prefix: Option<String>,
    /// The claim with the tenant's name.
    #[serde(default)]
    pub tenant_claim: Option<String>,
    /// Tenants that the claim may name; none given means all but the root tenant.
    #[serde(default)]
    pub tenants: Option<Vec<String>>,
    /// The tenant of tokens that name none.
    #[serde(default)]
    pub default_tenant: Option<String>,
    /// The claim with roles, one or a list.
    #[serde(default)]
    pub roles_claim: Option<String>,
    /// What the values of that claim mean; others mean nothing.
    #[serde(default)]
    pub role_map: BTreeMap<String, Role>,
    /// The claim with the names of groups, one or a list.
    #[serde(default)]
    pub groups_claim: Option<String>,
}

const fn refresh() -> u64 {
    600
}

const fn retry() -> u64 {
    15
}

const fn leeway() -> u64 {
    60
}

fn subject() -> String {
    "sub".to_owned()
}

impl JwtSettings {
    /// What goes before the names of this issuer's people.
    pub(super) fn prefix_as(&self, name: &str) -> String {
        self.prefix.clone().unwrap_or_else(|| format!("{name}:"))
    }

    /// The algorithms that are taken.
    pub(super) fn allowed(&self) -> Vec<Algorithm> {
        self.algorithms.clone().unwrap_or_else(|| match self.secret {
            Some(_) => vec![Algorithm::Hs256],
            None => vec![Algorithm::Rs256, Algorithm::Es256],
        })
    }
}
