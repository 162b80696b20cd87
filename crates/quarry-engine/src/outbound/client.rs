//! Requests, their redirects, and the limits of size and time.

use std::{
    collections::HashMap,
    sync::{Arc, Once},
    time::{Duration, Instant},
};

use bytes::BytesMut;
use parking_lot::Mutex;
use reqwest::{
    Client, Method, Response,
    header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION},
};
use url::Url;

use super::{
    error::OutboundError,
    request::{OutboundMethod, OutboundRequest, OutboundResponse, OutboundStream},
    resolve::{Guarded, Resolve, SystemNames},
    rules::{Route, Rules},
    settings::OutboundSettings,
};

static TLS: Once = Once::new();

/// Redirects that are followed.
const MOST_REDIRECTS: usize = 5;
/// What is still sent after a redirect to another origin: anything else may be a credential.
const HARMLESS: [&str; 3] = ["accept", "accept-language", "content-type"];
/// Headers that belong to the connection and not to a caller.
const CONNECTION: [&str; 11] = [
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "accept-encoding",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "proxy-authorization",
    "proxy-connection",
];

/// The guarded client. Cloning shares its connections.
///
/// What [`OutboundSettings::allow_private`] opens is open to every request of a client: give one that follows a
/// model's wishes and one that serves configured servers settings of their own.
#[derive(Clone)]
pub struct Outbound {
    inner: Arc<Inner>,
}

struct Inner {
    rules: Rules,
    settings: OutboundSettings,
    names: Arc<dyn Resolve>,
    /// Connections are shared only between requests that the same rules let through. Made at first use, since
    /// reading the system's certificates takes a while.
    clients: Mutex<HashMap<Route, Client>>,
}

impl Outbound {
    /// A client with the operating system's resolver.
    ///
    /// # Errors
    /// A setting cannot be read.
    pub fn new(settings: OutboundSettings) -> Result<Self, OutboundError> {
        Self::with_resolver(settings, Arc::new(SystemNames))
    }

    /// A client that looks names up in its own way. Every answer is checked all the same.
    ///
    /// # Errors
    /// A setting cannot be read.
    pub fn with_resolver(settings: OutboundSettings, names: Arc<dyn Resolve>) -> Result<Self, OutboundError> {
        let rules = Rules::new(&settings)?;
        Ok(Self { inner: Arc::new(Inner { rules, settings, names, clients: Mutex::default() }) })
    }

    /// Asks and reads the whole answer. A status that is no success is an answer too.
    ///
    /// # Errors
    /// The rules forbid the address or one it redirects to, it takes too long, answers too much, or fails.
    pub async fn fetch(&self, request: OutboundRequest) -> Result<OutboundResponse, OutboundError> {
        let ends = Instant::now() + self.deadline(&request);
        let mut stream = self.open(request).await?;
        stream.ends = Some(ends);
        let mut body = BytesMut::new();
        while let Some(chunk) = stream.chunk().await? {
            body.extend_from_slice(&chunk);
        }
        Ok(OutboundResponse {
            status: stream.status,
            final_url: stream.final_url,
            headers: stream.headers,
            body: body.freeze(),
        })
    }

    /// Asks and leaves the answer's body to be read piece by piece, as long as none is too long in coming.
    ///
    /// # Errors
    /// As [`Self::fetch`], until the headers are here.
    pub async fn open(&self, request: OutboundRequest) -> Result<OutboundStream, OutboundError> {
        let deadline = self.deadline(&request);
        let purpose = request.purpose;
        let outcome = tokio::time::timeout(deadline, self.follow(request))
            .await
            .unwrap_or_else(|_| Err(OutboundError::Timeout("did not answer in time".to_owned())));
        if let Err(error) = &outcome {
            tracing::debug!(%purpose, code = quarry_core::Fault::code(error), "an outbound request failed");
        }
        outcome
    }

    fn deadline(&self, request: &OutboundRequest) -> Duration {
        request.deadline.unwrap_or(Duration::from_millis(self.inner.settings.deadline_ms))
    }

    async fn follow(&self, mut request: OutboundRequest) -> Result<OutboundStream, OutboundError> {
        let mut url = Rules::parse(&request.url)?;
        let mut headers = own_headers(&request.headers)?;
        for _ in 0..=MOST_REDIRECTS {
            let response = self.send(&request, &url, &headers).await?;
            let Some(next) = redirect(&url, &response)? else { return self.accept(&request, &url, response) };
            let status = response.status().as_u16();
            if url.scheme() == "https" && next.scheme() != "https" {
                return Err(OutboundError::forbidden("it redirects from `https` to `http`"));
            }
            let elsewhere = url.origin() != next.origin();
            if matches!(status, 307 | 308) {
                if elsewhere && request.body.is_some() {
                    return Err(OutboundError::forbidden("it redirects what was sent to another host"));
                }
            } else if request.method != OutboundMethod::Get {
                request.method = OutboundMethod::Get;
                request.body = None;
                headers.remove(CONTENT_TYPE);
            }
            if elsewhere {
                headers = harmless(&headers);
            }
            url = next;
        }
        Err(OutboundError::Failed(format!("it redirects more than {MOST_REDIRECTS} times")))
    }

