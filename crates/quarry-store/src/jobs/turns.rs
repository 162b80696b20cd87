//! The order that is fair between tenants: start-time fair queueing (Goyal, Vin and Cheng, 1996).
//!
//! Each tenant has a clock that moves on by the cost of what it queues, and all share one that says how far the queue
//! is. A job's turn is the later of the two at the moment it is queued. A tenant who queues a hundred thousand files has
//! turns far ahead; another who comes then starts at the shared clock, and from there on the two take turns, whatever
//! either queues. Retries keep their turn.

use std::collections::HashMap;

use quarry_core::TenantId;
use uuid::Uuid;

use crate::{
    error::StoreError,
    sql::{Session, args},
};

/// A job's place in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) turn: i64,
    pub(crate) lane: i64,
}

/// What a document of so many bytes costs: one, and one more for every 16 KiB, about what parsing and embedding take.
fn cost(bytes: u64) -> i64 {
    1 + i64::try_from(bytes / (16 * 1024)).unwrap_or(i64::MAX / 2)
}

/// Gives turns to jobs that are queued together, in the same transaction.
pub(crate) async fn take_turns(
    session: &mut Session,
    jobs: &[(TenantId, u64)],
) -> Result<Vec<Turn>, StoreError> {
    let mut totals: HashMap<TenantId, i64> = HashMap::new();
    for (tenant, bytes) in jobs {
        let total = totals.entry(*tenant).or_default();
        *total = total.saturating_add(cost(*bytes));
    }
    let mut next: HashMap<TenantId, i64> = HashMap::with_capacity(totals.len());
    for (tenant, total) in totals {
        // Where the shared clock has passed the tenant's, the tenant starts from there.
        let sql = "INSERT INTO queue_turns (tenant, turn) VALUES ($1, COALESCE((SELECT turn FROM queue_turns WHERE \
                   tenant = $2), 0) + $3) ON CONFLICT (tenant) DO UPDATE SET turn = CASE WHEN queue_turns.turn > \
                   excluded.turn - $3 THEN queue_turns.turn + $3 ELSE excluded.turn END RETURNING turn";
        let row = session.first(sql, args![tenant, Uuid::nil(), total]).await?;
        let end = row.map_or(Ok(total), |row| row.int(0))?;
        next.insert(tenant, end.saturating_sub(total));
    }
    let mut turns = Vec::with_capacity(jobs.len());
    for (tenant, bytes) in jobs {
        let place = next.entry(*tenant).or_default();
        turns.push(Turn { turn: *place, lane: i64::from(*bytes > super::Jobs::SMALL) });
        *place = place.saturating_add(cost(*bytes));
    }
    Ok(turns)
}

/// Moves the shared clock to the latest turn that was served.
pub(super) async fn served(session: &mut Session, turn: i64) -> Result<(), StoreError> {
    let sql = "INSERT INTO queue_turns (tenant, turn) VALUES ($1, $2) ON CONFLICT (tenant) DO UPDATE SET turn = \
               excluded.turn WHERE queue_turns.turn < excluded.turn";
    session.execute(sql, args![Uuid::nil(), turn]).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::cost;

    #[test]
    fn large_documents_cost_more() {
        assert_eq!((cost(0), cost(16 * 1024), cost(1024 * 1024)), (1, 2, 65));
        assert!(cost(u64::MAX) > 0);
    }
}
