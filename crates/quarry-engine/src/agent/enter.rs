//! From a request to a planned run. What is decided here is all that a run may do.

use parking_lot::Mutex;
use quarry_core::{Access, Action, CollectionName, RunId};
use quarry_models::{
    ChatModel, EXTRACTIVE,
    chat::{ChatMessage, Role},
};
use std::sync::Arc;

use super::{
    agents::{AgentView, DEFAULT},
    definition::{AgentDefinition, Style},
    live::RunHandle,
    memory, prompt,
    request::{AskRequest, RunRequest},
    run::{Kind, Memory, Plan, Work},
    source::Sources,
    start,
    toolset::Tools,
};
use crate::{
    engine::{Engine, Inner},
    error::EngineError,
    govern::must,
};

/// The window that is planned with where there is no model.
const NO_WINDOW: u32 = 8_192;

/// Plans a run of an agent and lets it go.
pub(crate) async fn run(
    engine: &Engine,
    access: &Access,
    request: RunRequest,
) -> Result<RunHandle, EngineError> {
    check(&request)?;
    must(access, Action::Run)?;
    let access = &access.for_run();
    let inner = engine.inner();
    let agent = engine.agents().get(access, request.agent.as_deref().unwrap_or(DEFAULT)).await?;
    let definition = narrowed(&agent, request.collections.as_deref())?;
    let (model, missing) = model_of(inner, &definition, request.model.as_deref())?;
    if model.is_some() {
        inner.spending.may_ask(inner, access.tenant()).await?;
    }
    let tools = Tools::new(inner.tools.select(&definition).await?);
    let capabilities = model.as_ref().map(|model| model.info().capabilities);
    let window = capabilities.map_or(NO_WINDOW, |can| can.context_window);
    let memory = remembered(engine, access, &request, &definition, window).await?;
    let plan = Plan {
        run_id: RunId::new(),
        kind: Kind::Agent,
        user: access.actor().to_string(),
        agent_id: Some(agent.id),
        agent: agent.name,
        version: agent.version,
        session_id: request.session,
        react: match definition.style {
            Style::Native => false,
            Style::React => true,
            Style::Auto => capabilities.is_some_and(|can| !can.tools),
        },
        definition,
        filter: request.filter,
        input: request.input,
        model: model.as_ref().map(|model| model.info().name.clone()),
        missing,
        window,
        boundary: prompt::boundary(),
        memory,
        keep: request.keep,
        resumable: request.resumable,
    };
    start::begin(work(engine, access, plan, model, tools))
}

/// Plans one retrieval and one answer and lets it go.
pub(crate) async fn ask(
    engine: &Engine,
    access: &Access,
    request: AskRequest,
) -> Result<RunHandle, EngineError> {
    must(access, Action::Run)?;
    let access = &access.for_run();
    let inner = engine.inner();
    let mut search = request.search;
    search.k = search.k.max(inner.settings.answer.passages);
    crate::retrieve::check(&search)?;
    inner.permitted(access, Action::Run, &search.collection).await?;
    let definition = AgentDefinition {
        collections: vec![search.collection.clone()],
        tools: Vec::new(),
        memory: false,
        ..AgentDefinition::default()
    };
    let (model, missing) = model_of(inner, &definition, request.model.as_deref())?;
    if model.is_some() {
        inner.spending.may_ask(inner, access.tenant()).await?;
    }
    let plan = Plan {
        run_id: RunId::new(),
        kind: Kind::Query,
        user: access.actor().to_string(),
        agent_id: None,
        agent: "query".to_owned(),
        version: 0,
        session_id: None,
        definition,
        filter: search.filter.clone(),
        input: search.query.clone(),
        model: model.as_ref().map(|model| model.info().name.clone()),
        missing,
        react: false,
        window: model.as_ref().map_or(NO_WINDOW, |model| model.info().capabilities.context_window),
        boundary: prompt::boundary(),
        memory: Memory::default(),
        keep: request.keep,
        resumable: request.resumable,
    };
    let mut work = work(engine, access, plan, model, Tools::default());
    work.search = Some(search);
    start::begin(work)
}

