//! Runs through the engine: what is said, what is stored, and every way they end.

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use quarry_core::Fault;
use quarry_engine::{
    Engine,
    agent::{
        AgentDefinition, AgentEvent, AskRequest, Budgets, NewAgent, RunAnswer, RunRequest, Style, tool::Tool,
        toolset::Fixed,
    },
};
use quarry_models::ChatModels;
use quarry_store::RunState;
use serde_json::json;

use crate::{
    script::{Counted, Reply, Scripted, SmallSearch, all, is_last, told},
    world::{World, access, collection, put, stop, upload},
};

const BRIDGE: &str =
    "The Ostrava bridge is a road bridge. It was opened in 1931 by the mayor. Its length is 240 metres.";
const MILL: &str = "The paper mill burned down twice. Nobody was hurt. It was rebuilt with brick walls.";

async fn engine(world: &World, chat: ChatModels, tools: Vec<Arc<dyn Tool>>) -> Engine {
    let engine = world.engine_of(chat, Arc::new(Fixed(tools))).await;
    put(&engine, vec![upload("bridge", BRIDGE), upload("mill", MILL)]).await;
    engine
}

async fn agent(engine: &Engine, change: impl FnOnce(&mut AgentDefinition)) {
    let mut definition = AgentDefinition { tools: vec!["search".to_owned()], ..AgentDefinition::default() };
    change(&mut definition);
    engine.agents().add(&access(), NewAgent { name: "guide".to_owned(), definition }).await.unwrap();
}

fn ask(input: &str) -> RunRequest {
    RunRequest { agent: Some("guide".to_owned()), ..RunRequest::new(input) }
}

async fn events(engine: &Engine, request: RunRequest) -> Vec<AgentEvent> {
    let handle = engine.run(&access(), request).await.unwrap();
    all(handle.events(0)).await
}

fn answer(events: &[AgentEvent]) -> &RunAnswer {
    match events.last() {
        Some(AgentEvent::Finished(answer)) => answer,
        other => panic!("no answer but {other:?}"),
    }
}

fn search(query: &str) -> (&'static str, serde_json::Value) {
    ("search", json!({"query": query}))
}

