//! Rate limits from outside: what is counted by what, what a client is told, and Redis.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use quarry_core::Secret;
use quarry_server::{LimitsSettings, Rate, ServerSettings, TrustedProxies};
use quarry_store::limits::RedisSettings;
use serde_json::json;

use crate::app::{Reply, Setup, TestApp};

const FROM: &str = "x-forwarded-for";

fn rate(text: &str) -> Rate {
    text.parse().unwrap()
}

async fn limited(change: impl FnOnce(&mut LimitsSettings)) -> TestApp {
    behind(&[], RedisSettings::default(), change).await
}

async fn behind(proxies: &[&str], redis: RedisSettings, change: impl FnOnce(&mut LimitsSettings)) -> TestApp {
    let mut limits = LimitsSettings::default();
    change(&mut limits);
    let trusted_proxies = TrustedProxies::read(proxies).unwrap();
    let server = ServerSettings { trusted_proxies, ..ServerSettings::default() };
    TestApp::set_up(Setup { server, limits, redis, ..Setup::default() }).await
}

fn remaining(reply: &Reply) -> String {
    format!("{} of {}", reply.header("ratelimit-remaining"), reply.header("ratelimit-limit"))
}

#[track_caller]
fn waits(reply: &Reply, most: u64) {
    let seconds: u64 = reply.header("retry-after").parse().unwrap();
    assert!((1..=most).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn headers_count_down_and_the_last_answer_says_when_to_come_back() {
    let app = limited(|limits| limits.rate.read.key = rate("3/h")).await;
    for left in ["2 of 3", "1 of 3", "0 of 3"] {
        let reply = app.admin.get("/v1/collections").await.expect(200);
        assert_eq!(remaining(&reply), left);
        assert_eq!(reply.header("ratelimit-policy"), "3;w=3600;burst=3");
        assert!(reply.header("ratelimit-reset").parse::<u64>().unwrap() <= 3 * 1_200);
        assert_eq!(reply.header("retry-after"), "");
    }
    let refused = app.admin.get("/v1/collections").await;
    assert_eq!(remaining(&refused), "0 of 3");
    waits(&refused, 1_200);
    let problem = refused.problem(429, "rate_limited");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("by this key: the limit is 3/h (`limits.rate.read.key`)"), "{detail}");
    // Another kind of work is another bucket, and whoever watches the server is always answered.
    let search =
        app.admin.post("/v1/search", json!({"query": "a", "collection": "nowhere"})).await.expect(404);
    assert_eq!(search.header("ratelimit-limit"), "10000");
    assert_eq!(app.admin.get("/healthz").await.expect(200).header("ratelimit-limit"), "");
    app.admin.get("/metrics").await.expect(200);
    app.stopped().await;
}

#[tokio::test]
async fn the_tightest_of_key_tenant_and_address_decides() {
    let app = limited(|limits| {
        limits.rate.read.key = rate("100/h");
        limits.rate.read.tenant = rate("5/h");
        limits.rate.read.address = rate("2/h");
    })
    .await;
    assert_eq!(remaining(&app.admin.get("/v1/collections").await), "1 of 2");
    assert_eq!(remaining(&app.admin.get("/v1/collections").await), "0 of 2");
    let detail = app.admin.get("/v1/collections").await.problem(429, "rate_limited")["detail"].to_string();
    assert!(detail.contains("`limits.rate.read.address`"), "{detail}");
    app.stopped().await;
}

#[tokio::test]
async fn wrong_keys_shut_their_address_out_for_a_while() {
    let app =
        behind(&["127.0.0.0/8"], RedisSettings::default(), |limits| limits.failures = rate("2/h")).await;
    let wrong = app.admin.with_key("wrong");
    let guess =
        async |path: &'static str, address: &str| wrong.ask("GET", path).header(FROM, address).send().await;
    guess("/v1/collections", "192.0.2.1").await.problem(401, "unauthenticated");
    guess("/metrics", "192.0.2.1").await.problem(401, "unauthenticated");
    let refused = guess("/v1/collections", "192.0.2.1").await;
    waits(&refused, 1_800);
    refused.problem(429, "rate_limited");
    // Also with the right key: whoever guesses must not be told that a guess is right.
    let right = |address| app.admin.ask("GET", "/v1/collections").header(FROM, address).send();
    right("192.0.2.1").await.problem(429, "rate_limited");
    right("192.0.2.2").await.expect(200);
    let probe = app.admin.ask("GET", "/healthz").header(FROM, "192.0.2.1").send().await;
    probe.expect(200);
    // Whoever shows no key guesses nothing.
    app.anonymous.ask("GET", "/v1/collections").header(FROM, "192.0.2.1").send().await.expect(401);
    app.stopped().await;
}

#[tokio::test]
async fn wrong_signatures_are_failures_too() {
    let app = limited(|limits| limits.failures = rate("1/h")).await;
    let push = || {
        let path = "/v1/sources/0190a000-0000-7000-8000-000000000000/push";
        app.anonymous.ask("POST", path).json(&json!({"upserts": []}))
    };
    push().send().await.expect(401);
    push().send().await.problem(429, "rate_limited");
    push().send().await.problem(429, "rate_limited");
    app.stopped().await;
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_has_its_own_bucket() {
    let app = behind(&["127.0.0.1"], RedisSettings::default(), |limits| limits.anonymous = rate("2/h")).await;
    let from = async |address: &str| app.anonymous.ask("GET", "/docs").header(FROM, address).send().await;
    assert_eq!(remaining(&from("192.0.2.1").await.expect(200)), "1 of 2");
    from("203.0.113.9, 192.0.2.1").await.expect(200);
    from("198.51.100.7, 192.0.2.1").await.problem(429, "rate_limited");
    from("192.0.2.2").await.expect(200);
    // One network of IPv6 is one client.
    from("2001:db8::1").await.expect(200);
    from("2001:db8::2:3").await.expect(200);
    from("2001:db8::4").await.problem(429, "rate_limited");
    from("2001:db8:0:1::1").await.expect(200);
    app.stopped().await;
}

#[tokio::test]
async fn behind_anybody_else_the_header_means_nothing() {
    let app =
        behind(&["10.0.0.0/8"], RedisSettings::default(), |limits| limits.anonymous = rate("2/h")).await;
    let from = async |address: &str| app.anonymous.ask("GET", "/docs").header(FROM, address).send().await;
    from("192.0.2.1").await.expect(200);
    from("192.0.2.2").await.expect(200);
    from("192.0.2.3").await.problem(429, "rate_limited");
    // What has no key is counted everywhere together; what has one, by its key.
    app.anonymous.get("/v1/collections").await.problem(429, "rate_limited");
    app.admin.get("/v1/collections").await.expect(200);
    app.stopped().await;
}

#[tokio::test]
async fn other_dialects_are_refused_in_their_own_way() {
    let app = limited(|limits| {
        limits.rate.read.key = rate("1/h");
        limits.rate.answer.key = rate("1/h");
    })
    .await;
    app.admin.get("/v1/models").await.expect(200);
    let refused = app.admin.get("/v1/models").await.expect(429);
    waits(&refused, 3_600);
    let error = refused.json()["error"].clone();
    assert_eq!((&error["type"], &error["code"]), (&json!("rate_limit_error"), &json!("rate_limit_exceeded")));
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
    let ping = || {
        let ask = app.admin.ask("POST", "/mcp").json(&message);
        ask.header("accept", "application/json, text/event-stream").send()
    };
    assert_eq!(ping().await.header("ratelimit-remaining"), "0");
    let refused = ping().await;
    waits(&refused, 3_600);
    refused.problem(429, "rate_limited");
    app.stopped().await;
}

#[tokio::test]
async fn without_limits_nothing_is_counted() {
    let app = limited(|limits| {
        limits.enabled = false;
        limits.rate.read.key = rate("1/h");
        limits.failures = rate("1/h");
    })
    .await;
    for _ in 0..3 {
        assert_eq!(app.admin.get("/v1/collections").await.expect(200).header("ratelimit-limit"), "");
        app.admin.with_key("wrong").get("/v1/collections").await.problem(401, "unauthenticated");
    }
    app.stopped().await;
}

fn settings(url: String) -> RedisSettings {
    let prefix = format!("test-{}", uuid::Uuid::now_v7().simple());
    RedisSettings { url: Some(Secret::new(url)), prefix, timeout_ms: 5_000 }
}

#[tokio::test]
async fn two_servers_with_one_redis_share_their_buckets() {
    let Ok(url) = std::env::var("QUARRY_TEST_REDIS") else {
        eprintln!("left out: QUARRY_TEST_REDIS is not set");
        return;
    };
    let redis = settings(url);
    let start = || behind(&[], redis.clone(), |limits| limits.rate.read.key = rate("3/h"));
    let (one, other) = (start().await, start().await);
    assert_eq!(remaining(&one.admin.get("/v1/collections").await.expect(200)), "2 of 3");
    assert_eq!(remaining(&other.admin.get("/v1/collections").await.expect(200)), "1 of 3");
    assert_eq!(remaining(&one.admin.get("/v1/collections").await.expect(200)), "0 of 3");
    other.admin.get("/v1/collections").await.problem(429, "rate_limited");
    one.admin.get("/v1/collections").await.problem(429, "rate_limited");
    one.stopped().await;
    other.stopped().await;
}

/// A Redis of this test alone, which it may kill.
struct OwnRedis {
    socket: PathBuf,
    server: Child,
}

impl OwnRedis {
    /// `None` where there is no such program.
    async fn start(folder: &Path) -> Option<Self> {
        let socket = folder.join("redis.sock");
        let server = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
            .arg(&socket)
            .current_dir(folder)
            .stdout(Stdio::null())
            .spawn();
        let Ok(server) = server else {
            eprintln!("left out: `redis-server` cannot be started");
            return None;
        };
        let began = Instant::now();
        while tokio::net::UnixStream::connect(&socket).await.is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "it does not listen");
            tokio::task::yield_now().await;
        }
        Some(Self { socket, server })
    }

    fn kill(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
        // What is left of it; the next one makes its own.
        drop(std::fs::remove_file(&self.socket));
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        drop(self.server.kill());
        drop(self.server.wait());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_killed_is_gone_without_and_used_again_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut redis) = OwnRedis::start(folder.path()).await else { return };
    let shared = settings(format!("unix://{}", redis.socket.display()));
    let app = behind(&[], shared, |limits| limits.rate.read.key = rate("1000/h, burst 1000")).await;
    let count = async || {
        let reply = app.admin.get("/v1/collections").await.expect(200);
        reply.header("ratelimit-remaining").parse::<u32>().unwrap()
    };
    for left in (990..1_000).rev() {
        assert_eq!(count().await, left);
    }
    redis.kill();
    let began = Instant::now();
    // From here on this process counts, and it has counted nothing so far.
    assert_eq!((count().await, count().await), (999, 998));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    drop(redis);
    let Some(_redis) = OwnRedis::start(folder.path()).await else { return };
    // The new one knows nothing either: its first count is higher than the last of the memory.
    let mut last = count().await;
    loop {
        assert!(began.elapsed() < Duration::from_secs(60), "it is not used again");
        let now = count().await;
        if now > last {
            assert_eq!(now, 999);
            break;
        }
        last = now;
        assert!(last > 0, "the memory is used up");
        // One attempt a second is let through to it.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    app.stopped().await;
}