fn work(
    engine: &Engine,
    access: &Access,
    plan: Plan,
    model: Option<Arc<dyn ChatModel>>,
    tools: Tools,
) -> Work {
    let run = start::fresh(engine.inner(), (access.tenant(), plan.user.clone()), plan.run_id);
    Work {
        engine: engine.clone(),
        access: access.clone(),
        plan,
        model,
        tools,
        search: None,
        sources: Sources::default(),
        run,
        asked: Mutex::default(),
        again: None,
    }
}

fn check(request: &RunRequest) -> Result<(), EngineError> {
    let wrong = |pointer, problem: String| Err(EngineError::invalid("invalid_run", pointer, problem));
    if request.input.trim().is_empty() {
        return wrong("/input", "the input is empty; say what you want to know".to_owned());
    }
    if request.input.chars().count() > RunRequest::MAX_INPUT {
        return wrong("/input", format!("the input is longer than {} characters", RunRequest::MAX_INPUT));
    }
    if request.history.len() > RunRequest::MAX_HISTORY {
        return wrong("/history", format!("the history has more than {} messages", RunRequest::MAX_HISTORY));
    }
    if let Some(filter) = &request.filter {
        filter.check()?;
    }
    Ok(())
}

/// The agent with fewer collections, never with others.
fn narrowed(agent: &AgentView, wanted: Option<&[CollectionName]>) -> Result<AgentDefinition, EngineError> {
    let mut definition = agent.definition.clone();
    if let Some(wanted) = wanted {
        if let Some(outside) = wanted.iter().find(|name| !definition.collections.contains(name)) {
            let problem = format!("the agent `{}` may not read the collection `{outside}`", agent.name);
            return Err(EngineError::invalid("collection_outside_agent", "/collections", problem));
        }
        definition.collections = wanted.to_vec();
    }
    Ok(definition)
}

/// A model, or none; and the reason where there should have been one.
type Found = (Option<Arc<dyn ChatModel>>, Option<String>);

/// The model, or why there is none. A name that the request gives must be right; one in the agent's definition may have
/// gone from the configuration since, and then the run degrades and says so.
fn model_of(inner: &Inner, definition: &AgentDefinition, wanted: Option<&str>) -> Result<Found, EngineError> {
    match wanted {
        Some(EXTRACTIVE) => return Ok((None, None)),
        Some(wanted) => return Ok((inner.chat.find(Some(wanted))?, None)),
        None => {}
    }
    match inner.chat.find(definition.model.as_deref()) {
        Ok(model) => Ok((model, None)),
        Err(error) => Ok((None, Some(error.to_string()))),
    }
}

async fn remembered(
    engine: &Engine,
    access: &Access,
    request: &RunRequest,
    definition: &AgentDefinition,
    window: u32,
) -> Result<Memory, EngineError> {
    let mut memory = Memory::default();
    let mut caller: Vec<&str> = Vec::new();
    let mut turns: Vec<ChatMessage> = Vec::new();
    for message in &request.history {
        match message.role {
            Role::System => caller.push(&message.content),
            Role::User | Role::Assistant if !message.content.is_empty() => {
                turns.push(ChatMessage::text(message.role, message.content.clone()));
            }
            // Calls that another server made mean nothing here.
            _ => {}
        }
    }
    memory.caller = caller.join("\n");
    if let Some(id) = request.session {
        if !definition.memory {
            let problem = "this agent keeps no memory; run it without a session";
            return Err(EngineError::invalid("invalid_run", "/session", problem));
        }
        let session = engine.sessions().row(access, id).await?;
        let (summary, recent) = memory::recent(engine.inner(), &session, window).await?;
        memory.summary = summary;
        memory.history = recent;
    }
    let tokens = u64::from(window) / memory::pack::HISTORY_SHARE;
    memory.history.extend(memory::pack::recent(turns, tokens).1);
    if definition.memory {
        memory.facts = engine.facts().recall(access, &request.input).await?;
    }
    Ok(memory)
}