#[tokio::test(flavor = "multi_thread")]
async fn both_styles_say_and_store_the_same() {
    let mut traces = Vec::new();
    for style in [Style::Native, Style::React] {
        let world = World::new();
        let model = match style {
            Style::Native => Scripted::native(vec![
                Reply::Calls("I will look.", vec![search("bridge opened")]),
                Reply::Text(&["The bridge was opened", " in 1931 [1]."]),
            ]),
            _ => Scripted::textual(vec![
                Reply::Text(&[
                    "Thought: I will look.\nAction: search\nAction",
                    " Input: {'query': 'bridge opened'}",
                ]),
                Reply::Text(&["Final Answer: The bridge was opened", " in 1931 [1]."]),
            ]),
        };
        let engine = engine(&world, model.models(), vec![SmallSearch::tool()]).await;
        agent(&engine, |_| {}).await;
        let said = events(&engine, ask("When was the bridge opened?")).await;
        let answer = answer(&said).clone();
        assert!(answer.answered && !answer.degraded && answer.sentences[0].supported, "{answer:?}");
        assert_eq!(answer.citations[0].quote, "It was opened in 1931 by the mayor.");
        assert_eq!((answer.steps, answer.usage.prompt_tokens), (2, 200));
        assert!((answer.cost - 240e-6).abs() < 1e-12);
        let stored = engine.runs().get(&access(), answer.run_id).await.unwrap();
        assert_eq!((stored.state, stored.steps, stored.prompt_tokens), (RunState::Finished, 2, 200));
        let again = all(engine.runs().events(&access(), answer.run_id, 0).await.unwrap()).await;
        assert_eq!(again, said, "the store tells what was told");
        let replay = engine.runs().replay(&access(), answer.run_id).await.unwrap();
        assert_eq!(replay.difference, None, "{style:?}");
        assert!(replay.same >= 8);
        traces.push(told(&said).into_iter().filter(|event| event != "said I will look.").collect::<Vec<_>>());
        stop(engine).await;
    }
    assert_eq!(traces[0], traces[1]);
    assert_eq!(
        traces[0],
        [
            "started scripted",
            "step 1",
            "thought I will look.",
            "end 1",
            "called search {\"query\":\"bridge opened\"}",
            "returned true",
            "retrieved 2",
            "step 2",
            "said The bridge was opened in 1931 [1].",
            "end 2",
            "finished The bridge was opened in 1931 [1].",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tool_says_is_marked_as_data() {
    let world = World::new();
    let model = Scripted::native(vec![
        Reply::Calls("", vec![search("mill")]),
        Reply::Text(&["It burned down twice [1]."]),
    ]);
    let engine = engine(&world, model.models(), vec![SmallSearch::tool()]).await;
    agent(&engine, |definition| definition.instructions = "Be brief.".to_owned()).await;
    events(&engine, ask("What happened to the mill?")).await;
    let read = model.read(1);
    assert!(read.starts_with("search:\n<<<data ") && read.contains("burned down"), "{read}");
    let first = model.asked.lock()[0].clone();
    let system = &first.messages[0].content;
    let mark = read.split_whitespace().nth(2).unwrap();
    assert!(system.contains(mark.trim_end_matches(">>>")) && system.contains("Be brief."));
    assert_eq!(first.tools.len(), 1);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_go_back_to_the_model_as_sentences() {
    let world = World::new();
    let model = Scripted::native(vec![
        Reply::Raw("search", "{\"query\": "),
        Reply::Calls("", vec![("search", json!({"query": 5}))]),
        Reply::Calls("", vec![("delete_everything", json!({}))]),
        Reply::Calls("", vec![("broken", json!({}))]),
        Reply::Text(&["The documents do not answer this. Nothing was found."]),
    ]);
    let broken = Counted::new("broken", Err("the server said no"));
    let engine = engine(&world, model.models(), vec![SmallSearch::tool(), broken.clone()]).await;
    agent(&engine, |definition| definition.tools.push("broken".to_owned())).await;
    let said = events(&engine, ask("Who built it?")).await;
    assert!(!answer(&said).answered);
    for (request, part) in
        [(1, "not JSON"), (2, "`/query`"), (3, "the tools are: search, broken"), (4, "the server said no")]
    {
        assert!(model.read(request).contains(part), "{}", model.read(request));
    }
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_no_model_answers_the_quotes_do() {
    for script in [
        vec![Reply::Down],
        vec![Reply::Cut("The bridge was op")],
        vec![Reply::Calls("", vec![search("bridge")]), Reply::Cut("The bri")],
        vec![Reply::Text(&[""]), Reply::Text(&[]), Reply::Text(&[" "])],
    ] {
        let world = World::new();
        let model = Scripted::native(script);
        let engine = engine(&world, model.models(), vec![SmallSearch::tool()]).await;
        agent(&engine, |_| {}).await;
        let said = events(&engine, ask("When was the Ostrava bridge opened?")).await;
        let answer = answer(&said);
        assert!(answer.degraded && answer.degraded_reason.is_some() && answer.answered, "{answer:?}");
        assert!(answer.text.contains("1931") && answer.model == "extractive", "{answer:?}");
        assert!(!answer.citations.is_empty());
        assert!(said.iter().any(|event| matches!(event, AgentEvent::Degraded { .. })));
        let replay = engine.runs().replay(&access(), answer.run_id).await.unwrap();
        assert_eq!(replay.difference, None);
        stop(engine).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_model_the_quotes_answer_and_nothing_is_degraded() {
    let world = World::new();
    let engine = engine(&world, ChatModels::default(), vec![SmallSearch::tool()]).await;
    let said = events(&engine, RunRequest::new("When was the Ostrava bridge opened?")).await;
    let found = answer(&said);
    assert!(!found.degraded && found.answered && found.model == "extractive");
    assert!(
        found.sentences.iter().all(|sentence| sentence.supported && !sentence.citations.is_empty()),
        "{found:?}"
    );
    assert!(found.citations.iter().all(|citation| found.text.contains(&citation.quote)), "{found:?}");
    let handle = engine
        .ask_stream(&access(), AskRequest::new(collection(), "Who is the king of Mars?"))
        .await
        .unwrap();
    let said = all(handle.events(0)).await;
    assert!(!answer(&said).answered);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_takes_one_retrieval_and_one_reply() {
    let world = World::new();
    let model =
        Scripted::native(vec![Reply::Text(&["It was opened in ", "1931 [1], not [8]."]), Reply::Down]);
    let engine = engine(&world, model.models(), Vec::new()).await;
    let question = || AskRequest::new(collection(), "When was the Ostrava bridge opened?");
    let said = all(engine.ask_stream(&access(), question()).await.unwrap().events(0)).await;
    let found = answer(&said);
    assert_eq!(found.text, "It was opened in 1931 [1], not.");
    assert!(found.answered && found.citations.len() == 1 && found.steps == 1);
    assert_eq!(told(&said)[..3], ["started scripted", "retrieved 2", "step 1"]);
    assert!(model.read(0).contains("Question: When was") && model.read(0).contains("<<<data"));
    let replay = engine.runs().replay(&access(), found.run_id).await.unwrap();
    assert_eq!(replay.difference, None);
    let said = all(engine.ask_stream(&access(), question()).await.unwrap().events(0)).await;
    assert!(answer(&said).degraded && answer(&said).answered);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_and_each_budget_end_with_an_answer_that_says_so() {
    for (change, expected) in [
        (Budgets { steps: 3, ..Budgets::default() }, "steps"),
        (Budgets { tool_calls: 2, ..Budgets::default() }, "tool_calls"),
        (Budgets { tokens: 2_200, ..Budgets::default() }, "tokens"),
        (Budgets { cost: Some(0.0003), ..Budgets::default() }, "cost"),
        (Budgets { steps: 50, ..Budgets::default() }, "loop"),
    ] {
        let world = World::new();
        let looping = expected == "loop";
        let model = Scripted::improvising(move |request, turn| {
            if is_last(request) {
                return Reply::Text(&["It was opened in 1931 [1]."]);
            }
            let query = if looping { "bridge".to_owned() } else { format!("bridge {turn}") };
            Reply::Calls("", vec![("search", json!({ "query": query }))])
        });
        let engine = engine(&world, model.models(), vec![SmallSearch::tool()]).await;
        agent(&engine, |definition| definition.budgets = change).await;
        let said = events(&engine, ask("When was the bridge opened?")).await;
        let found = answer(&said);
        assert_eq!(found.stopped_by.as_deref(), Some(expected), "{found:?}");
        assert!(found.text.contains("1931") && found.answered, "{found:?}");
        let replay = engine.runs().replay(&access(), found.run_id).await.unwrap();
        assert!(replay.difference.is_none() || expected == "cost", "{expected}: {:?}", replay.difference);
        stop(engine).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_stalls_is_ended_by_time() {
    let world = World::new();
    let model = Scripted::native(vec![Reply::Stall("The bri"), Reply::Stall("")]);
    let engine = engine(&world, model.models(), vec![SmallSearch::tool()]).await;
    agent(&engine, |definition| definition.budgets.seconds = 1).await;
    let said = events(&engine, ask("When was the Ostrava bridge opened?")).await;
    let found = answer(&said);
    assert_eq!(found.stopped_by.as_deref(), Some("seconds"));
    assert!(found.degraded && found.answered && found.text.contains("1931"));
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_away_ends_the_run_and_the_providers_call() {
    let world = World::new();
    let model = Scripted::native(vec![Reply::Stall("The bridge")]);
    let engine = engine(&world, model.models(), vec![SmallSearch::tool()]).await;
    agent(&engine, |_| {}).await;
    let handle = engine.run(&access(), ask("When?")).await.unwrap();
    let id = handle.run_id();
    let mut events = handle.events(0);
    while let Some((_, event)) = events.next().await {
        if matches!(event, AgentEvent::Said { .. }) {
            break;
        }
    }
    assert_eq!(model.open.load(std::sync::atomic::Ordering::SeqCst), 1);
    drop((events, handle));
    let state = || async { engine.runs().get(&access(), id).await.unwrap().state };
    for _ in 0..400 {
        if state().await == RunState::Cancelled {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(state().await, RunState::Cancelled);
    let rest = all(engine.runs().events(&access(), id, 0).await.unwrap()).await;
    assert_eq!(told(&rest).last().unwrap(), "failed run_cancelled");
    assert_eq!(model.open.load(std::sync::atomic::Ordering::SeqCst), 0);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_comes_back_hears_the_rest() {
    let world = World::new();
    let model = Scripted::native(vec![
        Reply::Calls("", vec![search("bridge")]),
        Reply::Text(&["It was opened", " in 1931", " [1]."]),
    ]);
    let engine = engine(&world, model.models(), vec![SmallSearch::tool()]).await;
    agent(&engine, |_| {}).await;
    let handle = engine.run(&access(), RunRequest { resumable: true, ..ask("When?") }).await.unwrap();
    let id = handle.run_id();
    let mut first = handle.events(0);
    let mut heard = Vec::new();
    for _ in 0..4 {
        heard.push(first.next().await.unwrap());
    }
    drop((first, handle));
    let last = heard.last().unwrap().0;
    let mut rest = engine.runs().events(&access(), id, last).await.unwrap();
    while let Some(event) = rest.next().await {
        heard.push(event);
    }
    let whole: Vec<_> = engine.runs().events(&access(), id, 0).await.unwrap().collect().await;
    assert_eq!(heard, whole);
    assert!(whole.windows(2).all(|pair| pair[0].0 < pair[1].0));
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_waits_for_approval_over_a_restart() {
    let world = World::new();
    let model = || {
        Scripted::native(vec![Reply::Calls("", vec![("pay", json!({"x": "5"})), ("pay", json!({"x": "6"}))])])
    };
    let pay = Counted::new("pay", Ok("paid 5 euros"));
    let first = engine(&world, model().models(), vec![pay.clone()]).await;
    agent(&first, |definition| {
        definition.tools = vec!["pay".to_owned()];
        definition.approve = vec!["pay".to_owned()];
    })
    .await;
    let handle = first.run(&access(), RunRequest { keep: false, ..ask("Pay") }).await.unwrap();
    let id = handle.run_id();
    let said = all(handle.events(0)).await;
    assert_eq!(
        told(&said)[3..],
        ["called pay {\"x\":\"5\"}", "called pay {\"x\":\"6\"}", "asks call_1_1", "asks call_1_2"]
    );
    assert_eq!((pay.count(), first.runs().get(&access(), id).await.unwrap().state), (0, RunState::Waiting));
    stop(first).await;

    let next = Scripted::native(vec![Reply::Text(&["The tool paid 5 euros."])]);
    let second = world.engine_of(next.models(), Arc::new(Fixed(vec![pay.clone()]))).await;
    let unknown = second.runs().decide(&access(), id, "call_9_9", true).await.unwrap_err();
    assert_eq!(unknown.code(), "call_not_found");
    let still = second.runs().decide(&access(), id, "call_1_1", true).await.unwrap();
    assert_eq!(told(&all(still.events(0)).await).last().unwrap(), "decided true");
    let goes = second.runs().decide(&access(), id, "call_1_2", false).await.unwrap();
    let said = all(goes.events(0)).await;
    assert!(answer(&said).text.contains("paid") && pay.count() == 1);
    let asked = next.asked.lock().clone();
    let read: Vec<&str> = asked[0].messages.iter().map(|message| message.content.as_str()).collect();
    assert!(read.iter().any(|text| text.contains("a person refused this call")));
    assert_eq!(second.runs().get(&access(), id).await.unwrap().state, RunState::Finished);
    let twice = second.runs().decide(&access(), id, "call_1_1", true).await.unwrap_err();
    assert_eq!(twice.code(), "run_not_waiting");
    let replay = second.runs().replay(&access(), id).await.unwrap();
    assert_eq!(replay.difference, None);
    stop(second).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_run_can_be_cancelled() {
    let world = World::new();
    let model = Scripted::native(vec![Reply::Calls("", vec![("pay", json!({}))])]);
    let pay = Counted::new("pay", Ok("paid"));
    let engine = engine(&world, model.models(), vec![pay.clone()]).await;
    agent(&engine, |definition| {
        definition.tools = vec!["pay".to_owned()];
        definition.approve = vec!["pay".to_owned()];
    })
    .await;
    let handle = engine.run(&access(), ask("Pay")).await.unwrap();
    let id = handle.run_id();
    handle.last().await;
    engine.runs().cancel(&access(), id).await.unwrap();
    engine.runs().events(&access(), id, 0).await.unwrap().for_each(|_| async {}).await;
    assert_eq!(engine.runs().get(&access(), id).await.unwrap().state, RunState::Cancelled);
    assert_eq!(pay.count(), 0);
    engine.runs().erase(&access(), id).await.unwrap();
    assert_eq!(engine.runs().get(&access(), id).await.unwrap_err().code(), "run_not_found");
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_remembers_its_turns_and_facts_their_user() {
    let world = World::new();
    let model = Scripted::native(vec![Reply::Text(&["Hello Ada."]), Reply::Text(&["You are Ada."])]);
    let engine = engine(&world, model.models(), vec![SmallSearch::tool()]).await;
    agent(&engine, |_| {}).await;
    let session = engine.sessions().add(&access(), Some("guide"), None).await.unwrap();
    let turn = |input: &str| RunRequest { session: Some(session.id), ..ask(input) };
    events(&engine, turn("My name is Ada")).await;
    engine.facts().add(&access(), "The user is called Ada.", Some(session.id)).await.unwrap();
    let said = events(&engine, turn("Who am I?")).await;
    assert!(answer(&said).answered, "a remembered fact needs no number");
    let asked = model.asked.lock()[1].clone();
    let contents: Vec<&str> = asked.messages[1..].iter().map(|message| message.content.as_str()).collect();
    assert_eq!(contents, ["My name is Ada", "Hello Ada.", "Who am I?"]);
    assert!(asked.messages[0].content.contains("- The user is called Ada."));
    let export = engine.sessions().export(&access(), session.id).await.unwrap();
    assert_eq!(export.session.title, "My name is Ada");
    assert_eq!(export.messages.len(), 4);
    let stranger = quarry_core::Access::owner(
        quarry_core::TenantId::ROOT,
        quarry_core::Actor::Key("stranger".to_owned()),
    );
    assert_eq!(engine.sessions().get(&stranger, session.id).await.unwrap_err().code(), "session_not_found");
    assert!(
        engine.facts().list(&stranger, &quarry_core::PageRequest::default()).await.unwrap().items.is_empty()
    );
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_turns_become_notes_once() {
    let world = World::new();
    let model = Scripted::improvising(|request, _| {
        if request.messages[0].content.contains("notes of a conversation") {
            return Reply::Text(&["Ada wants to know about bridges."]);
        }
        Reply::Text(&["Understood. Do you want to know more?"])
    });
    let engine = engine(&world, model.models(), vec![SmallSearch::tool()]).await;
    agent(&engine, |_| {}).await;
    let session = engine.sessions().add(&access(), None, None).await.unwrap();
    let long = "I would like to know about bridges. ".repeat(120);
    for _ in 0..9 {
        events(&engine, RunRequest { session: Some(session.id), ..ask(&long) }).await;
    }
    let mut summary = String::new();
    for _ in 0..200 {
        summary = engine.sessions().get(&access(), session.id).await.unwrap().summary;
        if !summary.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(summary, "Ada wants to know about bridges.");
    let noted = model
        .asked
        .lock()
        .iter()
        .filter(|request| request.messages[0].content.contains("notes of a"))
        .count();
    assert!(noted <= 2, "notes are kept, not made again with each turn");
    events(&engine, RunRequest { session: Some(session.id), ..ask("And now?") }).await;
    let asked = model.asked.lock().iter().rev().find(|request| !request.tools.is_empty()).cloned().unwrap();
    assert!(asked.messages[0].content.contains("Ada wants to know about bridges."));
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_have_versions_and_runs_name_theirs() {
    let world = World::new();
    let model = Scripted::native(vec![Reply::Text(&["Hello."]), Reply::Text(&["Hello."])]);
    let engine = engine(&world, model.models(), vec![SmallSearch::tool()]).await;
    agent(&engine, |_| {}).await;
    let said = events(&engine, ask("Hi")).await;
    let changed = AgentDefinition { instructions: "Be kind.".to_owned(), ..AgentDefinition::default() };
    let agents = engine.agents();
    let second = agents.update(&access(), "guide", Some(1), None, changed.clone()).await.unwrap();
    assert_eq!(second.version, 2);
    let late = agents.update(&access(), "guide", Some(1), None, changed).await.unwrap_err();
    assert_eq!(late.code(), "agent_changed");
    let run = engine.runs().get(&access(), answer(&said).run_id).await.unwrap();
    assert_eq!((run.version, run.agent.as_str()), (1, "guide"));
    assert_eq!(agents.version(&access(), second.id, 1).await.unwrap().definition.instructions, "");
    // A run is replayed with its own version.
    assert_eq!(engine.runs().replay(&access(), run.id).await.unwrap().difference, None);
    let default = agents.get(&access(), "default").await.unwrap();
    assert_eq!(agents.get(&access(), &default.id.to_string()).await.unwrap().name, "default");
    assert_eq!(agents.remove(&access(), "default").await.unwrap_err().code(), "invalid_agent");
    let listed = agents.list(&access(), &quarry_core::PageRequest::default()).await.unwrap();
    assert_eq!(
        listed.items.iter().map(|agent| agent.name.as_str()).collect::<Vec<_>>(),
        ["default", "guide"]
    );
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_narrows_and_never_widens() {
    let world = World::new();
    let model = Scripted::native(vec![]);
    let engine = engine(&world, model.models(), vec![SmallSearch::tool()]).await;
    agent(&engine, |_| {}).await;
    let wider = RunRequest { collections: Some(vec!["secret".parse().unwrap()]), ..ask("Hi") };
    assert_eq!(engine.run(&access(), wider).await.unwrap_err().code(), "collection_outside_agent");
    assert_eq!(engine.run(&access(), ask("  ")).await.unwrap_err().code(), "invalid_run");
    let unknown = RunRequest { model: Some("gpt-9".to_owned()), ..ask("Hi") };
    assert_eq!(engine.run(&access(), unknown).await.unwrap_err().code(), "unknown_chat_model");
    let nobody = RunRequest { agent: Some("nobody".to_owned()), ..ask("Hi") };
    assert_eq!(engine.run(&access(), nobody).await.unwrap_err().code(), "agent_not_found");
    stop(engine).await;
}
