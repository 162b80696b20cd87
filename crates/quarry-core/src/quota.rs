//! How much of what a tenant may have.

use serde::{Deserialize, Serialize};

/// The most of each; an absent one is no limit. Days are days of UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quotas {
    /// Documents, whatever their state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documents: Option<u64>,
    /// Bytes of the newest versions of documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Requests a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_day: Option<u64>,
    /// Tokens that chat models read and write a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_per_day: Option<u64>,
    /// What chat models cost a day, in the unit of the configured prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_per_day: Option<f64>,
}

/// What a tenant used on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Requests that were let in.
    pub requests: u64,
    /// Tokens that chat models read and wrote.
    pub tokens: u64,
    /// What that cost.
    pub cost: f64,
}

impl Usage {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            requests: self.requests.saturating_add(other.requests),
            tokens: self.tokens.saturating_add(other.tokens),
            cost: self.cost + other.cost,
        }
    }
}

/// Which quota is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quota {
    /// Documents.
    Documents,
    /// Bytes.
    Bytes,
    /// Requests a day.
    Requests,
    /// Tokens a day.
    Tokens,
    /// Money a day.
    Cost,
}

impl Quota {
    /// Its name in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Documents => "documents",
            Self::Bytes => "bytes",
            Self::Requests => "requests_per_day",
            Self::Tokens => "tokens_per_day",
            Self::Cost => "cost_per_day",
        }
    }

    /// Whether it is there again tomorrow.
    #[must_use]
    pub const fn is_daily(self) -> bool {
        matches!(self, Self::Requests | Self::Tokens | Self::Cost)
    }
}

impl Quotas {
    /// Whether one more request may be made by somebody who used so much today.
    #[must_use]
    pub fn spent_requests(&self, used: &Usage) -> Option<Quota> {
        self.requests_per_day.is_some_and(|most| used.requests >= most).then_some(Quota::Requests)
    }

    /// Whether a model may be asked by somebody who used so much today.
    #[must_use]
    pub fn spent_models(&self, used: &Usage) -> Option<Quota> {
        if self.tokens_per_day.is_some_and(|most| used.tokens >= most) {
            return Some(Quota::Tokens);
        }
        self.cost_per_day.is_some_and(|most| used.cost >= most).then_some(Quota::Cost)
    }

    /// Whether there is any of what a day has.
    #[must_use]
    pub const fn is_daily(&self) -> bool {
        self.requests_per_day.is_some() || self.tokens_per_day.is_some() || self.cost_per_day.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::{Quota, Quotas, Usage};

    #[test]
    fn a_quota_is_spent_when_as_much_was_used() {
        let quotas = Quotas {
            requests_per_day: Some(2),
            tokens_per_day: Some(10),
            cost_per_day: Some(0.5),
            ..Quotas::default()
        };
        let used = Usage { requests: 1, tokens: 9, cost: 0.4 };
        assert_eq!((quotas.spent_requests(&used), quotas.spent_models(&used)), (None, None));
        let used = used.and(Usage { requests: 1, tokens: 1, cost: 0.0 });
        assert_eq!(quotas.spent_requests(&used), Some(Quota::Requests));
        assert_eq!(quotas.spent_models(&used), Some(Quota::Tokens));
        let costly = Usage { requests: 0, tokens: 0, cost: 0.5 };
        assert_eq!(quotas.spent_models(&costly), Some(Quota::Cost));
        assert_eq!(Quotas::default().spent_models(&costly), None);
    }
}