    async fn send(
        &self,
        request: &OutboundRequest,
        url: &Url,
        headers: &HeaderMap,
    ) -> Result<Response, OutboundError> {
        let client = self.client(self.inner.rules.check(url)?)?;
        let method = match request.method {
            OutboundMethod::Get => Method::GET,
            OutboundMethod::Post => Method::POST,
            OutboundMethod::Delete => Method::DELETE,
        };
        let mut builder = client
            .request(method, url.clone())
            .headers(headers.clone())
            .header(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        builder.send().await.map_err(|error| OutboundError::from_request(&error))
    }

    fn client(&self, route: Route) -> Result<Client, OutboundError> {
        let mut clients = self.inner.clients.lock();
        if let Some(client) = clients.get(&route) {
            return Ok(client.clone());
        }
        let client = self.inner.connect(&route)?;
        clients.insert(route, client.clone());
        Ok(client)
    }

    fn accept(
        &self,
        request: &OutboundRequest,
        url: &Url,
        response: Response,
    ) -> Result<OutboundStream, OutboundError> {
        let settings = &self.inner.settings;
        let coding = response.headers().get(CONTENT_ENCODING).map_or(&b""[..], HeaderValue::as_bytes);
        if !(coding.is_empty() || coding.eq_ignore_ascii_case(b"identity")) {
            return Err(OutboundError::Failed("it answers compressed, which is not read".to_owned()));
        }
        if response.status().is_success() {
            check_type(&request.content_types, response.headers())?;
        }
        let most = request.most_bytes.unwrap_or(settings.most_bytes);
        if response.content_length().is_some_and(|length| length > most) {
            return Err(OutboundError::TooLarge { most });
        }
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        Ok(OutboundStream {
            status: response.status().as_u16(),
            final_url: url.to_string(),
            headers,
            body: response,
            taken: 0,
            most,
            idle: request.idle.unwrap_or(Duration::from_millis(settings.idle_ms)),
            ends: None,
        })
    }
}

impl Inner {
    fn connect(&self, route: &Route) -> Result<Client, OutboundError> {
        // An error means that the executable has chosen its provider already, which is as good.
        TLS.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        let guarded = Guarded {
            names: Arc::clone(&self.names),
            openings: Arc::clone(&self.rules.openings),
            opened: route.opened.is_some(),
        };
        let builder = Client::builder()
            .dns_resolver(Arc::new(guarded))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(Duration::from_millis(self.settings.connect_ms))
            .user_agent(concat!("quarry/", env!("CARGO_PKG_VERSION")));
        // Without TLS, reading the system's certificates would cost more than the request.
        let builder = if route.secure { builder.https_only(true) } else { builder.tls_certs_only([]) };
        builder.build().map_err(|_| OutboundError::Failed("no HTTP client can be made".to_owned()))
    }
}

/// A caller's headers without those of the connection.
fn own_headers(given: &[(String, String)]) -> Result<HeaderMap, OutboundError> {
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let (Ok(name), Ok(value)) =
            (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str()))
        else {
            return Err(OutboundError::Failed(format!("`{}` is no HTTP header", name.escape_debug())));
        };
        if !CONNECTION.contains(&name.as_str()) {
            headers.append(name, value);
        }
    }
    Ok(headers)
}

/// The headers that another origin may see.
fn harmless(headers: &HeaderMap) -> HeaderMap {
    let keep =
        |name: &&'static str| headers.get(*name).map(|value| (HeaderName::from_static(name), value.clone()));
    HARMLESS.iter().filter_map(keep).collect()
}

/// Where an answer sends the caller, if it does.
fn redirect(url: &Url, response: &Response) -> Result<Option<Url>, OutboundError> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = response.headers().get(LOCATION) else { return Ok(None) };
    let next = location.to_str().ok().and_then(|location| url.join(location).ok());
    let mut next =
        next.ok_or_else(|| OutboundError::Failed("it redirects to something that is no URL".to_owned()))?;
    next.set_fragment(None);
    Ok(Some(next))
}

fn check_type(wanted: &[String], headers: &HeaderMap) -> Result<(), OutboundError> {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let given = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let fits = |pattern: &String| match pattern.strip_suffix("/*") {
        Some(family) => given.split('/').next() == Some(family),
        None => *pattern == given,
    };
    if wanted.is_empty() || wanted.iter().any(fits) {
        return Ok(());
    }
    Err(OutboundError::Failed("it answers with a kind of content that is not read here".to_owned()))
}
