//! Runs of agents.

use std::time::Duration;

use quarry_core::{AgentId, Clock as _, Fault as _, PageRequest, RunId, SessionId, TenantId};
use quarry_store::{AuditFilter, FinishedRun, RunEventRow, RunFilter, RunRow, RunState, StoreError};
use serde_json::json;

use crate::world::{ME, ROOT, World, stories};

fn run(world: &World, tenant: TenantId, state: RunState) -> RunRow {
    RunRow {
        id: RunId::new(),
        tenant,
        user: "me".into(),
        agent_id: Some(AgentId::new()),
        agent: "helper".into(),
        version: 3,
        session_id: Some(SessionId::new()),
        question: "Who?".into(),
        state,
        model: "small".into(),
        answer: (state == RunState::Finished).then(|| json!({"text": "Ada [1]"})),
        error: (state == RunState::Failed).then(|| json!({"code": "chat_unavailable"})),
        prompt_tokens: 900,
        completion_tokens: 80,
        cost: 0.0125,
        steps: 2,
        started_at: world.clock.now(),
        finished_at: state.is_over().then(|| world.clock.now()),
    }
}

fn events(world: &World, count: u64) -> Vec<RunEventRow> {
    let event = |number| RunEventRow {
        number,
        at: world.clock.now(),
        event: json!({"type": "said", "text": format!("piece {number} \u{fc}")}),
    };
    (1..=count).map(event).collect()
}

fn absent<T: std::fmt::Debug>(outcome: Result<T, StoreError>) {
    assert_eq!(outcome.unwrap_err().code(), "run_not_found");
}

async fn saving_a_run_twice_is_saving_it_once(world: &World) {
    let runs = world.store.runs();
    let all: Vec<_> = (0..70)
        .map(|_| FinishedRun { run: run(world, ROOT, RunState::Finished), events: events(world, 12) })
        .collect();
    // The first was started before; the others were not, and one is even given twice.
    runs.start(RunRow { state: RunState::Running, answer: None, finished_at: None, ..all[0].run.clone() })
        .await
        .unwrap();
    let mut batch = all.clone();
    batch.push(all[1].clone());
    runs.save(batch.clone()).await.unwrap();
    runs.save(batch).await.unwrap();
    runs.start(RunRow { state: RunState::Running, ..all[0].run.clone() }).await.unwrap();
    for kept in &all {
        assert_eq!(runs.get(ROOT, kept.run.id).await.unwrap(), kept.run);
        assert_eq!(runs.events(ROOT, kept.run.id, 0, 100).await.unwrap(), kept.events);
    }
    assert_eq!(runs.events(ROOT, all[5].run.id, 9, 2).await.unwrap(), all[5].events[9..11]);
    assert!(runs.events(ROOT, all[5].run.id, 12, 2).await.unwrap().is_empty());
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = runs.list(ROOT, RunFilter::default(), &PageRequest::new(Some(30), after)).await.unwrap();
        seen.extend(page.items.into_iter().map(|item| item.id));
        after = page.next_cursor;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, all.iter().rev().map(|item| item.run.id).collect::<Vec<_>>());
    runs.save(Vec::new()).await.unwrap();
}

async fn runs_are_found_by_agent_session_and_state(world: &World) {
    let runs = world.store.runs();
    let states = [RunState::Running, RunState::Finished, RunState::Failed, RunState::Cancelled];
    let rows: Vec<_> = states.into_iter().map(|state| run(world, ROOT, state)).collect();
    let agentless = RunRow { agent_id: None, session_id: None, ..run(world, ROOT, RunState::Finished) };
    let all = rows.iter().cloned().chain([agentless]).map(|run| FinishedRun { run, events: Vec::new() });
    runs.save(all.collect()).await.unwrap();
    let page = PageRequest::default();
    let count = async |filter: RunFilter| runs.list(ROOT, filter, &page).await.unwrap().items.len();
    assert_eq!(count(RunFilter::default()).await, 5);
    for (row, same_state) in rows.iter().zip([1, 2, 1, 1]) {
        let of_state = RunFilter { state: Some(row.state), ..RunFilter::default() };
        assert_eq!(count(of_state).await, same_state, "{:?}", row.state);
        let exact = RunFilter {
            user: None,
            agent_id: row.agent_id,
            session_id: row.session_id,
            state: Some(row.state),
        };
        assert_eq!(runs.list(ROOT, exact.clone(), &page).await.unwrap().items, std::slice::from_ref(row));
        let of_another = RunFilter { session_id: Some(SessionId::new()), ..exact };
        assert_eq!(count(of_another).await, 0);
    }
}

