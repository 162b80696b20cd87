//! Reads a web page. Off unless an agent names it: what a model asks for goes through the guarded client, and what
//! comes back is as untrusted as any document.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use quarry_models::chat::ToolSpec;
use quarry_parse::{Format, Limits, Parsed, Source, parse, sniff};
use serde_json::{Value, json};

use crate::{
    agent::tool::{MOST_CHARACTERS, Tool, ToolContext, ToolFailure, ToolOutput},
    outbound::{Outbound, OutboundRequest, OutboundResponse, Purpose},
};

/// Most bytes of one page: a long page is a few hundred kilobytes.
const MOST_BYTES: u64 = 4 << 20;
/// The kinds of content that are read; the bytes are looked at as well.
const KINDS: [&str; 6] = [
    "text/*",
    "application/json",
    "application/ld+json",
    "application/problem+json",
    "application/xhtml+xml",
    "application/x-ndjson",
];
const CUT: &str = "\n[cut here: the page is longer]";

/// The tool `fetch_url`.
pub struct FetchUrl {
    spec: ToolSpec,
    outbound: Outbound,
}

impl FetchUrl {
    /// Over a client whose settings open nothing private that a model should not read.
    #[must_use]
    pub fn new(outbound: Outbound) -> Self {
        let parameters = json!({
            "type": "object",
            "properties": {"url": {"type": "string", "description": "The full address, as https://host/path"}},
            "required": ["url"],
            "additionalProperties": false,
        });
        let spec = ToolSpec {
            name: "fetch_url".to_owned(),
            description: "Reads the text of one page of the public web (HTML, plain text or JSON)."
                .to_owned(),
            parameters,
        };
        Self { spec, outbound }
    }

    async fn read(&self, url: &str, patience: Duration) -> Result<ToolOutput, ToolFailure> {
        let ends = Instant::now() + patience;
        let request = OutboundRequest {
            headers: vec![("accept".to_owned(), "text/html, text/plain, application/json;q=0.9".to_owned())],
            content_types: KINDS.map(str::to_owned).to_vec(),
            most_bytes: Some(MOST_BYTES),
            deadline: Some(patience),
            ..OutboundRequest::get(url, Purpose::FetchUrl)
        };
        let page = self.outbound.fetch(request).await.map_err(|error| ToolFailure(error.to_string()))?;
        if !(200..300).contains(&page.status) {
            return Err(ToolFailure(format!("the page answers with status {}", page.status)));
        }
        // A page can take a while to read, which no other request should wait for.
        let reading = tokio::task::spawn_blocking(move || text_of(&page));
        let left = ends.saturating_duration_since(Instant::now());
        match tokio::time::timeout(left, reading).await {
            Ok(Ok(text)) => text.map(ToolOutput::text),
            Ok(Err(_)) => Err(ToolFailure("the page could not be made sense of".to_owned())),
            Err(_) => Err(ToolFailure("the page takes too long to read".to_owned())),
        }
    }
}

#[async_trait]
impl Tool for FetchUrl {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, context: &ToolContext<'_>, arguments: &Value) -> Result<ToolOutput, ToolFailure> {
        let url = arguments.get("url").and_then(Value::as_str);
        let url = url.ok_or_else(|| ToolFailure("give the address as `url`".to_owned()))?;
        let patience = context.deadline.saturating_duration_since(Instant::now());
        tokio::select! {
            outcome = self.read(url, patience) => outcome,
            () = context.cancel.cancelled() => Err(ToolFailure("nobody waits for the page any more".to_owned())),
        }
    }
}

/// The text of a page, with its title above it.
fn text_of(page: &OutboundResponse) -> Result<String, ToolFailure> {
    let kind = page.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let text = if kind.ends_with("json") { plain(&page.body) } else { readable(&page.body, kind)? };
    Ok(cut(&text))
}

fn plain(body: &Bytes) -> String {
    String::from_utf8_lossy(body).into_owned()
}

