//! Names into addresses that were checked. What is answered here is what is connected to.

use std::{io, net::SocketAddr, sync::Arc};

use async_trait::async_trait;

use super::{error::OutboundError, opening::Openings, rules::private};

/// Looks names up. A trait so that tests can play a name server that changes its mind.
#[async_trait]
pub trait Resolve: Send + Sync + 'static {
    /// All addresses of a host; their ports do not matter.
    ///
    /// # Errors
    /// The name is unknown, or the name server does not answer.
    async fn resolve(&self, host: &str) -> io::Result<Vec<SocketAddr>>;
}

/// The operating system's resolver.
pub(super) struct SystemNames;

#[async_trait]
impl Resolve for SystemNames {
    async fn resolve(&self, host: &str) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.collect())
    }
}

/// The resolver that connections are made with. One address that is not admitted spoils the whole answer: a name
/// that stands for public and private addresses at once is an attack or a mistake.
#[derive(Clone)]
pub(super) struct Guarded {
    pub(super) names: Arc<dyn Resolve>,
    pub(super) openings: Arc<Openings>,
    /// Whether these connections serve a place that was opened.
    pub(super) opened: bool,
}

impl Guarded {
    async fn addresses(self, host: String) -> Result<Vec<SocketAddr>, OutboundError> {
        let unknown = || OutboundError::Failed("its name could not be looked up".to_owned());
        let addresses = self.names.resolve(&host).await.map_err(|_| unknown())?;
        if addresses.is_empty() {
            return Err(unknown());
        }
        if addresses.iter().all(|address| self.openings.admits(address.ip(), self.opened)) {
            // Port 0 stands for the URL's own: what a name server says about ports is not followed.
            Ok(addresses.into_iter().map(|address| SocketAddr::new(address.ip(), 0)).collect())
        } else {
            Err(private())
        }
    }
}

impl reqwest::dns::Resolve for Guarded {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let lookup = self.clone().addresses(name.as_str().to_owned());
        Box::pin(async move {
            let addresses = lookup.await?;
            Ok(Box::new(addresses.into_iter()) as reqwest::dns::Addrs)
        })
    }
}