async fn a_crash_leaves_interrupted_runs_and_waiting_ones_go_on(world: &World) {
    let runs = world.store.runs();
    let (cut, waits) = (run(world, ROOT, RunState::Running), run(world, ROOT, RunState::Running));
    for row in [&cut, &waits] {
        runs.start(row.clone()).await.unwrap();
    }
    let checkpoint = json!({"messages": [1, 2], "call": "c1"});
    runs.pause(ROOT, waits.id, checkpoint.clone(), events(world, 4)).await.unwrap();
    world.clock.advance(Duration::from_secs(60));
    let again = world.reopen().await;
    let runs = again.runs();
    assert_eq!(runs.interrupt_running(world.clock.now()).await.unwrap(), 1);
    assert_eq!(runs.interrupt_running(world.clock.now()).await.unwrap(), 0);
    let cut = runs.get(ROOT, cut.id).await.unwrap();
    assert_eq!((cut.state, cut.finished_at), (RunState::Interrupted, Some(world.clock.now())));
    let (row, state) = runs.waiting(ROOT, waits.id).await.unwrap();
    assert_eq!((row.state, &state), (RunState::Waiting, &checkpoint));
    assert_eq!(runs.events(ROOT, waits.id, 0, 9).await.unwrap().len(), 4);

    let decision = json!({"call_id": "c1", "approved": true});
    let both = tokio::join!(
        runs.resume(&ME, ROOT, waits.id, decision.clone()),
        runs.resume(&ME, ROOT, waits.id, decision.clone())
    );
    let (goes, refused) = match both {
        (Ok(goes), Err(refused)) | (Err(refused), Ok(goes)) => (goes, refused),
        other => panic!("it goes on exactly once: {other:?}"),
    };
    assert_eq!((goes.0.state, goes.1), (RunState::Running, checkpoint));
    assert_eq!(refused.code(), "run_not_waiting");
    let saved = RunRow { state: RunState::Finished, finished_at: Some(world.clock.now()), ..goes.0 };
    runs.save(vec![FinishedRun { run: saved.clone(), events: events(world, 7) }]).await.unwrap();
    assert_eq!(runs.get(ROOT, waits.id).await.unwrap(), saved);
    assert_eq!(runs.events(ROOT, waits.id, 0, 99).await.unwrap().len(), 7);
    let late = runs.pause(ROOT, waits.id, json!({}), Vec::new()).await.unwrap_err();
    assert!(late.to_string().contains("is finished"), "{late}");
    assert_eq!(runs.waiting(ROOT, waits.id).await.unwrap_err().code(), "run_not_waiting");
    let audit =
        again.audit().list(ROOT, &AuditFilter::default(), &PageRequest::default()).await.unwrap().items;
    assert_eq!(audit.len(), 1);
    assert_eq!((audit[0].action.as_str(), &audit[0].details), ("run.approval", &decision));
    again.close().await;
}

async fn runs_belong_to_a_tenant(world: &World) {
    let runs = world.store.runs();
    let other = world
        .store
        .tenants()
        .add(&quarry_core::By::new(quarry_core::Actor::Local), "other", quarry_core::Quotas::default())
        .await
        .unwrap()
        .id;
    let row = run(world, ROOT, RunState::Running);
    runs.start(row.clone()).await.unwrap();
    runs.pause(ROOT, row.id, json!({"x": 1}), events(world, 2)).await.unwrap();
    absent(runs.get(other, row.id).await);
    absent(runs.events(other, row.id, 0, 9).await);
    absent(runs.pause(other, row.id, json!({}), Vec::new()).await);
    absent(runs.waiting(other, row.id).await);
    absent(runs.resume(&ME, other, row.id, json!({})).await);
    absent(runs.erase(&ME, other, row.id).await);
    assert!(runs.list(other, RunFilter::default(), &PageRequest::default()).await.unwrap().items.is_empty());
    // The same id in another tenant is another run.
    let theirs =
        RunRow { tenant: other, question: "Theirs?".into(), ..run(world, other, RunState::Finished) };
    let theirs = RunRow { id: row.id, ..theirs };
    runs.save(vec![FinishedRun { run: theirs, events: events(world, 1) }]).await.unwrap();
    runs.erase(&ME, other, row.id).await.unwrap();
    let (kept, checkpoint) = runs.waiting(ROOT, row.id).await.unwrap();
    assert_eq!((kept.question.as_str(), checkpoint), ("Who?", json!({"x": 1})));
    assert_eq!(runs.events(ROOT, row.id, 0, 9).await.unwrap().len(), 2);
}

async fn old_runs_go_and_erased_ones_leave_nothing(world: &World) {
    let runs = world.store.runs();
    let old = run(world, ROOT, RunState::Finished);
    let open = run(world, ROOT, RunState::Running);
    world.clock.advance(Duration::from_secs(10));
    let new = run(world, ROOT, RunState::Failed);
    let all = [&old, &open, &new].map(|row| FinishedRun { run: row.clone(), events: events(world, 1) });
    runs.save(all.to_vec()).await.unwrap();
    assert_eq!(runs.prune(world.clock.now()).await.unwrap(), 1);
    absent(runs.get(ROOT, old.id).await);
    assert_eq!(runs.get(ROOT, open.id).await.unwrap(), open);
    assert_eq!(runs.get(ROOT, new.id).await.unwrap(), new);
    runs.erase(&ME, ROOT, new.id).await.unwrap();
    absent(runs.erase(&ME, ROOT, new.id).await);
    absent(runs.events(ROOT, new.id, 0, 9).await);
    absent(runs.pause(ROOT, RunId::new(), json!({}), Vec::new()).await);
    let audit =
        world.store.audit().list(ROOT, &AuditFilter::default(), &PageRequest::default()).await.unwrap().items;
    assert_eq!(audit.iter().map(|entry| entry.action.as_str()).collect::<Vec<_>>(), ["run.erase"]);
}

stories!(
    saving_a_run_twice_is_saving_it_once,
    runs_are_found_by_agent_session_and_state,
    a_crash_leaves_interrupted_runs_and_waiting_ones_go_on,
    runs_belong_to_a_tenant,
    old_runs_go_and_erased_ones_leave_nothing,
);
