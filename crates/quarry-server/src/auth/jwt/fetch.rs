//! One fetch of an issuer's keys: from the address in the configuration, or from where the issuer's discovery document says.
//!
//! The client reaches the place that the operator named, also where it is private, and otherwise the public internet only:
//! an issuer's document cannot send this server into its own network.

use std::time::Duration;

use quarry_core::Fault as _;
use quarry_engine::outbound::{Outbound, OutboundError, OutboundRequest, OutboundSettings, Purpose};
use serde::Deserialize;
use url::Url;

use super::{check::is_safe, public_keys::PublicKeys, settings::JwtSettings};

/// Largest document in bytes that is read.
const LARGEST: u64 = 256 * 1024;
/// Time for one document.
const PATIENCE: Duration = Duration::from_secs(5);
/// Where an issuer describes itself.
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// Where an issuer's keys are.
pub(super) struct Origin {
    client: Outbound,
    issuer: String,
    jwks_url: Option<String>,
}

/// Why keys did not come. No address and nothing of the answer is in it.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    #[error("it answers with status {0}")]
    Status(u16),
    #[error("the discovery document is not one of this issuer, or names no address of keys over `https`")]
    Discovery,
    #[error("there is no key in it that could sign with RS256 or ES256")]
    NoKey,
}

impl FetchError {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Outbound(error) => error.code(),
            Self::Status(_) => "status",
            Self::Discovery => "discovery",
            Self::NoKey => "no_key",
        }
    }
}

/// What is needed of a discovery document.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl Origin {
    pub(super) fn new(settings: &JwtSettings) -> Result<Self, OutboundError> {
        let named = settings.jwks_url.as_deref().unwrap_or(&settings.issuer);
        let place = Url::parse(named)
            .ok()
            .and_then(|url| Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?)));
        let outbound =
            OutboundSettings { allow_private: place.into_iter().collect(), ..OutboundSettings::default() };
        Ok(Self {
            client: Outbound::new(outbound)?,
            issuer: settings.issuer.clone(),
            jwks_url: settings.jwks_url.clone(),
        })
    }

    /// The keys as they are now.
    pub(super) async fn fetch(&self) -> Result<PublicKeys, FetchError> {
        let address = match &self.jwks_url {
            Some(address) => address.clone(),
            None => self.discover().await?,
        };
        PublicKeys::read(&self.get(address).await?).ok_or(FetchError::NoKey)
    }

    async fn discover(&self) -> Result<String, FetchError> {
        let document = self.get(format!("{}{WELL_KNOWN}", self.issuer.trim_end_matches('/'))).await?;
        let said: Discovery = serde_json::from_slice(&document).map_err(|_| FetchError::Discovery)?;
        let right = said.issuer == self.issuer && is_safe(&said.jwks_uri);
        if right { Ok(said.jwks_uri) } else { Err(FetchError::Discovery) }
    }

    async fn get(&self, address: String) -> Result<bytes::Bytes, FetchError> {
        let request = OutboundRequest {
            headers: vec![("accept".to_owned(), "application/json".to_owned())],
            most_bytes: Some(LARGEST),
            deadline: Some(PATIENCE),
            ..OutboundRequest::get(address, Purpose::Keys)
        };
        let answer = self.client.fetch(request).await?;
        if answer.status == 200 { Ok(answer.body) } else { Err(FetchError::Status(answer.status)) }
    }
}
