//! The proxies whose word is taken.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// Networks of proxies whose `X-Forwarded-For`, `Forwarded` and `X-Forwarded-Proto` are believed. Everybody else's are
/// passed over, since anybody can write them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct TrustedProxies(Vec<IpNet>);

/// Something that is not a network.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a network or an address: write `10.0.0.0/8`, `fd00::/8` or `10.1.2.3`")]
pub struct ProxyError(String);

impl TrustedProxies {
    /// Whether an address belongs to one of them.
    pub(super) fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Reads networks, and single addresses.
    ///
    /// # Errors
    /// One of them is neither.
    pub fn read<T: AsRef<str>>(entries: &[T]) -> Result<Self, ProxyError> {
        let one = |entry: &T| {
            let entry = entry.as_ref().trim();
            let network = entry.parse::<IpNet>().ok();
            let single = || entry.parse::<IpAddr>().ok().map(IpNet::from);
            network.or_else(single).ok_or_else(|| ProxyError(entry.to_owned()))
        };
        entries.iter().map(one).collect::<Result<_, _>>().map(Self)
    }
}

impl TryFrom<Vec<String>> for TrustedProxies {
    type Error = ProxyError;

    fn try_from(entries: Vec<String>) -> Result<Self, ProxyError> {
        Self::read(&entries)
    }
}

impl From<TrustedProxies> for Vec<String> {
    fn from(proxies: TrustedProxies) -> Self {
        proxies.0.iter().map(ToString::to_string).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_and_addresses_are_read_and_nothing_else() {
        let proxies = TrustedProxies::read(&["10.0.0.0/8", " 192.0.2.7", "fd00::/8"]).unwrap();
        for (address, inside) in [
            ("10.255.0.1", true),
            ("11.0.0.1", false),
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("fd12::1", true),
            ("fe80::1", false),
        ] {
            assert_eq!(proxies.contain(address.parse().unwrap()), inside, "{address}");
        }
        for wrong in ["", "10.0.0.0/33", "localhost", "10.0.0", "*"] {
            assert!(TrustedProxies::read(&[wrong]).is_err(), "{wrong}");
        }
        assert!(!TrustedProxies::default().contain("127.0.0.1".parse().unwrap()));
    }
}
