//! What the headers of proxies say, from the nearest to the farthest. Nothing is allocated, and whatever cannot be read ends
//! the walk: what stands before it came from somebody who writes such things.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::{HeaderMap, HeaderName, header};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What a proxy says about whoever asked it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hop {
    /// Its address.
    pub(super) address: IpAddr,
    /// Whether it spoke TLS, where that is said.
    pub(super) https: Option<bool>,
}

/// The hops of `X-Forwarded-For`, the nearest first; `None` where one cannot be read.
pub(super) fn of_x_forwarded_for(headers: &HeaderMap) -> impl Iterator<Item = Option<Hop>> {
    elements(headers, FORWARDED_FOR)
        .map(|element| element.and_then(node).map(|address| Hop { address, https: None }))
}

/// The hops of `Forwarded` (RFC 7239), the nearest first; `None` where one cannot be read.
pub(super) fn of_forwarded(headers: &HeaderMap) -> impl Iterator<Item = Option<Hop>> {
    elements(headers, header::FORWARDED).map(|element| element.and_then(hop))
}

/// Whether the nearest proxy says in `X-Forwarded-Proto` that it was asked over TLS.
pub(super) fn over_https(headers: &HeaderMap) -> Option<bool> {
    let nearest = elements(headers, FORWARDED_PROTO).next()?;
    Some(nearest.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https")))
}

/// The parts between commas, over all lines of a header, from the last to the first.
fn elements(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = Option<&str>> {
    let lines = headers.get_all(name).iter().rev();
    lines
        .flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','))
        .map(|element| std::str::from_utf8(element).ok().map(str::trim))
}

/// One element of `Forwarded`.
///
/// A comma may also stand within quotes, such as those around a host that the client chose; then an element is only a part of
/// one. It shows: a part that begins within quotes has an odd number of them, unless some are escaped. So neither is read.
fn hop(element: &str) -> Option<Hop> {
    if element.contains('\\') || !element.matches('"').count().is_multiple_of(2) {
        return None;
    }
    let (mut address, mut https) = (None, None);
    for pair in element.split(';') {
        let (name, value) = pair.split_once('=')?;
        let value = unquoted(value.trim());
        match name.trim() {
            name if name.eq_ignore_ascii_case("for") => address = Some(node(value)?),
            name if name.eq_ignore_ascii_case("proto") => https = Some(value.eq_ignore_ascii_case("https")),
            _ => {}
        }
    }
    address.map(|address| Hop { address, https })
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

/// An address, with or without a port. Names such as `unknown` and `_hidden` are none.
fn node(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let bare = bare.map(|inside| inside.parse::<Ipv6Addr>().map(IpAddr::V6));
    let address = match bare {
        Some(address) => address.ok()?,
        None => text.parse().or_else(|_| text.parse::<SocketAddr>().map(|place| place.ip())).ok()?,
    };
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn addresses_are_read_in_every_spelling() {
        for (text, expected) in [
            ("192.0.2.1", Some("192.0.2.1")),
            ("192.0.2.1:4711", Some("192.0.2.1")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("[2001:db8::1]:4711", Some("2001:db8::1")),
            ("::ffff:192.0.2.1", Some("192.0.2.1")),
            ("unknown", None),
            ("_hidden", None),
            ("", None),
            ("192.0.2.1.", None),
            ("192.0.2.1:99999", None),
            ("[192.0.2.1]", None),
            ("localhost", None),
        ] {
            assert_eq!(node(text), expected.map(|address| address.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn the_elements_of_forwarded_are_read_or_refused_whole() {
        let read = |element: &str| hop(element).map(|hop| (hop.address.to_string(), hop.https));
        let of = |address: &str, https| Some((address.to_owned(), https));
        assert_eq!(read("for=192.0.2.60;proto=http;by=203.0.113.43"), of("192.0.2.60", Some(false)));
        assert_eq!(
            read("For=\"[2001:db8:cafe::17]:4711\" ; Proto=HTTPS"),
            of("2001:db8:cafe::17", Some(true))
        );
        assert_eq!(read("for=192.0.2.1;host=\"a\""), of("192.0.2.1", None));
        for refused in ["for=unknown", "for=_gazonk", "proto=https", "for", "", "for=192.0.2.1;host=\"a"] {
            assert_eq!(read(refused), None, "{refused}");
        }
        // What is left of `for=192.0.2.1;host="x,for=6.6.6.6;a=\"\""`, cut at a comma that the client sent.
        assert_eq!(read("for=6.6.6.6;a=\\\"\\\"\""), None);
        assert_eq!(read("for=6.6.6.6\""), None);
    }

    #[test]
    fn lines_are_read_from_the_last_to_the_first() {
        let mut headers = HeaderMap::new();
        headers.append(FORWARDED_FOR, HeaderValue::from_static("1.1.1.1, 2.2.2.2"));
        headers.append(FORWARDED_FOR, HeaderValue::from_static("3.3.3.3,\t4.4.4.4 "));
        let hops: Vec<String> =
            of_x_forwarded_for(&headers).map(|hop| hop.unwrap().address.to_string()).collect();
        assert_eq!(hops, ["4.4.4.4", "3.3.3.3", "2.2.2.2", "1.1.1.1"]);
        headers.append(FORWARDED_FOR, HeaderValue::from_bytes(b"\xff\xfe").unwrap());
        assert_eq!(of_x_forwarded_for(&headers).next(), Some(None));
    }
}
