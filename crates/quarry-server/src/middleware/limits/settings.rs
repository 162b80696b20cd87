//! The `[limits]` section of the configuration.

use std::num::NonZeroUsize;

use serde::Deserialize;

use super::{class::RouteClass, rate::Rate};

/// `[limits]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsSettings {
    /// Whether anything is limited.
    pub enabled: bool,
    /// Of one address: requests without a right key, to routes that take none included.
    pub anonymous: Rate,
    /// Of one address: wrong keys and signatures.
    pub failures: Rate,
    /// Buckets of callers kept in this process's memory, and as many of addresses; the least recently used fall out.
    pub max_subjects: NonZeroUsize,
    /// By class of route.
    pub rate: Rates,
}

impl Default for LimitsSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            // A person with a browser and a few programs, or an office behind one address.
            anonymous: Rate::per_minute(1_200, 600),
            // A program with an old key is told so; a guess at 256 bits would take longer than anybody has at any rate.
            failures: Rate::per_minute(30, 30),
            max_subjects: NonZeroUsize::new(65_536).unwrap_or(NonZeroUsize::MIN),
            rate: Rates::default(),
        }
    }
}

/// `[limits.rate.<class>]`, each class with defaults of its own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Written")]
pub struct Rates {
    /// Finding passages, and embedding.
    pub search: ClassRates,
    /// Answers and runs of agents.
    pub answer: ClassRates,
    /// Documents that come, change and go.
    pub ingest: ClassRates,
    /// Everything that is looked at.
    pub read: ClassRates,
    /// Everything else that is changed.
    pub admin: ClassRates,
    /// Showing who one is.
    pub login: ClassRates,
}

/// `[limits.rate.<class>]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassRates {
    /// All requests of one address, with and without a key.
    pub address: Rate,
    /// All requests with one key.
    pub key: Rate,
    /// All requests of one user.
    pub user: Rate,
    /// All requests of one tenant.
    pub tenant: Rate,
}

impl ClassRates {
    const OFF: Self = Self { address: Rate::Off, key: Rate::Off, user: Rate::Off, tenant: Rate::Off };

    /// So far above what one machine answers that only a program gone wild meets it.
    const fn keys(key: Rate) -> Self {
        Self { key, ..Self::OFF }
    }

    fn overlaid(self, written: ClassWritten) -> Self {
        Self {
            address: written.address.unwrap_or(self.address),
            key: written.key.unwrap_or(self.key),
            user: written.user.unwrap_or(self.user),
            tenant: written.tenant.unwrap_or(self.tenant),
        }
    }
}

impl Default for Rates {
    fn default() -> Self {
        let high = ClassRates::keys(Rate::per_second(10_000));
        Self {
            search: high,
            answer: high,
            ingest: high,
            read: high,
            admin: ClassRates::keys(Rate::per_second(1_000)),
            login: ClassRates { address: Rate::per_minute(20, 10), ..ClassRates::OFF },
        }
    }
}

impl Rates {
    pub(super) const fn of(&self, class: RouteClass) -> ClassRates {
        match class {
            RouteClass::Search => self.search,
            RouteClass::Answer => self.answer,
            RouteClass::Ingest => self.ingest,
            RouteClass::Read => self.read,
            RouteClass::Admin => self.admin,
            RouteClass::Login => self.login,
        }
    }
}

/// What somebody wrote; the rest are the defaults of its class.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    search: ClassWritten,
    answer: ClassWritten,
    ingest: ClassWritten,
    read: ClassWritten,
    admin: ClassWritten,
    login: ClassWritten,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ClassWritten {
    address: Option<Rate>,
    key: Option<Rate>,
    user: Option<Rate>,
    tenant: Option<Rate>,
}

impl From<Written> for Rates {
    fn from(written: Written) -> Self {
        let usual = Self::default();
        Self {
            search: usual.search.overlaid(written.search),
            answer: usual.answer.overlaid(written.answer),
            ingest: usual.ingest.overlaid(written.ingest),
            read: usual.read.overlaid(written.read),
            admin: usual.admin.overlaid(written.admin),
            login: usual.login.overlaid(written.login),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_written_keeps_the_default_of_its_class() {
        let written = r#"{"rate": {"login": {"user": "5/m"}, "search": {"key": "off", "tenant": "9/s"}}}"#;
        let settings: LimitsSettings = serde_json::from_str(written).unwrap();
        let usual = LimitsSettings::default();
        assert_eq!(settings.rate.login, ClassRates { user: Rate::per_minute(5, 5), ..usual.rate.login });
        let search = ClassRates { key: Rate::Off, tenant: Rate::per_second(9), ..usual.rate.search };
        assert_eq!(settings.rate.search, search);
        assert_eq!((settings.failures, settings.rate.read), (usual.failures, usual.rate.read));
        assert!(serde_json::from_str::<LimitsSettings>(r#"{"rate": {"serach": {}}}"#).is_err());
        assert!(serde_json::from_str::<LimitsSettings>(r#"{"failures": "many"}"#).is_err());
    }
}