fn readable(body: &Bytes, kind: &str) -> Result<String, ToolFailure> {
    let unread = |reason: &str| ToolFailure(format!("the page could not be read: {reason}"));
    // A file that calls itself a page does not get to the readers of files.
    let text_like = [
        Format::Html,
        Format::Text,
        Format::Markdown,
        Format::Json,
        Format::JsonLines,
        Format::Csv,
        Format::Tsv,
        Format::Code,
    ];
    if !body.is_empty() && !sniff(body, "").format.is_some_and(|format| text_like.contains(&format)) {
        return Err(unread("it is no text"));
    }
    let source = Source { bytes: body, name: "", media_type: Some(kind), password: None };
    let limits = Limits { input_bytes: MOST_BYTES, ..Limits::default() };
    let parsed =
        parse(&source, &limits).and_then(Parsed::or_needs_ocr).map_err(|error| unread(&error.to_string()))?;
    Ok(match parsed.title.filter(|title| !parsed.text.trim_start().starts_with(title.as_str())) {
        Some(title) => format!("{title}\n\n{}", parsed.text.trim()),
        None => parsed.text.trim().to_owned(),
    })
}

fn cut(text: &str) -> String {
    if text.chars().count() <= MOST_CHARACTERS {
        return text.to_owned();
    }
    let kept: String = text.chars().take(MOST_CHARACTERS - CUT.chars().count()).collect();
    kept + CUT
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use quarry_models::chat::ToolSpec;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::FetchUrl;
    use crate::{
        agent::tool::{MOST_CHARACTERS, Tool as _},
        outbound::{Outbound, OutboundSettings},
    };

    /// Serves one answer and gives the tool's outcome as text.
    async fn fetched(status: u16, kind: &str, body: &[u8]) -> Result<String, String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut answer = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        )
        .into_bytes();
        answer.extend_from_slice(body);
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut head = [0; 2_048];
            let _ = socket.read(&mut head).await;
            let _ = socket.write_all(&answer).await;
        });
        let place = format!("127.0.0.1:{port}");
        let settings = OutboundSettings { allow_private: vec![place.clone()], ..OutboundSettings::default() };
        let tool = FetchUrl::new(Outbound::new(settings).unwrap());
        let outcome = tool.read(&format!("http://{place}/page"), Duration::from_secs(10)).await;
        outcome.map(|output| output.text).map_err(|failure| failure.0)
    }

    #[tokio::test]
    async fn pages_become_readable_text() {
        let sentence =
            "The notice period of the lease is three months, counted from the end of the quarter. ";
        let html = format!(
            "<html><head><title>Leases</title><script>steal()</script></head><body><nav>Home</nav><main><h1>Notice\
             </h1><p>{}</p></main></body></html>",
            sentence.repeat(6)
        );
        let text = fetched(200, "text/html; charset=utf-8", html.as_bytes()).await.unwrap();
        assert!(text.contains("three months") && text.starts_with("Leases"), "{text}");
        assert!(!text.contains("steal") && !text.contains('<'), "{text}");
        assert_eq!(fetched(200, "text/plain", b"  just words  ").await.unwrap(), "just words");
        assert_eq!(fetched(200, "application/json", b"{\"a\": 1}").await.unwrap(), "{\"a\": 1}");
        let long = "\u{fc}ber ".repeat(20_000);
        let text = fetched(200, "text/plain", long.as_bytes()).await.unwrap();
        assert_eq!(text.chars().count(), MOST_CHARACTERS);
        assert!(text.ends_with("[cut here: the page is longer]"));
    }

    #[tokio::test]
    async fn what_is_no_page_is_a_sentence() {
        let refused = [
            (404, "text/html", &b"<p>gone</p>"[..], "status 404"),
            (200, "application/pdf", b"%PDF-1.7", "kind of content"),
            (200, "text/html", b"%PDF-1.7 pretends", "no text"),
            (200, "text/html", b"PK\x03\x04 pretends too", "no text"),
            (200, "text/plain", b"", "could not be read"),
        ];
        for (status, kind, body, expected) in refused {
            let failure = fetched(status, kind, body).await.unwrap_err();
            assert!(failure.contains(expected) && !failure.contains("127.0"), "{failure}");
        }
        let closed = FetchUrl::new(Outbound::new(OutboundSettings::default()).unwrap());
        let failure = closed.read("https://127.0.0.1/", Duration::from_secs(5)).await.unwrap_err();
        assert!(failure.0.starts_with("this address may not be reached"), "{failure}");
    }

    #[test]
    fn the_specification_is_closed() {
        let tool = FetchUrl::new(Outbound::new(OutboundSettings::default()).unwrap());
        let ToolSpec { name, parameters, .. } = tool.spec();
        assert_eq!(name, "fetch_url");
        assert_eq!(parameters["additionalProperties"], false);
        assert_eq!(parameters["required"], serde_json::json!(["url"]));
    }
}
