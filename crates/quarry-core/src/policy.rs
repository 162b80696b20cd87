//! Who may do what: the whole policy, in one file.
//!
//! A [`Role`] is held in a tenant or in one collection. An [`Action`] asks for the least role that may do it, and belongs
//! to one [`KeyScope`], so that a key can be narrowed to what its program needs. Decisions are made by
//! [`crate::Access::check`] and [`crate::Access::check_in`]; the table of roles and actions is in this file's tests.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What somebody is in a tenant or in a collection. Each may do everything that the one before may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Searches, asks and reads.
    Reader,
    /// Adds, changes and removes documents, and sees to their jobs.
    Editor,
    /// Manages collections, agents, sources, webhooks, people and keys.
    Admin,
    /// Manages the tenant itself, and other owners.
    Owner,
}

/// Everything that can be asked of the product, as far as permission is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// See a collection: its settings, how full it is, how far its generations are.
    ReadCollection,
    /// Make a collection.
    AddCollection,
    /// Change a collection's description or how it is cut and embedded.
    ChangeCollection,
    /// Erase a collection.
    RemoveCollection,
    /// See documents, their text and their original bytes.
    ReadDocuments,
    /// Add, change, rename and remove documents.
    WriteDocuments,
    /// Search.
    Search,
    /// Ask questions, run agents; sessions, facts, runs and history of one's own.
    Run,
    /// See agents.
    ReadAgents,
    /// Make, change and remove agents.
    ChangeAgents,
    /// See jobs and dead letters.
    ReadJobs,
    /// Retry, cancel and drop jobs.
    ChangeJobs,
    /// See sources and their runs.
    ReadSources,
    /// Make, change and remove sources.
    ChangeSources,
    /// Start a run of a source.
    SyncSources,
    /// See, make, test and remove webhooks.
    ManageWebhooks,
    /// See and erase runs and history of other people.
    ReadOthers,
    /// See how much the tenant has and uses.
    ReadUsage,
    /// Verify, repair and rebuild indexes.
    MaintainIndex,
    /// See, export and verify the audit log.
    ReadAudit,
    /// Manage keys of one's own, which can do no more than oneself.
    ManageOwnKeys,
    /// Manage keys of others, users, groups and roles.
    ManageIdentity,
    /// See and change the tenant: its quotas, its owners.
    ManageTenant,
    /// See the server: metrics and the state of each dependency.
    ReadServer,
    /// Make, suspend and erase tenants. Only for owners of the root tenant.
    OperateTenants,
}

impl Action {
    /// Every action, for tables and tests.
    pub const ALL: [Self; 25] = [
        Self::ReadCollection,
        Self::AddCollection,
        Self::ChangeCollection,
        Self::RemoveCollection,
        Self::ReadDocuments,
        Self::WriteDocuments,
        Self::Search,
        Self::Run,
        Self::ReadAgents,
        Self::ChangeAgents,
        Self::ReadJobs,
        Self::ChangeJobs,
        Self::ReadSources,
        Self::ChangeSources,
        Self::SyncSources,
        Self::ManageWebhooks,
        Self::ReadOthers,
        Self::ReadUsage,
        Self::MaintainIndex,
        Self::ReadAudit,
        Self::ManageOwnKeys,
        Self::ManageIdentity,
        Self::ManageTenant,
        Self::ReadServer,
        Self::OperateTenants,
    ];

    /// The least role that may do it.
    #[must_use]
    pub const fn least(self) -> Role {
        match self {
            Self::ReadCollection
            | Self::ReadDocuments
            | Self::Search
            | Self::Run
            | Self::ReadAgents
            | Self::ManageOwnKeys => Role::Reader,
            Self::WriteDocuments
            | Self::ReadJobs
            | Self::ChangeJobs
            | Self::ReadSources
            | Self::SyncSources => Role::Editor,
            Self::AddCollection
            | Self::ChangeCollection
            | Self::RemoveCollection
            | Self::ChangeAgents
            | Self::ChangeSources
            | Self::ManageWebhooks
            | Self::ReadOthers
            | Self::ReadUsage
            | Self::MaintainIndex
            | Self::ReadAudit
            | Self::ManageIdentity
            | Self::ReadServer => Role::Admin,
            Self::ManageTenant | Self::OperateTenants => Role::Owner,
        }
    }

