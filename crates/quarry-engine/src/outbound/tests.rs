//! The guarded client against servers and name servers that play tricks.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use futures::StreamExt as _;
use parking_lot::Mutex;
use quarry_core::Fault as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::{
    Outbound, OutboundError, OutboundMethod, OutboundRequest, OutboundResponse, OutboundSettings, Purpose,
    Resolve,
};

/// A name server whose answers are written down; the last one is repeated.
#[derive(Default)]
struct Script {
    answers: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl Resolve for Script {
    async fn resolve(&self, host: &str) -> io::Result<Vec<SocketAddr>> {
        self.asked.lock().push(host.to_owned());
        let mut answers = self.answers.lock();
        let list = answers.get_mut(host).ok_or_else(|| io::Error::other("unknown"))?;
        let answer = if list.len() > 1 { list.remove(0) } else { list[0].clone() };
        // A port of its own must not be followed.
        Ok(answer.into_iter().map(|address| SocketAddr::new(address, 1)).collect())
    }
}

fn names(entries: &[(&str, &[&str])]) -> Arc<Script> {
    let script = Script::default();
    for (host, answers) in entries {
        let read = |answer: &&str| answer.split(' ').map(|address| address.parse().unwrap()).collect();
        script.answers.lock().insert((*host).to_owned(), answers.iter().map(read).collect());
    }
    Arc::new(script)
}

/// A server that answers each request with what `reply` makes of its head and body.
async fn server<R: Future<Output = ()> + Send + 'static>(reply: fn(String, TcpStream, u16) -> R) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut head = vec![0; 16_384];
            let length = socket.read(&mut head).await.unwrap_or(0);
            head.truncate(length);
            tokio::spawn(reply(String::from_utf8_lossy(&head).into_owned(), socket, port));
        }
    });
    port
}

async fn say(socket: &mut TcpStream, text: &str) {
    let _ = socket.write_all(text.as_bytes()).await;
}

