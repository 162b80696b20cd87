//! What a URL must be like, on every hop.

use std::{net::IpAddr, sync::Arc};

use url::{Host, Url};

use super::{
    error::OutboundError,
    opening::{Openings, Place},
    settings::OutboundSettings,
};

/// Longest URL: more than any browser sends.
const MOST_CHARACTERS: usize = 8_192;

/// The rules of one client.
pub(super) struct Rules {
    allow_http: bool,
    ports: Vec<u16>,
    allow_hosts: Vec<String>,
    deny_hosts: Vec<String>,
    pub(super) openings: Arc<Openings>,
}

/// Which connections may serve a URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Route {
    /// Whether TLS is spoken.
    pub(super) secure: bool,
    /// The opened place it leads to, which has connections of its own.
    pub(super) opened: Option<Place>,
}

impl Rules {
    pub(super) fn new(settings: &OutboundSettings) -> Result<Self, OutboundError> {
        let mut ports = settings.ports.clone();
        ports.extend([80, 443]);
        Ok(Self {
            allow_http: settings.allow_http,
            ports,
            allow_hosts: patterns(&settings.allow_hosts)?,
            deny_hosts: patterns(&settings.deny_hosts)?,
            openings: Arc::new(Openings::read(&settings.allow_private)?),
        })
    }

    /// A URL as somebody wrote it.
    pub(super) fn parse(text: &str) -> Result<Url, OutboundError> {
        if text.len() > MOST_CHARACTERS {
            return Err(OutboundError::bad("it is too long"));
        }
        let mut url =
            Url::parse(text.trim()).map_err(|_| OutboundError::bad("write it as `https://host/path`"))?;
        url.set_fragment(None);
        Ok(url)
    }

    /// Checks everything that can be known before a name is looked up. Addresses written as numbers, in whatever
    /// spelling, are checked here, since nobody looks those up.
    pub(super) fn check(&self, url: &Url) -> Result<Route, OutboundError> {
        let secure = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(OutboundError::bad("only `https` and `http` are spoken")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OutboundError::bad("it holds a user name or password; take them out"));
        }
        let (Some(host), Some(port)) = (host_of(url), url.port_or_known_default()) else {
            return Err(OutboundError::bad("it names no host"));
        };
        let opened = self.openings.place(&host, port);
        if opened.is_none() && !secure && !self.allow_http {
            return Err(OutboundError::forbidden("only `https` is allowed"));
        }
        if opened.is_none() && !self.ports.contains(&port) {
            return Err(OutboundError::forbidden("its port is not on the list of ports"));
        }
        let named = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, &host));
        if named(&self.deny_hosts) || !(self.allow_hosts.is_empty() || named(&self.allow_hosts)) {
            return Err(OutboundError::forbidden("its host is not on the list of hosts"));
        }
        if let Ok(address) = host.parse::<IpAddr>()
            && !self.openings.admits(address, opened.is_some())
        {
            return Err(private());
        }
        Ok(Route { secure, opened })
    }
}

/// The refusal of an address, which says nothing of it.
pub(super) fn private() -> OutboundError {
    OutboundError::forbidden("it does not lead to the public internet")
}

/// A URL's host without brackets and closing dot, in lower case.
pub(super) fn host_of(url: &Url) -> Option<String> {
    match url.host()? {
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
            (!name.is_empty()).then_some(name)
        }
        Host::Ipv4(address) => Some(address.to_string()),
        Host::Ipv6(address) => Some(address.to_string()),
    }
}

fn patterns(entries: &[String]) -> Result<Vec<String>, OutboundError> {
    let read = |entry: &String| {
        let (stars, name) = entry.strip_prefix("*.").map_or(("", entry.as_str()), |name| ("*.", name));
        let url = Url::parse(&format!("http://{name}/")).ok();
        let host = url.filter(|url| url.port().is_none() && url.path() == "/").and_then(|url| host_of(&url));
        let host = host.filter(|_| !name.contains(['*', '@', '?', '#', '/'])).ok_or_else(|| {
            OutboundError::Settings(format!(
                "`{entry}` is no host: write `docs.example.com` or `*.example.com`"
            ))
        })?;
        Ok(format!("{stars}{host}"))
    };
    entries.iter().map(read).collect()
}