    /// The scope that a narrowed key needs for it.
    #[must_use]
    pub const fn scope(self) -> KeyScope {
        match self {
            Self::ReadCollection => KeyScope::CollectionsRead,
            Self::AddCollection | Self::ChangeCollection | Self::RemoveCollection | Self::MaintainIndex => {
                KeyScope::CollectionsWrite
            }
            Self::ReadDocuments | Self::ReadJobs => KeyScope::DocumentsRead,
            Self::WriteDocuments | Self::ChangeJobs => KeyScope::DocumentsWrite,
            Self::Search => KeyScope::Search,
            Self::Run | Self::ReadAgents => KeyScope::Runs,
            Self::ChangeAgents => KeyScope::AgentsWrite,
            Self::ReadSources | Self::ChangeSources | Self::SyncSources => KeyScope::Sources,
            Self::ManageWebhooks => KeyScope::Webhooks,
            Self::ReadAudit => KeyScope::AuditRead,
            Self::ReadServer => KeyScope::ServerRead,
            Self::ReadOthers
            | Self::ReadUsage
            | Self::ManageOwnKeys
            | Self::ManageIdentity
            | Self::ManageTenant
            | Self::OperateTenants => KeyScope::Admin,
        }
    }

    /// Whether it reaches past single collections, so that a key confined to some may not do it.
    #[must_use]
    pub const fn is_wide(self) -> bool {
        matches!(
            self,
            Self::AddCollection
                | Self::ChangeAgents
                | Self::ManageWebhooks
                | Self::ReadOthers
                | Self::ReadUsage
                | Self::ReadAudit
                | Self::ManageOwnKeys
                | Self::ManageIdentity
                | Self::ManageTenant
                | Self::ReadServer
                | Self::OperateTenants
        )
    }

    /// Whether only the root tenant's people may do it, since it concerns the whole server.
    #[must_use]
    pub const fn is_operators(self) -> bool {
        matches!(self, Self::ReadServer | Self::OperateTenants)
    }

    /// What a refusal calls it: "may not ...".
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::ReadCollection => "see this collection",
            Self::AddCollection => "make collections",
            Self::ChangeCollection => "change this collection",
            Self::RemoveCollection => "remove this collection",
            Self::ReadDocuments => "read documents",
            Self::WriteDocuments => "add, change or remove documents",
            Self::Search => "search",
            Self::Run => "ask questions or run agents",
            Self::ReadAgents => "see agents",
            Self::ChangeAgents => "make, change or remove agents",
            Self::ReadJobs => "see jobs",
            Self::ChangeJobs => "retry, cancel or drop jobs",
            Self::ReadSources => "see sources",
            Self::ChangeSources => "make, change or remove sources",
            Self::SyncSources => "start a run of a source",
            Self::ManageWebhooks => "manage webhooks",
            Self::ReadOthers => "see what other people asked",
            Self::ReadUsage => "see how much the tenant uses",
            Self::MaintainIndex => "maintain indexes",
            Self::ReadAudit => "see the audit log",
            Self::ManageOwnKeys => "make keys",
            Self::ManageIdentity => "manage keys, users, groups and roles",
            Self::ManageTenant => "manage the tenant",
            Self::ReadServer => "see the server's metrics and checks",
            Self::OperateTenants => "make, suspend or erase tenants",
        }
    }
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Self; 4] = [Self::Reader, Self::Editor, Self::Admin, Self::Owner];

    /// Whether this role may do it.
    #[must_use]
    pub fn may(self, action: Action) -> bool {
        self >= action.least()
    }

    /// Its name in storage and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Editor => "editor",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|role| role.as_str() == text);
        known.ok_or_else(|| format!("`{text}` is not a role: use `reader`, `editor`, `admin` or `owner`"))
    }
}

/// What a key can be narrowed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum KeyScope {
    /// See collections.
    CollectionsRead,
    /// Make, change, remove and maintain collections.
    CollectionsWrite,
    /// Read documents and jobs.
    DocumentsRead,
    /// Add, change and remove documents, and see to their jobs.
    DocumentsWrite,
    /// Search.
    Search,
    /// Ask questions, run agents, keep sessions and facts.
    Runs,
    /// Make, change and remove agents.
    AgentsWrite,
    /// See, change and start sources.
    Sources,
    /// Manage webhooks.
    Webhooks,
    /// See the audit log.
    AuditRead,
    /// See metrics and checks.
    ServerRead,
    /// Everything that the key's role may.
    Admin,
}