#[allow(clippy::too_many_lines, reason = "a table of what the server answers")]
async fn page(head: String, mut socket: TcpStream, port: u16) {
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let to = |status: u16, place: &str| {
        format!(
            "HTTP/1.1 {status} Moved\r\nlocation: {place}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        )
    };
    let ok = |kind: &str, body: &str| {
        let length = body.len();
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
    };
    let open = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    match path.as_str() {
        "/loop" => say(&mut socket, &to(302, "/loop")).await,
        "/four" => say(&mut socket, &to(301, "/three#part")).await,
        "/three" => say(&mut socket, &to(302, "two")).await,
        "/two" => say(&mut socket, &to(303, "?one")).await,
        "/two?one" => say(&mut socket, &to(308, &format!("http://site.test:{port}/echo"))).await,
        "/elsewhere" => say(&mut socket, &to(302, &format!("http://other.test:{port}/echo"))).await,
        "/elsewhere307" => say(&mut socket, &to(307, &format!("http://other.test:{port}/echo"))).await,
        "/private" => say(&mut socket, &to(302, "http://internal.test/admin")).await,
        "/number" => say(&mut socket, &to(302, "http://2130706433/")).await,
        "/metadata" => say(&mut socket, &to(307, "http://169.254.169.254/latest/meta-data")).await,
        "/user" => say(&mut socket, &to(302, "http://a:b@site.test/")).await,
        "/port" => say(&mut socket, &to(302, "http://site.test:22/")).await,
        "/file" => say(&mut socket, &to(302, "file:///etc/passwd")).await,
        "/nonsense" => say(&mut socket, &to(302, "http://[")).await,
        "/nowhere" => {
            say(&mut socket, "HTTP/1.1 302 Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await
        }
        "/missing" => {
            say(&mut socket, "HTTP/1.1 404 No\r\ncontent-length: 4\r\nconnection: close\r\n\r\ngone").await
        }
        "/length" => say(&mut socket, "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\nx").await,
        "/endless" => {
            say(&mut socket, open).await;
            while socket.write_all(&[b'x'; 4_096]).await.is_ok() {}
        }
        "/bomb" => {
            let bomb = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\nconnection: close\r\n\r\n\x1f\u{8}xx";
            say(&mut socket, bomb).await;
        }
        "/silent" => std::future::pending().await,
        "/stalls" => {
            say(&mut socket, &format!("{open}data: one\n\n")).await;
            std::future::pending::<()>().await;
        }
        "/drips" => {
            say(&mut socket, open).await;
            while socket.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        "/cut" => {
            say(&mut socket, "HTTP/1.1 200 OK\r\ncontent-length: 50\r\nconnection: close\r\n\r\nhalf").await
        }
        "/garbage" => say(&mut socket, "hello, this is not HTTP\r\n\r\n").await,
        "/image" => say(&mut socket, &ok("image/png", "png")).await,
        "/html" => say(&mut socket, &ok("Text/HTML; charset=utf-8", "<p>")).await,
        _ => say(&mut socket, &ok("text/plain", &head)).await,
    }
}

struct World {
    client: Outbound,
    names: Arc<Script>,
    port: u16,
}

/// A client for which `site.test` and `other.test` are open on the server's port and nothing else private is.
async fn world(change: impl FnOnce(&mut OutboundSettings)) -> World {
    let port = server(page).await;
    let names = names(&[
        ("site.test", &["127.0.0.1"]),
        ("other.test", &["127.0.0.1"]),
        ("internal.test", &["10.0.0.5"]),
        ("mixed.test", &["8.8.8.8 127.0.0.1"]),
        ("cloud.test", &["169.254.169.254"]),
        ("mapped.test", &["::ffff:127.0.0.1"]),
        ("nat64.test", &["64:ff9b::a00:1"]),
        ("rebinds.test", &["127.0.0.1", "10.0.0.5"]),
        ("empty.test", &["127.0.0.1"]),
    ]);
    names.answers.lock().insert("empty.test".into(), vec![Vec::new()]);
    let mut settings = OutboundSettings {
        allow_http: true,
        ports: vec![port],
        allow_private: vec![format!("site.test:{port}"), format!("other.test:{port}")],
        deadline_ms: 5_000,
        idle_ms: 2_000,
        ..OutboundSettings::default()
    };
    change(&mut settings);
    let client = Outbound::with_resolver(settings, Arc::clone(&names) as Arc<dyn Resolve>).unwrap();
    World { client, names, port }
}

impl World {
    fn request(&self, path: &str) -> OutboundRequest {
        OutboundRequest::get(format!("http://site.test:{}{path}", self.port), Purpose::FetchUrl)
    }

    async fn get(&self, path: &str) -> Result<OutboundResponse, OutboundError> {
        self.client.fetch(self.request(path)).await
    }

    async fn fetch(&self, url: &str) -> Result<OutboundResponse, OutboundError> {
        self.client.fetch(OutboundRequest::get(url, Purpose::FetchUrl)).await
    }
}

fn code<T: std::fmt::Debug>(outcome: Result<T, OutboundError>) -> &'static str {
    let error = outcome.unwrap_err();
    let text = error.to_string();
    assert!(!["10.0", "127.0", "169.254", ".test"].iter().any(|secret| text.contains(secret)), "{text}");
    error.code()
}

#[tokio::test]
async fn an_opened_place_is_read_with_its_headers() {
    let world = world(|_| {}).await;
    let mut request = world.request("/echo?q=1#part");
    request.headers =
        [("Accept", "text/plain"), ("Host", "evil.test"), ("Accept-Encoding", "gzip"), ("X-Own", "1")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
    let answer = world.client.fetch(request).await.unwrap();
    let head = String::from_utf8_lossy(&answer.body).to_lowercase();
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/plain")));
    assert_eq!(answer.final_url, format!("http://site.test:{}/echo?q=1", world.port));
    assert!(head.starts_with("get /echo?q=1 http/1.1"), "{head}");
    assert!(head.contains(&format!("host: site.test:{}", world.port)) && !head.contains("evil"), "{head}");
    assert!(head.contains("accept-encoding: identity") && head.contains("x-own: 1"), "{head}");
    assert_eq!(world.get("/missing").await.unwrap().status, 404);
    assert_eq!(world.get("/nowhere").await.unwrap().status, 302, "a redirect to nowhere is the answer");
}

#[tokio::test]
async fn names_that_lead_inside_are_refused() {
    let world = world(|_| {}).await;
    for host in ["internal.test", "mixed.test", "cloud.test", "mapped.test", "nat64.test"] {
        assert_eq!(code(world.fetch(&format!("http://{host}/")).await), "outbound_forbidden", "{host}");
        assert_eq!(code(world.fetch(&format!("https://{host}/")).await), "outbound_forbidden", "{host}");
    }
    // The same name at a port that was not opened, and the same machine by its number.
    assert_eq!(code(world.fetch("http://site.test/").await), "outbound_forbidden");
    for spelling in ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"] {
        let url = format!("http://{spelling}:{}/", world.port);
        assert_eq!(code(world.fetch(&url).await), "outbound_forbidden", "{spelling}");
    }
    for unknown in ["http://nobody.test/", "http://empty.test/"] {
        assert_eq!(code(world.fetch(unknown).await), "outbound_failed");
    }
    assert!(
        !world.names.asked.lock().iter().any(|name| name.starts_with("127")),
        "numbers are not looked up"
    );
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_checked_each_time() {
    let world = world(|settings| settings.allow_private = vec!["127.0.0.0/8".into()]).await;
    let url = format!("http://rebinds.test:{}/echo", world.port);
    assert_eq!(world.fetch(&url).await.unwrap().status, 200);
    assert_eq!(code(world.fetch(&url).await), "outbound_forbidden");
    // One connection, one lookup: nothing asks a second time between the check and the connection.
    assert_eq!(world.names.asked.lock().as_slice(), ["rebinds.test", "rebinds.test"]);
}

#[tokio::test]
async fn no_setting_opens_a_metadata_service() {
    let everything =
        vec!["0.0.0.0/0".into(), "::/0".into(), "cloud.test:80".into(), "169.254.169.254:80".into()];
    let world = world(|settings| settings.allow_private = everything).await;
    for url in ["http://cloud.test/", "http://169.254.169.254/", "http://[fd00:ec2::254]/", "http://0.0.0.0/"]
    {
        assert_eq!(code(world.fetch(url).await), "outbound_forbidden", "{url}");
    }
}

#[tokio::test]
async fn redirects_are_followed_by_the_same_rules() {
    let world = world(|_| {}).await;
    let answer = world.get("/four").await.unwrap();
    assert_eq!(answer.final_url, format!("http://site.test:{}/echo", world.port));
    assert_eq!(code(world.get("/loop").await), "outbound_failed");
    for (path, expected) in [
        ("/private", "outbound_forbidden"),
        ("/number", "outbound_forbidden"),
        ("/metadata", "outbound_forbidden"),
        ("/port", "outbound_forbidden"),
        ("/user", "outbound_bad_url"),
        ("/file", "outbound_bad_url"),
        ("/nonsense", "outbound_failed"),
    ] {
        assert_eq!(code(world.get(path).await), expected, "{path}");
    }
    let asked = world.names.asked.lock().clone();
    assert_eq!(asked.iter().filter(|name| *name == "internal.test").count(), 1);
}

#[tokio::test]
async fn another_origin_gets_neither_credentials_nor_bodies() {
    let world = world(|_| {}).await;
    let secrets = [("Authorization", "Bearer s3cret"), ("X-Api-Key", "s3cret"), ("Accept", "text/plain")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
    let get = OutboundRequest { headers: secrets.clone(), ..world.request("/elsewhere") };
    let head = String::from_utf8_lossy(&world.client.fetch(get).await.unwrap().body).to_lowercase();
    assert!(head.contains("host: other.test") && head.contains("accept: text/plain"), "{head}");
    assert!(!head.contains("s3cret"), "{head}");
    let same = OutboundRequest { headers: secrets.clone(), ..world.request("/four") };
    let head = String::from_utf8_lossy(&world.client.fetch(same).await.unwrap().body).into_owned();
    assert!(head.contains("s3cret"), "one origin keeps them: {head}");

    let post = |path: &str| OutboundRequest {
        method: OutboundMethod::Post,
        body: Some("{\"secret\": 1}".into()),
        headers: vec![("content-type".into(), "application/json".into())],
        ..world.request(path)
    };
    assert_eq!(code(world.client.fetch(post("/elsewhere307")).await), "outbound_forbidden");
    let head =
        String::from_utf8_lossy(&world.client.fetch(post("/elsewhere")).await.unwrap().body).into_owned();
    assert!(head.starts_with("GET /echo") && !head.contains("secret") && !head.contains("json"), "{head}");
    let kept =
        String::from_utf8_lossy(&world.client.fetch(post("/two?one")).await.unwrap().body).into_owned();
    assert!(kept.starts_with("POST /echo"), "{kept}");
}

#[tokio::test]
async fn huge_and_endless_answers_end_at_the_limit() {
    let world = world(|settings| settings.most_bytes = 100_000).await;
    let error = world.get("/endless").await.unwrap_err();
    assert_eq!(error, OutboundError::TooLarge { most: 100_000 });
    assert_eq!(code(world.get("/length").await), "outbound_too_large");
    let small = OutboundRequest { most_bytes: Some(10), ..world.request("/echo") };
    assert_eq!(code(world.client.fetch(small).await), "outbound_too_large");
    // A gzip bomb is never unpacked: compressed answers are refused as such.
    assert_eq!(code(world.get("/bomb").await), "outbound_failed");
}

#[tokio::test]
async fn slow_answers_end_at_a_deadline() {
    let world = world(|_| {}).await;
    let short = Some(Duration::from_millis(80));
    let before = Instant::now();
    let silent = OutboundRequest { deadline: short, ..world.request("/silent") };
    assert_eq!(code(world.client.fetch(silent).await), "outbound_timeout");
    let stalls = OutboundRequest { idle: short, ..world.request("/stalls") };
    assert_eq!(code(world.client.fetch(stalls).await), "outbound_timeout");
    let drips = OutboundRequest { deadline: short, ..world.request("/drips") };
    assert_eq!(code(world.client.fetch(drips).await), "outbound_timeout", "never silent, but too long");
    assert!(before.elapsed() < Duration::from_secs(3), "{:?}", before.elapsed());
}

#[tokio::test]
async fn a_stream_gives_pieces_as_they_come_and_outlives_the_deadline() {
    let world = world(|_| {}).await;
    let request = OutboundRequest {
        idle: Some(Duration::from_millis(100)),
        deadline: Some(Duration::from_secs(2)),
        content_types: vec!["text/event-stream".into()],
        ..world.request("/stalls")
    };
    let stream = world.client.open(request).await.unwrap();
    assert_eq!((stream.status, stream.header("content-type")), (200, Some("text/event-stream")));
    let pieces: Vec<_> = stream.chunks().collect().await;
    assert_eq!(pieces[0].as_ref().unwrap().as_ref(), b"data: one\n\n");
    assert_eq!(pieces.len(), 2);
    assert_eq!(pieces[1].as_ref().unwrap_err().code(), "outbound_timeout");
    let dripping = OutboundRequest { most_bytes: Some(5), ..world.request("/drips") };
    let pieces: Vec<_> = world.client.open(dripping).await.unwrap().chunks().collect().await;
    assert_eq!(pieces.last().unwrap().as_ref().unwrap_err().code(), "outbound_too_large");
}

#[tokio::test]
async fn only_the_wanted_kinds_of_content_are_read() {
    let world = world(|_| {}).await;
    let wanted = |path: &str| OutboundRequest {
        content_types: vec!["text/*".into(), "application/json".into()],
        ..world.request(path)
    };
    assert_eq!(world.client.fetch(wanted("/html")).await.unwrap().body, "<p>");
    assert_eq!(code(world.client.fetch(wanted("/image")).await), "outbound_failed");
    assert_eq!(world.client.fetch(wanted("/missing")).await.unwrap().status, 404);
}

#[tokio::test]
async fn what_is_not_http_fails_in_a_sentence() {
    let world = world(|_| {}).await;
    for path in ["/cut", "/garbage"] {
        assert_eq!(code(world.get(path).await), "outbound_failed", "{path}");
    }
    let header =
        OutboundRequest { headers: vec![("bad name".into(), "x\r\ny: z".into())], ..world.request("/echo") };
    assert_eq!(code(world.client.fetch(header).await), "outbound_failed");
    let secure = format!("https://site.test:{}/", world.port);
    assert_eq!(code(world.fetch(&secure).await), "outbound_failed", "a server without TLS");
}

#[tokio::test]
async fn plain_http_and_other_ports_need_a_setting() {
    let world = world(|settings| {
        settings.allow_http = false;
        settings.ports = Vec::new();
        settings.deny_hosts = vec!["other.test".into()];
    })
    .await;
    assert_eq!(world.get("/echo").await.unwrap().status, 200, "an opened place may speak plain http");
    assert_eq!(code(world.get("/elsewhere").await), "outbound_forbidden", "a denial wins on every hop");
    for url in ["http://rebinds.test/", "https://rebinds.test:8443/"] {
        assert_eq!(code(world.fetch(url).await), "outbound_forbidden");
    }
    assert!(world.names.asked.lock().iter().all(|name| name == "site.test"));
}
