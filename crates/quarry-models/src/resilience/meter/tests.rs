#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::StreamExt;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use parking_lot::Mutex;

use super::Meter;
use crate::{
    chat::{ChatMessage, ChatModel, ChatRequest, FinishReason, Price, Role, Usage, complete},
    chat_error::ChatError,
    testing::{ScriptedChat, Turn, chat_contract, contract_turn},
};

type Values = Arc<Mutex<BTreeMap<String, f64>>>;

/// Keeps the sum of everything that is recorded on this thread.
#[derive(Default)]
struct Kept(Values);

struct Entry(Values, String);

impl Entry {
    fn add(&self, value: f64) {
        *self.0.lock().entry(self.1.clone()).or_default() += value;
    }
}

impl metrics::CounterFn for Entry {
    fn increment(&self, value: u64) {
        self.add(value as f64);
    }

    fn absolute(&self, value: u64) {
        self.add(value as f64);
    }
}

impl metrics::HistogramFn for Entry {
    fn record(&self, value: f64) {
        self.add(value);
    }
}

impl Kept {
    fn entry(&self, key: &Key) -> Arc<Entry> {
        let labels: Vec<&str> = key.labels().map(metrics::Label::value).collect();
        Arc::new(Entry(Arc::clone(&self.0), format!("{} {}", key.name(), labels.join(" "))))
    }

    fn get(&self, key: &str) -> f64 {
        self.0.lock().get(key).copied().unwrap_or_default()
    }
}

impl Recorder for Kept {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.entry(key))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.entry(key))
    }
}

fn metered(turn: Turn) -> Meter {
    let price = Price { input_per_million: 1.0, output_per_million: 4.0 };
    Meter::new(Arc::new(ScriptedChat::playing("m", vec![turn]).priced(price)))
}

fn asking() -> ChatRequest {
    ChatRequest { messages: vec![ChatMessage::text(Role::User, "x".repeat(41))], ..ChatRequest::default() }
}

#[tokio::test(start_paused = true)]
async fn it_keeps_the_contract() {
    chat_contract(&Meter::new(Arc::new(ScriptedChat::answering("m", contract_turn)))).await;
}

#[tokio::test(start_paused = true)]
async fn what_the_provider_counts_is_recorded_with_its_price() {
    let kept = Kept::default();
    let _here = metrics::set_default_local_recorder(&kept);
    let usage = Usage { prompt_tokens: 1000, completion_tokens: 500, estimated: false };
    let turn = Turn::default().wait(Duration::from_secs(2)).say(["a"]).wait(Duration::from_secs(1));
    let reply = complete(&metered(turn.finish_using(FinishReason::Stop, usage)), &asking()).await.unwrap();
    assert_eq!(reply.usage, usage);
    assert_eq!(kept.get("quarry_chat_calls_total m ok") as u64, 1);
    assert_eq!(kept.get("quarry_chat_prompt_tokens_total m") as u64, 1000);
    assert_eq!(kept.get("quarry_chat_completion_tokens_total m") as u64, 500);
    assert_eq!(kept.get("quarry_chat_cost_millionths_total m") as u64, 3000);
    assert!((kept.get("quarry_chat_first_token_seconds m") - 2.0).abs() < 0.01);
    assert!((kept.get("quarry_chat_seconds m") - 3.0).abs() < 0.01);
}

#[tokio::test]
async fn what_it_does_not_count_is_estimated() {
    for none in [Usage { estimated: true, ..Usage::default() }, Usage::default()] {
        let turn = Turn::default()
            .say(["12345", "678"])
            .call("c", "ab", "{}")
            .finish_using(FinishReason::Stop, none);
        let usage = complete(&metered(turn), &asking()).await.unwrap().usage;
        assert_eq!(usage, Usage { prompt_tokens: 11, completion_tokens: 3, estimated: true });
    }
}

#[tokio::test]
async fn errors_and_callers_that_leave_are_recorded_once() {
    let kept = Kept::default();
    let _here = metrics::set_default_local_recorder(&kept);
    let cut = ChatError::cut("m", "late");
    complete(&metered(Turn::failing_after(["12345678"], cut.clone())), &asking()).await.unwrap_err();
    assert_eq!(kept.get("quarry_chat_calls_total m model_cut") as u64, 1);
    assert_eq!(kept.get("quarry_chat_completion_tokens_total m") as u64, 2, "what came was paid for");
    complete(&metered(Turn::refused(cut)), &asking()).await.unwrap_err();
    assert_eq!(kept.get("quarry_chat_calls_total m model_cut") as u64, 2);
    let model = metered(Turn::hanging_after(["1234"]));
    let mut stream = model.chat(&asking()).await.unwrap();
    stream.next().await.unwrap().unwrap();
    stream.next().await.unwrap().unwrap();
    drop(stream);
    assert_eq!(kept.get("quarry_chat_calls_total m cancelled") as u64, 1);
    assert_eq!(kept.get("quarry_chat_prompt_tokens_total m") as u64, 22, "two prompts were read");
}
