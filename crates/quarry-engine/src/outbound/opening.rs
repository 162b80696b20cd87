//! Private places that an operator opened.

use std::{collections::HashSet, net::IpAddr};

use super::{
    address::{is_public, never, plain, within},
    error::OutboundError,
};

/// A host and a port, as a URL names them.
pub(super) type Place = (String, u16);

/// Everything that was opened.
#[derive(Clone, Debug, Default)]
pub(super) struct Openings {
    networks: Vec<(IpAddr, u8)>,
    places: HashSet<Place>,
}

impl Openings {
    pub(super) fn read(entries: &[String]) -> Result<Self, OutboundError> {
        let mut all = Self::default();
        for entry in entries {
            if let Some(network) = network(entry) {
                all.networks.push(network);
            } else if let Some(place) = place(entry) {
                all.places.insert(place);
            } else {
                return Err(OutboundError::Settings(format!(
                    "`{entry}` opens nothing: write a network as `10.1.0.0/16` or a place as `mcp.internal:8080`"
                )));
            }
        }
        Ok(all)
    }

    /// The opened place that a URL names.
    pub(super) fn place(&self, host: &str, port: u16) -> Option<Place> {
        let place = (host.to_owned(), port);
        self.places.contains(&place).then_some(place)
    }

    /// Whether an address may be connected to; `opened` when the URL named an opened place.
    pub(super) fn admits(&self, address: IpAddr, opened: bool) -> bool {
        if never(address) {
            return false;
        }
        let address_or_inner = plain(address);
        opened
            || is_public(address)
            || self.networks.iter().any(|(network, length)| within(address_or_inner, *network, *length))
    }
}

fn network(entry: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = entry.split_once('/')?;
    let (address, length) = (address.parse::<IpAddr>().ok()?, length.parse().ok()?);
    let longest = if address.is_ipv4() { 32 } else { 128 };
    (length <= longest).then_some((address, length))
}

/// Read as a URL would be, so that both are spelled alike.
fn place(entry: &str) -> Option<Place> {
    let (_, port) = entry.rsplit_once(':')?;
    let port = port.parse().ok()?;
    let url = url::Url::parse(&format!("http://{entry}/")).ok()?;
    let bare = url.username().is_empty() && url.password().is_none() && url.path() == "/";
    if !bare || url.query().is_some() || url.fragment().is_some() {
        return None;
    }
    Some((super::rules::host_of(&url)?, port))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::Openings;

    fn read(entries: &[&str]) -> Openings {
        Openings::read(&entries.iter().map(|entry| (*entry).to_owned()).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_network_opens_its_addresses_and_no_metadata() {
        let all = read(&["10.1.0.0/16", "169.254.0.0/16", "fd00::/8", "0.0.0.0/0"][..3]);
        for (address, admitted) in [
            ("10.1.2.3", true),
            ("::ffff:10.1.2.3", true),
            ("10.2.0.1", false),
            ("fd12::1", true),
            ("169.254.1.1", true),
            ("169.254.169.254", false),
            ("::ffff:169.254.169.254", false),
            ("fd00:ec2::254", false),
            ("127.0.0.1", false),
            ("8.8.8.8", true),
        ] {
            assert_eq!(all.admits(address.parse().unwrap(), false), admitted, "{address}");
        }
    }

    #[test]
    fn places_are_spelled_like_urls() {
        let all = read(&["MCP.Internal:8080", "[::1]:80", "127.1:9000"]);
        assert!(all.place("mcp.internal", 8080).is_some());
        assert!(all.place("mcp.internal", 8081).is_none());
        assert!(all.place("::1", 80).is_some());
        assert!(all.place("127.0.0.1", 9000).is_some());
        assert!(all.admits("127.0.0.1".parse().unwrap(), true));
        assert!(!all.admits("169.254.169.254".parse().unwrap(), true));
    }

    #[test]
    fn what_opens_nothing_is_a_mistake() {
        for entry in ["mcp.internal", "10.0.0.0/33", "a@b:80", "host:99999", "host:80/x", "", "::/129"] {
            let error = Openings::read(&[entry.to_owned()]).unwrap_err();
            assert!(error.to_string().contains("opens nothing"), "{entry}");
        }
    }
}