impl KeyScope {
    /// Every scope.
    pub const ALL: [Self; 12] = [
        Self::CollectionsRead,
        Self::CollectionsWrite,
        Self::DocumentsRead,
        Self::DocumentsWrite,
        Self::Search,
        Self::Runs,
        Self::AgentsWrite,
        Self::Sources,
        Self::Webhooks,
        Self::AuditRead,
        Self::ServerRead,
        Self::Admin,
    ];

    /// Its name in storage and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CollectionsRead => "collections:read",
            Self::CollectionsWrite => "collections:write",
            Self::DocumentsRead => "documents:read",
            Self::DocumentsWrite => "documents:write",
            Self::Search => "search",
            Self::Runs => "runs",
            Self::AgentsWrite => "agents:write",
            Self::Sources => "sources",
            Self::Webhooks => "webhooks",
            Self::AuditRead => "audit:read",
            Self::ServerRead => "server:read",
            Self::Admin => "admin",
        }
    }

    /// The least role that can use the whole of it.
    #[must_use]
    pub fn least(self) -> Role {
        let of_it = Action::ALL.into_iter().filter(|action| action.scope() == self && !action.is_operators());
        of_it.map(Action::least).max().unwrap_or(Role::Admin)
    }
}

impl From<KeyScope> for &'static str {
    fn from(scope: KeyScope) -> Self {
        scope.as_str()
    }
}

impl fmt::Display for KeyScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for KeyScope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|scope| format!("`{scope}`")).collect();
            format!("`{text}` is not a scope; there are {}", known.join(", "))
        })
    }
}

impl TryFrom<String> for KeyScope {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, KeyScope, Role};

    /// The table: what each role may do, a row for each action.
    const TABLE: &[(Action, &str)] = &[
        //                                reader editor admin owner
        (Action::ReadCollection, "yes yes yes yes"),
        (Action::AddCollection, "no no yes yes"),
        (Action::ChangeCollection, "no no yes yes"),
        (Action::RemoveCollection, "no no yes yes"),
        (Action::ReadDocuments, "yes yes yes yes"),
        (Action::WriteDocuments, "no yes yes yes"),
        (Action::Search, "yes yes yes yes"),
        (Action::Run, "yes yes yes yes"),
        (Action::ReadAgents, "yes yes yes yes"),
        (Action::ChangeAgents, "no no yes yes"),
        (Action::ReadJobs, "no yes yes yes"),
        (Action::ChangeJobs, "no yes yes yes"),
        (Action::ReadSources, "no yes yes yes"),
        (Action::ChangeSources, "no no yes yes"),
        (Action::SyncSources, "no yes yes yes"),
        (Action::ManageWebhooks, "no no yes yes"),
        (Action::ReadOthers, "no no yes yes"),
        (Action::ReadUsage, "no no yes yes"),
        (Action::MaintainIndex, "no no yes yes"),
        (Action::ReadAudit, "no no yes yes"),
        (Action::ManageOwnKeys, "yes yes yes yes"),
        (Action::ManageIdentity, "no no yes yes"),
        (Action::ManageTenant, "no no no yes"),
        (Action::ReadServer, "no no yes yes"),
        (Action::OperateTenants, "no no no yes"),
    ];

    #[test]
    fn each_role_may_do_what_the_table_says() {
        assert_eq!(TABLE.len(), Action::ALL.len());
        for (place, (action, row)) in TABLE.iter().enumerate() {
            assert_eq!(*action, Action::ALL[place], "the table has a row for each action, in order");
            let allowed: Vec<bool> = Role::ALL.iter().map(|role| role.may(*action)).collect();
            let expected: Vec<bool> = row.split(' ').map(|word| word == "yes").collect();
            assert_eq!(allowed, expected, "{action:?}");
        }
    }

    #[test]
    fn scopes_and_roles_are_read_as_they_are_written() {
        for scope in KeyScope::ALL {
            assert_eq!(scope.as_str().parse::<KeyScope>(), Ok(scope));
        }
        for role in Role::ALL {
            assert_eq!(role.as_str().parse::<Role>(), Ok(role));
        }
        assert!("everything".parse::<KeyScope>().unwrap_err().contains("`documents:write`"));
        assert_eq!(KeyScope::DocumentsWrite.least(), Role::Editor);
        assert_eq!(KeyScope::Search.least(), Role::Reader);
        assert_eq!(KeyScope::ServerRead.least(), Role::Admin);
    }
}
