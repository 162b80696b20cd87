//! The whole way of a token: read, its issuer found, its signature and claims checked, its person let in.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use parking_lot::RwLock;
use quarry_core::{Access, Clock, Secret, SystemClock, Timestamp};
use quarry_engine::{Engine, outbound::OutboundError};
use ring::hmac;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio_util::task::TaskTracker;

use super::{
    claims::Claims,
    compact::Compact,
    fetch::Origin,
    keys::IssuerKeys,
    person::Naming,
    refusal::TokenRefusal,
    settings::{Algorithm, AuthSettings, JwtSettings},
};
use crate::{events, problem::Problem};

/// How long an access is remembered: a tenant's suspension or another role holds after this at the latest.
const REMEMBERED: Duration = Duration::from_secs(30);
/// Accesses remembered at most.
const MOST: usize = 1_000;

/// The issuers whose tokens are taken. Cloning shares what they know.
#[derive(Clone)]
pub struct Tokens(Arc<Inner>);

struct Inner {
    /// By their `iss`.
    issuers: HashMap<String, Issuer>,
    clock: Arc<dyn Clock>,
    tasks: TaskTracker,
    /// Accesses by the hash of their token. Only what was taken is here, so that strangers cannot fill it.
    remembered: RwLock<HashMap<[u8; 32], Remembered>>,
}

struct Remembered {
    access: Access,
    until: Timestamp,
}

struct Issuer {
    settings: JwtSettings,
    algorithms: Vec<Algorithm>,
    naming: Naming,
    signer: Signer,
}

/// Who can sign for an issuer. It is one or the other, so that a public key is never used as a secret.
enum Signer {
    /// Whoever has the secret.
    Secret(hmac::Key),
    /// Whoever has the other half of one of these keys.
    Keys(Arc<IssuerKeys>),
}

impl Tokens {
    /// For issuers whose settings have no [`AuthSettings::problems`].
    ///
    /// # Errors
    /// An issuer's address cannot be used.
    pub fn new(settings: &AuthSettings) -> Result<Self, OutboundError> {
        Self::with_clock(settings, Arc::new(SystemClock))
    }

    /// The same with a time of one's own.
    ///
    /// # Errors
    /// An issuer's address cannot be used.
    pub fn with_clock(settings: &AuthSettings, clock: Arc<dyn Clock>) -> Result<Self, OutboundError> {
        let tasks = TaskTracker::new();
        let prefixes: BTreeMap<&String, String> =
            settings.jwt.iter().map(|(name, issuer)| (name, issuer.prefix_as(name))).collect();
        let mut issuers = HashMap::new();
        for (name, of_issuer) in &settings.jwt {
            let signer = match &of_issuer.secret {
                Some(secret) => Signer::Secret(key_of(secret)),
                None => {
                    let origin = Origin::new(of_issuer)?;
                    Signer::Keys(IssuerKeys::new(name, of_issuer, origin, Arc::clone(&clock), tasks.clone()))
                }
            };
            let others = prefixes.iter().filter(|(other, _)| **other != name);
            let naming = Naming {
                prefix: of_issuer.prefix_as(name),
                foreign: others.map(|(_, prefix)| prefix.clone()).collect(),
            };
            let issuer =
                Issuer { settings: of_issuer.clone(), algorithms: of_issuer.allowed(), naming, signer };
            issuers.insert(of_issuer.issuer.clone(), issuer);
        }
        Ok(Self(Arc::new(Inner { issuers, clock, tasks, remembered: RwLock::default() })))
    }

    /// The access of the person whom a token speaks of.
    pub(crate) async fn access(&self, engine: &Engine, token: &str) -> Result<Access, Problem> {
        let now = self.0.clock.now();
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        if let Some(access) = self.0.recall(&hash, now) {
            return Ok(engine.identity().once_more(&access).await?);
        }
        let taken = self.person(token, now).await;
        let (person, end) = taken.inspect_err(|refusal| events::refused_token(refusal.label()))?;
        let access = engine.identity().of_vouched(&person).await?;
        self.0.remember(hash, &access, (now, end));
        Ok(access)
    }

    /// Checks a token; the person, and the second at which it ends.
    async fn person(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<(quarry_engine::govern::Vouched, i64), TokenRefusal> {
        if self.0.issuers.is_empty() {
            return Err(TokenRefusal::NotTaken);
        }
        let token = Compact::read(token)?;
        let named = token.claims.get("iss").and_then(Value::as_str);
        let issuer = named.and_then(|name| self.0.issuers.get(name)).ok_or(TokenRefusal::Broken)?;
        // Before anything is done with a key: the issuer's list decides on the algorithm, not the token.
        if !issuer.algorithms.contains(&token.algorithm) {
            return Err(TokenRefusal::Broken);
        }
        issuer.signer.check(&token).await?;
        let claims = Claims(&token.claims);
        let end = claims.check(&issuer.settings, now)?;
        Ok((issuer.naming.person(&claims, &issuer.settings)?, end))
    }

    /// Waits for fetches of keys that are on their way; each takes seconds at most.
    pub(crate) async fn stop(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }
}

impl Inner {
    fn recall(&self, hash: &[u8; 32], now: Timestamp) -> Option<Access> {
        let remembered = self.remembered.read();
        remembered.get(hash).filter(|known| now < known.until).map(|known| known.access.clone())
    }

    fn remember(&self, hash: [u8; 32], access: &Access, (now, end): (Timestamp, i64)) {
        let end = Timestamp::from_micros(end.saturating_mul(1_000_000));
        let until = now.after(REMEMBERED).min(end);
        let mut remembered = self.remembered.write();
        if remembered.len() >= MOST {
            remembered.retain(|_, known| now < known.until);
        }
        if remembered.len() >= MOST {
            remembered.clear();
        }
        remembered.insert(hash, Remembered { access: access.clone(), until });
    }
}

impl Signer {
    async fn check(&self, token: &Compact<'_>) -> Result<(), TokenRefusal> {
        match self {
            Self::Secret(key) if token.algorithm == Algorithm::Hs256 => {
                // Compared in constant time.
                hmac::verify(key, token.signed.as_bytes(), &token.signature).map_err(|_| TokenRefusal::Broken)
            }
            Self::Keys(keys) if token.algorithm != Algorithm::Hs256 => keys.check(token).await,
            _ => Err(TokenRefusal::Broken),
        }
    }
}

fn key_of(secret: &Secret) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes())
}
