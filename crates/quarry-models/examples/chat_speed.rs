//! CPU and time of chat calls against a scripted server in the same process: what the adapter and its decorators cost.
//!
//! `cargo run --example chat_speed` prints a line for short calls and one for long streams. The server's own CPU is in
//! the numbers.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "it is run by hand and prints its result")]

use std::time::{Duration, Instant};

use quarry_models::{
    ChatMessage, ChatModelSettings, ChatRequest, ChatSettings,
    chat::{Role, complete},
    open_chat,
    testing::{ChatServer, Play},
};

/// CPU time of this process, from the kernel's count in hundredths of a second.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}

async fn measure(what: &str, play: Play, calls: u32, tokens: u32) {
    let server = ChatServer::fast(move |_| play.clone()).await;
    let base_url = Some(server.url());
    let settings = ChatModelSettings { base_url, ..ChatModelSettings::new("openai", "scripted") };
    let settings = ChatSettings { default: None, models: [("scripted".to_owned(), settings)].into() };
    let model = open_chat(&settings).unwrap().find(None).unwrap().unwrap();
    let messages = vec![ChatMessage::text(Role::User, "x".repeat(4000))];
    let request = ChatRequest { messages, ..ChatRequest::default() };
    complete(&*model, &request).await.unwrap();
    let (begun, used) = (Instant::now(), cpu());
    for _ in 0..calls {
        complete(&*model, &request).await.unwrap();
    }
    let (took, used) = (begun.elapsed(), cpu().saturating_sub(used));
    println!(
        "{what}: {:?} and {:?} of CPU a call, {:?} of CPU a token",
        took / calls,
        used / calls,
        used / (calls * tokens)
    );
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    measure("20 tokens", Play::text(&["word "; 20]), 3000, 20).await;
    measure("2000 tokens", Play::text(&["word "; 2000]), 100, 2000).await;
}
