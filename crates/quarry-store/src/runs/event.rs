//! The events of a run, as text and back.

use quarry_core::Timestamp;
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use crate::error::StoreError;

/// One thing that happened in a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunEventRow {
    /// Its place in the run, from 1.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: Value,
}

/// An array of `[number, microseconds, event]`.
pub(super) fn pack(events: &[RunEventRow]) -> Result<String, StoreError> {
    let rows: Vec<_> = events.iter().map(|row| (row.number, row.at.micros(), &row.event)).collect();
    crate::sql::value::json_text(&rows)
}

/// The first events behind a number; the others are passed over unread.
pub(super) fn unpack(text: &str, after: u64, limit: u32) -> Result<Vec<RunEventRow>, StoreError> {
    let unreadable = |cause: serde_json::Error| StoreError::Unreadable(cause.to_string());
    let rows: Vec<(u64, i64, &RawValue)> = serde_json::from_str(text).map_err(unreadable)?;
    rows.into_iter()
        .filter(|(number, ..)| *number > after)
        .take(limit as usize)
        .map(|(number, micros, event)| {
            let event = serde_json::from_str(event.get()).map_err(unreadable)?;
            Ok(RunEventRow { number, at: Timestamp::from_micros(micros), event })
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{RunEventRow, pack, unpack};
    use quarry_core::Timestamp;
    use serde_json::json;

    #[test]
    fn events_come_back_as_they_went() {
        let row = |number| RunEventRow {
            number,
            at: Timestamp::from_micros(number as i64 * 7),
            event: json!({"type": "said", "text": "\u{fc} \"quoted\"\n", "number": number}),
        };
        let all: Vec<_> = (1..=12).map(row).collect();
        let text = pack(&all).unwrap();
        assert_eq!(unpack(&text, 0, 100).unwrap(), all);
        assert_eq!(unpack(&text, 10, 100).unwrap(), all[10..]);
        assert_eq!(unpack(&text, 3, 2).unwrap(), all[3..5]);
        assert!(unpack(&text, 12, 5).unwrap().is_empty());
        assert!(unpack("[[1]]", 0, 5).is_err());
    }
}
