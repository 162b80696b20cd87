//! What was said in a conversation. Messages are numbered from 1 without gaps.
//!
//! These verbs do not ask whose the session is: a caller has found it for its user with
//! [`Sessions::get`] before.

use quarry_core::{Page, PageRequest, RunId, SessionId, TenantId, Timestamp};
use serde::Serialize;
use serde_json::Value;

use crate::{
    error::StoreError,
    page,
    sessions::{Sessions, missing},
    sql::{Arg, Row, Session, args, database::Many},
    store::retry,
};

/// Something to be added to a session.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// `user` or `assistant`.
    pub role: String,
    /// What was said.
    pub content: String,
    /// The run that said it.
    pub run_id: Option<RunId>,
    /// Citations and what else is shown beside it.
    pub details: Value,
    /// When.
    pub at: Timestamp,
}

/// Something said in a session.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Message {
    /// Its place in the session, from 1.
    pub number: u64,
    /// `user` or `assistant`.
    pub role: String,
    /// What was said.
    pub content: String,
    /// The run that said it.
    pub run_id: Option<RunId>,
    /// Citations and what else is shown beside it.
    pub details: Value,
    /// When.
    pub at: Timestamp,
}

const COLUMNS: &str = "number, role, content, run, details, created_at";

impl Sessions<'_> {
    /// Adds messages in one transaction and answers their numbers.
    ///
    /// # Errors
    /// There is no such session, or the database fails.
    pub async fn append(
        &self,
        tenant: TenantId,
        id: SessionId,
        new: Vec<NewMessage>,
    ) -> Result<Vec<u64>, StoreError> {
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = append(&mut session, tenant, id, &new).await;
            session.finish(outcome).await
        })
    }

    /// A session's messages, oldest first.
    ///
    /// # Errors
    /// The database fails or the cursor is not from this list.
    pub async fn messages(
        &self,
        tenant: TenantId,
        id: SessionId,
        request: &PageRequest,
    ) -> Result<Page<Message>, StoreError> {
        let items = self.from(tenant, id, page::after_number(request)?, page::fetch(request)).await?;
        Ok(page::page(items, request, |item: &Message| item.number.to_string()))
    }

    /// The messages behind a number, oldest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn after(
        &self,
        tenant: TenantId,
        id: SessionId,
        number: u64,
        limit: u32,
    ) -> Result<Vec<Message>, StoreError> {
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        self.from(tenant, id, number, i64::from(limit)).await
    }

    /// The last messages, oldest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn recent(
        &self,
        tenant: TenantId,
        id: SessionId,
        limit: u32,
    ) -> Result<Vec<Message>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM messages WHERE tenant = $1 AND session = $2 ORDER BY number DESC LIMIT $3"
        );
        let rows = self.store.db().read().await?.rows(sql, args![tenant, id, limit]).await?;
        rows.iter().rev().map(read).collect()
    }

    async fn from(
        &self,
        tenant: TenantId,
        id: SessionId,
        number: i64,
        limit: i64,
    ) -> Result<Vec<Message>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM messages WHERE tenant = $1 AND session = $2 AND number > $3 ORDER BY number LIMIT $4"
        );
        let rows = self.store.db().read().await?.rows(sql, args![tenant, id, number, limit]).await?;
        rows.iter().map(read).collect()
    }
}

async fn append(
    session: &mut Session,
    tenant: TenantId,
    id: SessionId,
    new: &[NewMessage],
) -> Result<Vec<u64>, StoreError> {
    const INSERT: Many = Many {
        before: "INSERT INTO messages (tenant, session, number, role, content, run, details, created_at) VALUES",
        columns: 8,
        after: "",
    };
    // The session's own row hands the numbers out, so that a later commit never hides behind a higher number.
    let latest = new.iter().map(|message| message.at).max().unwrap_or(Timestamp::from_micros(0));
    let row = session
        .first(
            "UPDATE sessions SET last_number = last_number + $3, updated_at = CASE WHEN updated_at < $4 THEN $4 ELSE \
             updated_at END WHERE tenant = $1 AND id = $2 RETURNING last_number",
            args![tenant, id, new.len(), latest],
        )
        .await?;
    let last = row.ok_or_else(|| missing(id))?.big(0)?;
    let first = last.saturating_sub(new.len() as u64) + 1;
    let mut values: Vec<Arg<'_>> = Vec::with_capacity(new.len() * INSERT.columns);
    for (number, message) in (first..).zip(new) {
        values.extend(args![
            tenant,
            id,
            number,
            &message.role,
            &message.content,
            message.run_id,
            message.details.to_string(),
            message.at,
        ]);
    }
    session.many(INSERT, values).await?;
    Ok((first..=last).collect())
}

fn read(row: &Row) -> Result<Message, StoreError> {
    Ok(Message {
        number: row.big(0)?,
        role: row.text(1)?,
        content: row.text(2)?,
        run_id: row.opt_id(3)?.map(RunId::from_uuid),
        details: row.json(4)?,
        at: row.time(5)?,
    })
}
