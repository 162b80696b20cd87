//! The tools of agents, over documents of several collections and tenants.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use quarry_core::{Access, Actor, CollectionName, Document, Fault, Filter, RunId, TenantId};
use quarry_engine::{
    Engine,
    agent::{
        definition::AgentDefinition,
        source::Sources,
        tool::{MOST_CHARACTERS, Tool, ToolContext, ToolFailure, ToolOutput},
        tools::Toolbox,
        toolset::ToolSource as _,
    },
    generations::Change,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::world::{World, access, collection, put, settle, stop, upload};

/// An agent's run, as far as tools see it.
struct Run {
    engine: Engine,
    access: Access,
    user: &'static str,
    agent: AgentDefinition,
    sources: Sources,
    cancel: CancellationToken,
    filter: Option<Filter>,
    seconds: u64,
}

impl Run {
    fn new(engine: &Engine) -> Self {
        Self {
            engine: engine.clone(),
            access: access(),
            user: "ada",
            agent: AgentDefinition::default(),
            sources: Sources::default(),
            cancel: CancellationToken::new(),
            filter: None,
            seconds: 30,
        }
    }

    fn reading(mut self, collections: &[&str]) -> Self {
        self.agent.collections = collections.iter().map(|name| name.parse().unwrap()).collect();
        self
    }

    async fn call(&self, tool: &str, arguments: Value) -> Result<ToolOutput, ToolFailure> {
        let context = ToolContext {
            engine: &self.engine,
            access: &self.access,
            user: self.user,
            agent: &self.agent,
            filter: self.filter.as_ref(),
            run: RunId::new(),
            sources: &self.sources,
            deadline: Instant::now() + Duration::from_secs(self.seconds),
            cancel: &self.cancel,
        };
        let output = tool_named(tool).await.call(&context, &arguments).await?;
        assert!(output.text.chars().count() <= MOST_CHARACTERS);
        Ok(output)
    }

    async fn text(&self, tool: &str, arguments: Value) -> String {
        self.call(tool, arguments).await.unwrap().text
    }

    async fn refusal(&self, tool: &str, arguments: Value) -> String {
        self.call(tool, arguments).await.unwrap_err().0
    }
}

async fn tool_named(name: &str) -> Arc<dyn Tool> {
    let agent = AgentDefinition { tools: vec![name.to_owned()], ..AgentDefinition::default() };
    Toolbox::new().select(&agent).await.unwrap().remove(0)
}

async fn put_in(engine: &Engine, name: &str, source: &str, text: &str) -> Document {
    let name: CollectionName = name.parse().unwrap();
    if name != collection() {
        let _ = engine.collections().add(&access(), &name, String::new(), Change::default()).await;
    }
    let added = engine.documents().add(&access(), &name, vec![upload(source, text)]).await.unwrap();
    settle(engine, &added).await.remove(0)
}

#[tokio::test]
async fn every_schema_is_a_closed_object() {
    let toolbox = Toolbox::new();
    let agent = AgentDefinition { tools: toolbox.names(), ..AgentDefinition::default() };
    let tools = toolbox.select(&agent).await.unwrap();
    assert_eq!(tools.len(), 7);
    for tool in tools {
        let spec = tool.spec();
        assert_eq!(spec.parameters["type"], "object", "{}", spec.name);
        assert_eq!(spec.parameters["additionalProperties"], false, "{}", spec.name);
        for name in spec.parameters["required"].as_array().into_iter().flatten() {
            assert!(spec.parameters["properties"][name.as_str().unwrap()].is_object(), "{}", spec.name);
        }
    }
}

#[tokio::test]
async fn an_unknown_tool_is_refused_with_those_there_are() {
    let agent = AgentDefinition { tools: vec!["shell".to_owned()], ..AgentDefinition::default() };
    let Err(error) = Toolbox::new().select(&agent).await else { panic!("there is no shell") };
    assert_eq!((error.code(), error.pointer().as_deref()), ("unknown_tool", Some("/tools")));
    assert!(error.to_string().contains("`shell`; there are calculate, current_time"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_merges_the_agents_collections_and_numbers_what_it_finds() {
    let world = World::new();
    let engine = world.engine().await;
    put(&engine, vec![upload("otters", "Otters swim in clear rivers.")]).await;
    put_in(&engine, "birds", "heron", "Herons hunt in shallow rivers.").await;
    put_in(&engine, "secret", "plan", "The rivers plan is secret.").await;
    let run = Run::new(&engine).reading(&["default", "birds", "gone"]);
    let output = run.call("search", json!({"query": "rivers", "k": 20})).await.unwrap();
    assert_eq!(output.sources, [1, 2]);
    let sources: Vec<_> = run.sources.all().into_iter().map(|source| source.source).collect();
    assert_eq!(sources, ["otters", "heron"], "by rank, then in the agent's order");
    assert!(output.text.starts_with("[1] "), "{}", output.text);
    assert!(output.text.contains("Herons hunt") && !output.text.contains("secret"), "{}", output.text);

    let again = run.call("search", json!({"query": "herons", "collection": "birds"})).await.unwrap();
    assert_eq!(again.sources, [2], "a known passage keeps its number");
    let filter = json!({"exists": {"field": "year"}});
    let none = run.call("search", json!({"query": "rivers", "filter": filter})).await.unwrap();
    assert!(none.sources.is_empty() && none.text.starts_with("No passage matches"));
    let history = engine.history().list(&access(), None, &quarry_core::PageRequest::default()).await.unwrap();
    assert!(history.items.is_empty(), "a tool's searches are the run's, not the history's");
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_outside_is_answered_like_what_is_not_there() {
    let world = World::new();
    let engine = world.engine().await;
    put(&engine, vec![upload("otters", "Otters swim.")]).await;
    let hidden = put_in(&engine, "secret", "plan", "The plan.").await;
    let run = Run::new(&engine);
    let foreign = put_in(&engine, "default", "mine", "Mine.").await;
    let stranger = Run {
        access: Access::owner(TenantId::new(), Actor::Key("stranger".to_owned())),
        ..Run::new(&engine)
    };
    for tool in ["search", "list_documents"] {
        let ask = |name: &str| match tool {
            "search" => json!({"query": "plan", "collection": name}),
            _ => json!({"collection": name}),
        };
        let (outside, missing) =
            (run.refusal(tool, ask("secret")).await, run.refusal(tool, ask("nothing")).await);
        assert_eq!(outside.replace("secret", "nothing"), missing, "{tool}");
        let elsewhere = stranger.refusal(tool, ask("default")).await;
        assert_eq!(elsewhere.replace("default", "nothing"), missing, "{tool}");
    }
    let nobody = quarry_core::DocumentId::new();
    let missing = run.refusal("read_document", json!({"document_id": nobody.to_string()})).await;
    assert_eq!(missing, format!("there is no document `{nobody}`"));
    for (run, id) in [(&run, hidden.id), (&stranger, foreign.id)] {
        let refusal = run.refusal("read_document", json!({"document_id": id.to_string()})).await;
        assert_eq!(refusal, missing.replace(&nobody.to_string(), &id.to_string()));
    }
    assert_eq!(run.refusal("read_document", json!({"document_id": "x"})).await, "there is no document `x`");
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_document_is_read_to_its_end_in_exact_spans() {
    let world = World::new();
    let engine = world.engine().await;
    let paragraph =
        |word: &str| format!("{word} part. {}", format!("The {word} matter is löng. ").repeat(120));
    let words = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"];
    let text = words.map(paragraph).join("\n\n");
    let document = put(&engine, vec![upload("long", &text)]).await.remove(0);
    let run = Run::new(&engine);
    let mut start = Some(0_u32);
    let mut calls = 0;
    while let Some(at) = start {
        let id = document.id.to_string();
        let output = run.text("read_document", json!({"document_id": id, "start": at})).await;
        start = output.rsplit_once("start = ").map(|(_, next)| next.trim_end_matches(')').parse().unwrap());
        calls += 1;
        assert!(calls < 10, "{output}");
    }
    assert!(calls >= 2);
    let whole: Vec<char> = engine.documents().text(&access(), document.id).await.unwrap().chars().collect();
    let mut covered = vec![false; whole.len()];
    for source in run.sources.all() {
        let (start, end) = (source.span.start as usize, source.span.end as usize);
        assert_eq!(source.text, whole[start..end].iter().collect::<String>());
        covered[start..end].fill(true);
    }
    let lost: String = whole
        .iter()
        .zip(&covered)
        .filter(|(_, covered)| !**covered)
        .map(|(character, _)| *character)
        .collect();
    assert_eq!(lost.trim(), "", "all of it was read");

    let around = run.call("read_document", json!({"source": 3, "around": 1})).await.unwrap();
    assert_eq!(around.sources.len(), 3);
    let past = run.text("read_document", json!({"source": 1, "start": 10_000_000})).await;
    assert!(past.starts_with("There is no text from character 10000000 on"), "{past}");
    let page = run.text("read_document", json!({"source": 1, "page": 2})).await;
    assert_eq!(page, "The document has no pages; read it without `page`.");
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_read_alone() {
    let world = World::new();
    let engine = world.engine().await;
    let pdf = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/annual-report-2025.pdf");
    let mut upload = upload("pages", "");
    upload.name = "pages.pdf".to_owned();
    upload.bytes = std::fs::read(pdf).unwrap().into();
    let document = put(&engine, vec![upload]).await.remove(0);
    let pages = document.pages.unwrap_or_default();
    let run = Run::new(&engine);
    let id = document.id.to_string();
    let first = run.call("read_document", json!({"document_id": id, "page": 1})).await.unwrap();
    assert!(run.sources.all().iter().all(|source| source.page == Some(1)), "{}", first.text);
    let beyond = run.text("read_document", json!({"document_id": id, "page": pages + 1})).await;
    assert_eq!(beyond, format!("Page {} has no text; the document has {pages} pages.", pages + 1));
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_in_reading_are_sentences() {
    let world = World::new();
    let engine = world.engine().await;
    let run = Run::new(&engine);
    let id = quarry_core::DocumentId::new().to_string();
    let cases = [
        (json!({}), "say which document"),
        (json!({"document_id": id, "source": 1}), "not by both"),
        (json!({"source": 7}), "there is no passage [7] in this run"),
        (json!({"document_id": id, "around": 1}), "needs `source`"),
        (json!({"document_id": id, "page": 1, "start": 5}), "not several"),
        (json!({"document_id": id, "lines": 1}), "unknown field `lines`"),
    ];
    for (arguments, expected) in cases {
        let refusal = run.refusal("read_document", arguments).await;
        assert!(refusal.contains(expected), "{refusal}");
    }
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_listed_over_collections_and_pages() {
    let world = World::new();
    let engine = world.engine().await;
    let uploads =
        (0..30).map(|n| upload(&format!("report-{n:02}"), &format!("Report number {n}."))).collect();
    put(&engine, uploads).await;
    put_in(&engine, "birds", "heron", "Herons hunt.").await;
    put_in(&engine, "secret", "plan", "The plan.").await;
    let run = Run::new(&engine).reading(&["default", "birds"]);
    let first = run.text("list_documents", json!({})).await;
    assert_eq!(first.matches("\n- ").count() + 1, 25);
    let (_, cursor) = first.rsplit_once("cursor = ").unwrap();
    let second = run.text("list_documents", json!({"cursor": cursor.trim_end_matches(')')})).await;
    assert_eq!(second.lines().count(), 6, "{second}");
    assert!(second.contains("from heron | in birds") && !second.contains("plan"), "{second}");

    let named = run.text("list_documents", json!({"title_contains": "REPORT-07"})).await;
    assert_eq!(named.lines().count(), 1, "{named}");
    assert!(named.contains("report-07") && named.ends_with("ready"), "{named}");
    let none = run.text("list_documents", json!({"title_contains": "plan"})).await;
    assert_eq!(none, "There are no such documents.");
    for cursor in ["x", "secret/", "default/!"] {
        let refusal = run.refusal("list_documents", json!({"cursor": cursor})).await;
        assert!(refusal.contains("cursor"), "{refusal}");
    }
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_are_recalled_by_words_and_meaning_by_their_user_alone() {
    let world = World::new();
    let engine = world.engine().await;
    let ada = Run::new(&engine);
    for text in ["Ada prefers answers in metric units.", "Ada works as a geologist.", "Ada has two dogs."] {
        assert_eq!(ada.text("remember", json!({"text": text})).await, "Remembered.");
    }
    let again = ada.text("remember", json!({"text": "ada has two   dogs."})).await;
    assert_eq!(again, "That is remembered already.");
    assert_eq!(ada.text("remember", json!({"text": "Ada has three dogs."})).await, "Remembered.");
    let recalled = ada.text("recall", json!({"query": "Which units does she prefer?"})).await;
    assert_eq!(recalled.lines().next(), Some("- Ada prefers answers in metric units."), "{recalled}");
    let bob = Run { user: "bob", ..Run::new(&engine) };
    let stranger = Run {
        access: Access::owner(TenantId::new(), Actor::Key("stranger".to_owned())),
        ..Run::new(&engine)
    };
    for other in [&bob, &stranger] {
        let found = other.text("recall", json!({"query": "Ada dogs geologist units"})).await;
        assert_eq!(found, "Nothing about that is remembered.");
    }
    let long = ada.refusal("remember", json!({"text": "a".repeat(501)})).await;
    assert_eq!(long, "a fact is one sentence of 1 to 500 characters");
    let mut without = Run::new(&engine);
    without.agent.memory = false;
    assert_eq!(without.refusal("recall", json!({"query": "dogs"})).await, "this agent has no memory");
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sums_and_the_time_need_no_documents() {
    let world = World::new();
    let engine = world.engine().await;
    let run = Run::new(&engine);
    assert_eq!(run.text("calculate", json!({"expression": "3 * 19.99"})).await, "3 * 19.99 = 59.97");
    let refusal = run.refusal("calculate", json!({"expression": "1/0"})).await;
    assert_eq!(refusal, "there is no result: division by zero");
    let now = run.text("current_time", json!({"timezone": "Europe/Berlin"})).await;
    assert!(now.contains("(Europe/Berlin)"), "{now}");
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_ends_with_the_runs_time_and_with_its_caller() {
    let world = World::new();
    let engine = world.engine().await;
    put(&engine, vec![upload("otters", "Otters swim.")]).await;
    let late = Run { seconds: 0, ..Run::new(&engine) };
    let gone = Run::new(&engine);
    gone.cancel.cancel();
    assert_eq!(gone.refusal("search", json!({"query": "otters"})).await, "the run was cancelled");
    let refusal = late.refusal("list_documents", json!({})).await;
    assert_eq!(refusal, "the run's time was over before the tool had answered");
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_caller_narrowed_the_run_to_no_model_can_widen() {
    let world = World::new();
    let engine = world.engine().await;
    let mut public = upload("public", "Otters eat fish in the public river.");
    public.metadata.insert("level".to_owned(), "public".into());
    let mut secret = upload("secret", "Otters eat caviar in the secret river.");
    secret.metadata.insert("level".to_owned(), "secret".into());
    let secret = put(&engine, vec![public, secret]).await.remove(1);
    let filter = serde_json::from_value(json!({"eq": {"field": "level", "value": "public"}})).unwrap();
    let run = Run { filter: Some(filter), ..Run::new(&engine) };
    let wide = json!({"query": "otters eat", "filter": {"exists": {"field": "level"}}});
    for arguments in [json!({"query": "otters eat"}), wide] {
        let found = run.text("search", arguments).await;
        assert!(found.contains("fish") && !found.contains("caviar"), "{found}");
    }
    let listed = run.text("list_documents", json!({})).await;
    assert!(listed.contains("public") && !listed.contains("secret"), "{listed}");
    let refusal = run.refusal("read_document", json!({"document_id": secret.id.to_string()})).await;
    assert_eq!(refusal, format!("there is no document `{}`", secret.id));
    stop(engine).await;
}