/// `*.example.com` stands for everything below `example.com`, not for itself.
fn matches(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(suffix) => host.strip_suffix(suffix).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
        None => pattern == host,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Route, Rules};
    use crate::outbound::{OutboundError, OutboundSettings};
    use quarry_core::Fault as _;

    fn check(settings: &OutboundSettings, url: &str) -> Result<Route, OutboundError> {
        Rules::new(settings).unwrap().check(&Rules::parse(url)?)
    }

    fn codes(settings: &OutboundSettings, cases: &[(&str, &str)]) {
        for (url, code) in cases {
            let outcome = check(settings, url);
            assert_eq!(outcome.as_ref().err().map_or("", |error| error.code()), *code, "{url}: {outcome:?}");
        }
    }

    #[test]
    fn a_url_is_checked_before_anything_is_looked_up() {
        codes(
            &OutboundSettings::default(),
            &[
                ("https://example.com/a?b#c", ""),
                ("https://example.com:443/", ""),
                ("https://example.com:80/", ""),
                ("https://8.8.8.8/", ""),
                ("http://example.com/", "outbound_forbidden"),
                ("https://example.com:8443/", "outbound_forbidden"),
                ("https://example.com:22/", "outbound_forbidden"),
                ("ftp://example.com/", "outbound_bad_url"),
                ("file:///etc/passwd", "outbound_bad_url"),
                ("gopher://example.com/", "outbound_bad_url"),
                ("data:text/plain,x", "outbound_bad_url"),
                ("javascript:alert(1)", "outbound_bad_url"),
                ("example.com", "outbound_bad_url"),
                ("", "outbound_bad_url"),
                ("https://", "outbound_bad_url"),
                ("https://user@example.com/", "outbound_bad_url"),
                ("https://user:pass@example.com/", "outbound_bad_url"),
                ("https://example.com@127.0.0.1/", "outbound_bad_url"),
                ("https://example.com%40127.0.0.1/", "outbound_bad_url"),
                ("https://127.0.0.1\\@example.com/", "outbound_forbidden"),
                ("https://127.0.0.1#@example.com/", "outbound_forbidden"),
            ],
        );
        assert_eq!(
            check(&OutboundSettings::default(), &"x".repeat(9_000)).unwrap_err().code(),
            "outbound_bad_url"
        );
    }

    #[test]
    fn numbers_are_addresses_in_every_spelling() {
        let settings = OutboundSettings { allow_http: true, ..OutboundSettings::default() };
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0177.0.0.1",
            "017700000001",
            "127.0.0.1.",
            "0",
            "0.0.0.0",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[0:0:0:0:0:ffff:127.0.0.1]",
            "[::127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "169.254.169.254",
            "0xa9fea9fe",
            "2852039166",
            "0251.0376.0251.0376",
            "[::ffff:169.254.169.254]",
            "[fd00:ec2::254]",
            "10.0.0.1",
            "192.168.0.1",
            "172.16.1",
            "100.100.100.200",
            "\u{ff11}\u{ff12}\u{ff17}.0.0.1",
            "127\u{3002}0\u{3002}0\u{3002}1",
        ] {
            for scheme in ["http", "https"] {
                let error = check(&settings, &format!("{scheme}://{host}/latest/meta-data")).unwrap_err();
                assert_eq!(error.code(), "outbound_forbidden", "{host}");
                assert!(!error.to_string().contains("127."), "{error}");
            }
        }
    }

    #[test]
    fn lists_of_hosts_hold_and_denials_win() {
        let settings = OutboundSettings {
            allow_hosts: vec!["*.Example.com".into(), "docs.rs".into(), "b\u{fc}cher.de".into()],
            deny_hosts: vec!["secret.example.com".into()],
            ..OutboundSettings::default()
        };
        codes(
            &settings,
            &[
                ("https://a.example.com/", ""),
                ("https://A.B.EXAMPLE.com./", ""),
                ("https://docs.rs/", ""),
                ("https://b\u{fc}cher.de/", ""),
                ("https://example.com/", "outbound_forbidden"),
                ("https://badexample.com/", "outbound_forbidden"),
                ("https://.example.com/", "outbound_forbidden"),
                ("https://docs.rs.evil.net/", "outbound_forbidden"),
                ("https://secret.example.com/", "outbound_forbidden"),
                ("https://secret.example.com./", "outbound_forbidden"),
                ("https://8.8.8.8/", "outbound_forbidden"),
            ],
        );
        for entry in ["*", "a*b.com", "a/b", "x@y", "host:80", ""] {
            let wrong = OutboundSettings { allow_hosts: vec![entry.into()], ..OutboundSettings::default() };
            assert!(Rules::new(&wrong).is_err(), "{entry}");
        }
    }

    #[test]
    fn an_opened_place_opens_its_port_and_nothing_beside_it() {
        let settings = OutboundSettings {
            allow_private: vec!["mcp.internal:8080".into(), "127.0.0.1:9000".into()],
            ..OutboundSettings::default()
        };
        codes(
            &settings,
            &[
                ("http://mcp.internal:8080/mcp", ""),
                ("http://2130706433:9000/", ""),
                ("http://mcp.internal:8081/", "outbound_forbidden"),
                ("http://mcp.internal/", "outbound_forbidden"),
                ("http://127.0.0.1:9001/", "outbound_forbidden"),
                ("http://[::ffff:127.0.0.1]:9000/", "outbound_forbidden"),
            ],
        );
    }
}
