//! Where a request comes from.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::{extract::Request, http::HeaderMap};

use super::{
    forwarded::{self, Hop},
    proxies::TrustedProxies,
};

/// Most proxies one after the other; nobody has as many, and a longer list is somebody's attempt.
const MOST_HOPS: usize = 16;

/// The other end of the connection, put on each request by whoever accepted it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Who asks, as far as it can be known: the other end of the connection, or whom a trusted proxy there names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientAddress {
    /// The address; of IPv4 also where it came as IPv6.
    pub(crate) ip: IpAddr,
    /// Whether a trusted proxy says that it was asked over TLS. This server itself speaks none.
    #[allow(dead_code, reason = "for cookies and redirects, which depend on it")]
    pub(crate) https: bool,
}

impl ClientAddress {
    /// Of a request.
    pub(crate) fn of(request: &Request, trusted: &TrustedProxies) -> Self {
        let peer = request.extensions().get::<Peer>();
        // Only a router without a connection has none.
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0);
        Self::behind(peer.to_canonical(), request.headers(), trusted)
    }

    fn behind(peer: IpAddr, headers: &HeaderMap, trusted: &TrustedProxies) -> Self {
        let itself = Self { ip: peer, https: false };
        if !trusted.contain(peer) {
            return itself;
        }
        let https = forwarded::over_https(headers);
        let by_name = walk(itself, forwarded::of_x_forwarded_for(headers), trusted);
        let by_standard = walk(itself, forwarded::of_forwarded(headers), trusted);
        let found = match (by_name, by_standard) {
            (None, None) => itself,
            (Some(one), None) | (None, Some(one)) => one,
            (Some(one), Some(other)) if one.ip == other.ip => other,
            // A proxy writes one of them and passes the other on as the client sent it. Which one it is cannot be known.
            (Some(_), Some(_)) => itself,
        };
        Self { https: https.unwrap_or(found.https), ..found }
    }
}

/// From the nearest hop to the first that is not a trusted proxy; where one cannot be read, the last that could. `None` when
/// there is no hop at all.
fn walk(
    itself: ClientAddress,
    hops: impl Iterator<Item = Option<Hop>>,
    trusted: &TrustedProxies,
) -> Option<ClientAddress> {
    let mut hops = hops.take(MOST_HOPS).peekable();
    hops.peek()?;
    let mut found = itself;
    for hop in hops {
        let Some(Hop { address, https }) = hop else { break };
        found = ClientAddress { ip: address, https: https.unwrap_or(false) };
        if !trusted.contain(address) {
            break;
        }
    }
    Some(found)
}

/// What addresses are limited by: whoever has one address of IPv6 has the whole network of 64 bits.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn client(peer: &str, sent: &[(&'static str, &str)]) -> (String, bool) {
        let trusted = TrustedProxies::read(&["10.0.0.0/8", "fd00::/8"]).unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        let client = ClientAddress::behind(peer.parse().unwrap(), &headers, &trusted);
        (client.ip.to_string(), client.https)
    }

    const XFF: &str = "x-forwarded-for";
    const PROTO: &str = "x-forwarded-proto";

    #[test]
    fn a_strangers_headers_mean_nothing() {
        for sent in [(XFF, "1.1.1.1"), ("forwarded", "for=1.1.1.1;proto=https"), (PROTO, "https")] {
            assert_eq!(client("8.8.8.8", &[sent]), ("8.8.8.8".to_owned(), false), "{sent:?}");
        }
    }

    #[test]
    fn behind_trusted_proxies_the_nearest_stranger_is_the_client() {
        for (sent, expected) in [
            (vec![], "10.0.0.1"),
            (vec![(XFF, "1.1.1.1")], "1.1.1.1"),
            // What the client itself wrote stands on the left.
            (vec![(XFF, "6.6.6.6, 1.1.1.1")], "1.1.1.1"),
            (vec![(XFF, "6.6.6.6, 10.9.9.9, 1.1.1.1, 10.0.0.2")], "1.1.1.1"),
            (vec![(XFF, "6.6.6.6"), (XFF, "1.1.1.1")], "1.1.1.1"),
            (vec![(XFF, "1.1.1.1:5000, 10.0.0.3:80")], "1.1.1.1"),
            (vec![(XFF, "2001:db8::1, fd00::7")], "2001:db8::1"),
            (vec![(XFF, "10.0.0.5, 10.0.0.4")], "10.0.0.5"),
            (
                vec![("forwarded", "for=6.6.6.6, for=\"[2001:db8::1]:80\";proto=http, for=10.0.0.9")],
                "2001:db8::1",
            ),
            (vec![(XFF, "1.1.1.1"), ("forwarded", "for=1.1.1.1")], "1.1.1.1"),
        ] {
            assert_eq!(client("10.0.0.1", &sent).0, expected, "{sent:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_or_contradicts_itself_leads_no_further() {
        let long = format!("6.6.6.6{}", ", 10.0.0.7".repeat(2_000));
        for (sent, expected) in [
            (vec![(XFF, "unknown")], "10.0.0.1"),
            (vec![(XFF, "")], "10.0.0.1"),
            (vec![(XFF, ",,,,")], "10.0.0.1"),
            (vec![(XFF, "6.6.6.6, nonsense, 10.0.0.2")], "10.0.0.2"),
            (vec![(XFF, "6.6.6.6, <script>")], "10.0.0.1"),
            (vec![(XFF, long.as_str())], "10.0.0.7"),
            (vec![(XFF, "1.1.1.1"), ("forwarded", "for=6.6.6.6")], "10.0.0.1"),
            (vec![("forwarded", "for=1.1.1.1;host=\"x,for=6.6.6.6\"")], "10.0.0.1"),
            (vec![("forwarded", "for=_secret")], "10.0.0.1"),
        ] {
            assert_eq!(client("10.0.0.1", &sent).0, expected, "{sent:?}");
        }
    }

    #[test]
    fn tls_is_what_the_nearest_trusted_proxy_says() {
        assert!(client("10.0.0.1", &[(XFF, "1.1.1.1"), (PROTO, "https")]).1);
        assert!(client("10.0.0.1", &[(PROTO, "http, HTTPS")]).1);
        assert!(!client("10.0.0.1", &[(PROTO, "https, http")]).1);
        assert!(client("10.0.0.1", &[("forwarded", "for=1.1.1.1;proto=https")]).1);
        assert!(!client("10.0.0.1", &[("forwarded", "for=1.1.1.1;proto=https"), (PROTO, "http")]).1);
        assert!(!client("10.0.0.1", &[(XFF, "1.1.1.1")]).1);
    }

    #[test]
    fn addresses_of_one_network_are_limited_together() {
        let of = |address: &str| network(address.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("192.0.2.1"), "192.0.2.1");
    }

    #[test]
    fn ipv4_within_ipv6_is_ipv4() {
        let mut request = Request::new(axum::body::Body::empty());
        request.extensions_mut().insert(Peer("::ffff:10.0.0.1".parse().unwrap()));
        request.headers_mut().insert(XFF, HeaderValue::from_static("1.1.1.1"));
        let trusted = TrustedProxies::read(&["10.0.0.0/8"]).unwrap();
        assert_eq!(ClientAddress::of(&request, &trusted).ip.to_string(), "1.1.1.1");
    }
}
