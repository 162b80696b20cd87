//! The rate limiter's contract, in memory and in Redis, and what becomes of it without Redis.

use std::{
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};

use quarry_core::Secret;
use quarry_store::limits::{Bucket, Limiter, Quota, RedisSettings, Verdict};
use tokio::net::TcpListener;

const HOUR: Duration = Duration::from_secs(3_600);
const SECOND: Duration = Duration::from_secs(1);

/// Tells each story with buckets in memory and with buckets in Redis.
macro_rules! limits {
    ($($name:ident),+ $(,)?) => {
        mod in_memory {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(super::in_memory()).await;
            }
        )+}
        mod in_redis {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let Some(settings) = super::shared() else { return };
                super::$name(super::open(&settings).await).await;
            }
        )+}
    };
}

fn most() -> NonZeroUsize {
    NonZeroUsize::new(1_000).unwrap()
}

fn in_memory() -> Limiter {
    Limiter::in_memory(most())
}

async fn open(settings: &RedisSettings) -> Limiter {
    Limiter::open(settings, most()).await.unwrap()
}

fn at(url: &str) -> RedisSettings {
    // A machine that runs all tests at once may take its time; what a slow answer does is another story.
    let prefix = format!("test-{}", uuid::Uuid::now_v7().simple());
    RedisSettings { url: Some(Secret::new(url)), prefix, timeout_ms: 5_000 }
}

/// A part of its own of the Redis that the environment names.
fn shared() -> Option<RedisSettings> {
    let Ok(url) = std::env::var("QUARRY_TEST_REDIS") else {
        eprintln!("left out: QUARRY_TEST_REDIS is not set");
        return None;
    };
    Some(at(&url))
}

fn bucket(name: &str, period: Duration, burst: u32) -> Bucket {
    Bucket { name: name.to_owned(), quota: Quota::new(1, period, burst), open: false }
}

async fn take(limiter: &Limiter, buckets: &[Bucket]) -> Verdict {
    limiter.take(buckets).await.unwrap()
}

async fn tokens_are_counted_down_until_there_is_none(limiter: Limiter) {
    let one = [bucket("a", HOUR, 3)];
    for left in [2, 1, 0] {
        let verdict = take(&limiter, &one).await;
        assert_eq!((verdict.place, verdict.remaining, verdict.wait), (0, left, None));
        assert_eq!(verdict.reset, HOUR * (3 - left));
    }
    for _ in 0..3 {
        let verdict = take(&limiter, &one).await;
        let wait = verdict.wait.unwrap();
        assert!(wait <= HOUR && wait > HOUR - Duration::from_secs(60), "{wait:?}");
        assert_eq!((verdict.remaining, verdict.reset), (0, HOUR * 2 + wait));
    }
}

async fn a_token_comes_back_in_its_time(limiter: Limiter) {
    let one = [bucket("a", SECOND, 1)];
    let began = Instant::now();
    assert_eq!(take(&limiter, &one).await.wait, None);
    assert!(take(&limiter, &one).await.wait.unwrap() <= SECOND);
    while take(&limiter, &one).await.wait.is_some() {
        assert!(began.elapsed() < SECOND * 20);
        tokio::task::yield_now().await;
    }
    // Two clocks are compared here, and one of them is another program's.
    assert!(began.elapsed() > SECOND - Duration::from_millis(100), "{:?}", began.elapsed());
}

async fn buckets_of_other_names_are_other_buckets(limiter: Limiter) {
    assert_eq!(take(&limiter, &[bucket("a", HOUR, 1)]).await.wait, None);
    assert!(take(&limiter, &[bucket("a", HOUR, 1)]).await.wait.is_some());
    assert_eq!(take(&limiter, &[bucket("b", HOUR, 1)]).await.wait, None);
}

async fn all_pay_or_none_and_the_tightest_is_told(limiter: Limiter) {
    let (wide, narrow) = (bucket("wide", HOUR, 10), bucket("narrow", HOUR, 2));
    let both = [wide.clone(), narrow];
    let first = take(&limiter, &both).await;
    assert_eq!((first.place, first.remaining), (1, 1));
    take(&limiter, &both).await;
    for _ in 0..5 {
        let refused = take(&limiter, &both).await;
        assert!(refused.place == 1 && refused.wait.is_some(), "{refused:?}");
    }
    assert_eq!(take(&limiter, &[wide]).await.remaining, 7);
    assert_eq!(limiter.take(&[]).await, None);
}

async fn of_many_at_once_no_more_pass_than_fit(limiter: Limiter) {
    let limiter = Arc::new(limiter);
    let asked = (0..60).map(|_| {
        let limiter = Arc::clone(&limiter);
        tokio::spawn(async move { take(&limiter, &[bucket("a", HOUR, 10)]).await.wait.is_none() })
    });
    let passed = futures::future::join_all(asked).await;
    assert_eq!(passed.into_iter().filter(|passed| *passed.as_ref().unwrap()).count(), 10);
}

async fn a_quota_that_shrinks_is_not_waited_for_longer_than_it_fills(limiter: Limiter) {
    for _ in 0..5 {
        take(&limiter, &[bucket("a", HOUR, 100)]).await;
    }
    let wait = take(&limiter, &[bucket("a", SECOND, 1)]).await.wait;
    assert!(wait.is_none_or(|wait| wait <= SECOND), "{wait:?}");
}

limits!(
    tokens_are_counted_down_until_there_is_none,
    a_token_comes_back_in_its_time,
    buckets_of_other_names_are_other_buckets,
    all_pay_or_none_and_the_tightest_is_told,
    of_many_at_once_no_more_pass_than_fit,
    a_quota_that_shrinks_is_not_waited_for_longer_than_it_fills,
);

#[tokio::test]
async fn limiters_with_one_redis_share_and_those_with_other_prefixes_do_not() {
    let Some(settings) = shared() else { return };
    let (one, other) = (open(&settings).await, open(&settings).await);
    let stranger = open(&at(settings.url.as_ref().unwrap().expose())).await;
    let bucket = [bucket("a", HOUR, 2)];
    assert_eq!(take(&one, &bucket).await.remaining, 1);
    assert_eq!(take(&other, &bucket).await.remaining, 0);
    assert!(take(&one, &bucket).await.wait.is_some());
    assert_eq!(take(&stranger, &bucket).await.remaining, 1);
}

#[tokio::test]
async fn without_an_answer_this_process_counts_alone_and_nobody_waits() {
    // Connections are taken by the system, and nobody ever reads from them.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = gone.local_addr().unwrap();
    drop(gone);
    for address in [silent.local_addr().unwrap(), nobody] {
        let settings = RedisSettings { timeout_ms: 50, ..at(&format!("redis://{address}")) };
        let limiter = open(&settings).await;
        let began = Instant::now();
        let one = [bucket("a", HOUR, 100)];
        for left in (0..100).rev() {
            assert_eq!(take(&limiter, &one).await.remaining, left);
        }
        assert!(take(&limiter, &one).await.wait.is_some());
        assert!(began.elapsed() < SECOND * 5, "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_url_that_is_none_is_refused_before_anything_starts() {
    let settings =
        RedisSettings { url: Some(Secret::new("http://:hunter2@host")), ..RedisSettings::default() };
    let error = Limiter::open(&settings, most()).await.err().unwrap().to_string();
    assert!(error.contains("`redis.url`") && !error.contains("hunter2"), "{error}");
}
