//! A list of addresses, read through the guarded client. Servers are asked whether a page changed (`If-None-Match`,
//! `If-Modified-Since`), so that one that did not costs a few bytes.

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt as _};

use super::contract::{Content, Entry, Fetched, Fingerprint, Listed, Source, SourceError};
use crate::outbound::{Outbound, OutboundRequest, OutboundResponse, Purpose};

/// Pages fetched at a time.
const PARALLEL: usize = 4;
/// What is sent as `Accept`: documents first, anything else if need be.
const ACCEPT: &str =
    "text/html, application/pdf, text/plain, text/markdown, application/json;q=0.9, */*;q=0.5";
/// Longest entity tag that is kept: a longer one would not be sent back by any server's own rules.
const LONGEST_TAG: usize = 512;

/// The source.
#[derive(Clone)]
pub(super) struct Web {
    pub(super) urls: Vec<String>,
    pub(super) outbound: Outbound,
    pub(super) most_bytes: u64,
}

#[async_trait]
impl Source for Web {
    fn list(&self) -> BoxStream<'static, Result<Listed, SourceError>> {
        let entry = |url: &String| Entry { key: url.clone(), fingerprint: None };
        let pages: Vec<_> = self
            .urls
            .chunks(Listed::MOST)
            .map(|urls| Ok(Listed { entries: urls.iter().map(entry).collect(), unread: Vec::new() }))
            .collect();
        stream::iter(pages).boxed()
    }

    async fn fetch(&self, key: &str, known: &Fingerprint) -> Result<Fetched, SourceError> {
        // Only what is on the list is asked for.
        if !self.urls.iter().any(|url| url == key) {
            return Ok(Fetched::Gone);
        }
        let mut headers = vec![("accept".to_owned(), ACCEPT.to_owned())];
        headers.extend(known.etag.clone().map(|tag| ("if-none-match".to_owned(), tag)));
        headers.extend(known.last_modified.clone().map(|since| ("if-modified-since".to_owned(), since)));
        let conditional = headers.len() > 1;
        let request = OutboundRequest {
            headers,
            most_bytes: Some(self.most_bytes),
            ..OutboundRequest::get(key, Purpose::Source)
        };
        let page = self.outbound.fetch(request).await.map_err(|error| SourceError(error.to_string()))?;
        match page.status {
            304 if conditional => Ok(Fetched::Unchanged),
            404 | 410 => Ok(Fetched::Gone),
            200..=299 if page.body.is_empty() => {
                Err(SourceError("the address answers with nothing (0 bytes)".to_owned()))
            }
            200..=299 => Ok(Fetched::Content(content(page))),
            429 => Err(SourceError("the address asks for fewer requests (status 429)".to_owned())),
            status => Err(SourceError(format!("the address answers with status {status}"))),
        }
    }

    fn parallel(&self) -> usize {
        PARALLEL
    }
}

fn content(page: OutboundResponse) -> Content {
    let kept = |name: &str| page.header(name).filter(|value| value.len() <= LONGEST_TAG).map(str::to_owned);
    let kind = page.header("content-type").and_then(|kind| kind.split(';').next()).map(str::trim);
    let fingerprint = Fingerprint {
        etag: kept("etag"),
        last_modified: kept("last-modified"),
        modified_at: None,
        size: Some(page.body.len() as u64),
    };
    Content {
        name: name_of(&page.final_url),
        media_type: kind.filter(|kind| !kind.is_empty()).map(str::to_owned),
        fingerprint,
        bytes: page.body,
    }
}

/// The last part of the path, or the host where there is none.
fn name_of(url: &str) -> String {
    let Ok(url) = url::Url::parse(url) else { return String::new() };
    let last = url.path_segments().and_then(|mut parts| parts.rfind(|part| !part.is_empty()));
    last.or_else(|| url.host_str()).unwrap_or_default().to_owned()
}
