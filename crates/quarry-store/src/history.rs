//! Questions that were asked, and what was answered.

use quarry_core::{AuditAction, By, CollectionId, Page, PageRequest, QueryId, TenantId, Timestamp};
use serde::Serialize;
use serde_json::json;

use crate::{
    audit::{Change, record},
    error::StoreError,
    page,
    sql::{Arg, Row, args, database::Many},
    store::{Store, retry},
};

/// One question.
#[derive(Clone, Debug, Serialize)]
pub struct HistoryEntry {
    /// Its id.
    pub id: QueryId,
    /// Which collection was asked.
    pub collection: Option<CollectionId>,
    /// Who asked.
    pub actor: String,
    /// `search` or `query`.
    pub kind: String,
    /// The question.
    pub question: String,
    /// The answer's text, where there was one.
    pub answer: Option<String>,
    /// Hits, citations, confidence: what the engine wants to keep.
    pub details: serde_json::Value,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// When it was asked.
    pub created_at: Timestamp,
}

/// A question to keep.
#[derive(Clone, Debug)]
pub struct NewHistory {
    /// Its id.
    pub id: QueryId,
    /// Whose.
    pub tenant: TenantId,
    /// Which collection was asked.
    pub collection: Option<CollectionId>,
    /// Who asked.
    pub actor: String,
    /// `search` or `query`.
    pub kind: &'static str,
    /// The question.
    pub question: String,
    /// The answer's text, where there was one.
    pub answer: Option<String>,
    /// JSON: what the engine wants to keep.
    pub details: String,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// When it was asked.
    pub created_at: Timestamp,
}

/// The question history.
pub struct History<'a> {
    pub(crate) store: &'a Store,
}

const COLUMNS: &str = "id, collection, actor, kind, question, answer, details, micros, created_at";

/// Which questions are meant. What is absent is not asked about.
#[derive(Clone, Copy, Debug, Default)]
pub struct HistoryFilter<'a> {
    /// Put to this collection.
    pub collection: Option<CollectionId>,
    /// By this actor, as actors display themselves.
    pub actor: Option<&'a str>,
}

impl History<'_> {
    /// Adds questions, in one transaction.
    ///
    /// # Errors
    /// The database fails.
    pub async fn add(&self, entries: Vec<NewHistory>) -> Result<(), StoreError> {
        const INSERT: Many = Many {
            before: "INSERT INTO history (id, tenant, collection, actor, kind, question, answer, details, micros, \
                     created_at) VALUES",
            columns: 10,
            after: "",
        };
        let mut values: Vec<Arg<'_>> = Vec::with_capacity(entries.len() * INSERT.columns);
        for entry in &entries {
            values.extend(args![
                entry.id,
                entry.tenant,
                entry.collection,
                &entry.actor,
                entry.kind,
                &entry.question,
                entry.answer.as_deref(),
                entry.details.as_str(),
                entry.micros,
                entry.created_at,
            ]);
        }
        let mut session = self.store.db().begin().await?;
        let outcome = session.many(INSERT, values).await;
        session.finish(outcome).await
    }

    /// A tenant's questions, newest first.
    ///
    /// # Errors
    /// The database fails or the cursor is not from this list.
    pub async fn list(
        &self,
        tenant: TenantId,
        filter: HistoryFilter<'_>,
        request: &PageRequest,
    ) -> Result<Page<HistoryEntry>, StoreError> {
        let mut values = args![tenant, page::before_id(request)?, page::fetch(request)];
        let mut clauses = String::new();
        let asked =
            [("collection", filter.collection.map(Arg::from)), ("actor", filter.actor.map(Arg::from))];
        for (column, value) in asked {
            if let Some(value) = value {
                values.push(value);
                clauses.push_str(&format!(" AND {column} = ${}", values.len()));
            }
        }
        let sql = format!(
            "SELECT {COLUMNS} FROM history WHERE tenant = $1 AND id < $2{clauses} ORDER BY id DESC LIMIT $3"
        );
        let rows = self.store.db().read().await?.rows(sql, values).await?;
        let items = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(page::page(items, request, |entry: &HistoryEntry| entry.id.to_string()))
    }

    /// One question.
    ///
    /// # Errors
    /// There is none with this id, or the database fails.
    pub async fn get(&self, tenant: TenantId, id: QueryId) -> Result<HistoryEntry, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM history WHERE tenant = $1 AND id = $2");
        let row = self.store.db().read().await?.first(sql, args![tenant, id]).await?;
        row.as_ref().map(read).transpose()?.ok_or_else(|| StoreError::HistoryNotFound(id.to_string()))
    }

    /// Removes a question for ever.
    ///
    /// # Errors
    /// There is none with this id, or the database fails.
    pub async fn erase(&self, by: &By, tenant: TenantId, id: QueryId) -> Result<(), StoreError> {
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let sql = "DELETE FROM history WHERE tenant = $1 AND id = $2";
                if session.execute(sql, args![tenant, id]).await? == 0 {
                    return Err(StoreError::HistoryNotFound(id.to_string()));
                }
                let (action, object) = (AuditAction::HistoryErase, id.to_string());
                let change = Change { tenant, by, action, object, details: json!({}) };
                record(&mut session, self.store.now(), vec![change]).await
            }
            .await;
            session.finish(outcome).await
        })
    }
}

fn read(row: &Row) -> Result<HistoryEntry, StoreError> {
    Ok(HistoryEntry {
        id: QueryId::from_uuid(row.id(0)?),
        collection: row.opt_id(1)?.map(CollectionId::from_uuid),
        actor: row.text(2)?,
        kind: row.text(3)?,
        question: row.text(4)?,
        answer: row.opt_text(5)?,
        details: row.json(6)?,
        micros: row.big(7)?,
        created_at: row.time(8)?,
    })
}
