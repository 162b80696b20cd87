//! What the audit log can say: the actions, and how they went.
//!
//! The list of actions is closed, so that the reference can name each of them. An action says of which kind its
//! objects are. Reading is not an action: only changes, logins and refusals are.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

macro_rules! actions {
    ($($(#[doc = $doc:literal])+ $name:ident => ($word:literal, $kind:literal)),+ $(,)?) => {
        /// What was done. Names are stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum AuditAction {
            $($(#[doc = $doc])+ $name),+
        }

        impl AuditAction {
            /// Every action.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its name, as `document.add`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word),+
                }
            }

            /// What kind of thing its object is.
            #[must_use]
            pub const fn object_kind(self) -> &'static str {
                match self {
                    $(Self::$name => $kind),+
                }
            }

            /// A sentence about it, for the reference.
            #[must_use]
            pub const fn describe(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),+).trim_ascii_start()),+
                }
            }
        }
    };
}

actions! {
    /// A document was added, or a new version of it.
    DocumentAdd => ("document.add", "document"),
    /// Several documents were added in one call; the details name them.
    DocumentAddMany => ("document.add_many", "collection"),
    /// A document's title or metadata changed.
    DocumentUpdate => ("document.update", "document"),
    /// A document got another source.
    DocumentRename => ("document.rename", "document"),
    /// A document was removed with all its versions.
    DocumentRemove => ("document.remove", "document"),
    /// A collection was made.
    CollectionAdd => ("collection.add", "collection"),
    /// A collection's description changed.
    CollectionDescribe => ("collection.describe", "collection"),
    /// A collection was removed with everything in it.
    CollectionRemove => ("collection.remove", "collection"),
    /// A collection's index was built anew over the same chunks and swapped in.
    CollectionIndex => ("collection.index", "collection"),
    /// Another generation of a collection answers from now on.
    CollectionGeneration => ("collection.generation", "collection"),
    /// A generation of a collection was begun.
    GenerationBegin => ("generation.begin", "collection"),
    /// A kept or failed generation was wanted again.
    GenerationResume => ("generation.resume", "collection"),
    /// A generation could not be built and was given up.
    GenerationFail => ("generation.fail", "collection"),
    /// A generation was dropped with its chunks.
    GenerationDrop => ("generation.drop", "collection"),
    /// A collection's index was thrown away and replayed from the database.
    IndexRepair => ("index.repair", "collection"),
    /// A job was ended before it was done.
    JobCancel => ("job.cancel", "job"),
    /// A dead or cancelled job was put back.
    JobRevive => ("job.revive", "job"),
    /// A dead letter was forgotten.
    JobDrop => ("job.drop", "job"),
    /// An agent was added.
    AgentAdd => ("agent.add", "agent"),
    /// An agent got a new version.
    AgentUpdate => ("agent.update", "agent"),
    /// An agent was removed.
    AgentRemove => ("agent.remove", "agent"),
    /// A session was begun.
    SessionAdd => ("session.add", "session"),
    /// A session got another title.
    SessionRename => ("session.rename", "session"),
    /// A session was erased with its messages.
    SessionErase => ("session.erase", "session"),
    /// A fact was remembered about a user.
    FactAdd => ("fact.add", "fact"),
    /// A fact about a user changed.
    FactUpdate => ("fact.update", "fact"),
    /// A fact about a user was erased.
    FactErase => ("fact.erase", "fact"),
    /// Everything remembered about a user was erased.
    FactEraseAll => ("fact.erase_all", "user"),
    /// A person decided about a call that a run waited with, or ended the run.
    RunApproval => ("run.approval", "run"),
    /// A run that was going was ended.
    RunCancel => ("run.cancel", "run"),
    /// A run was erased with its events.
    RunErase => ("run.erase", "run"),
    /// A question was erased from the history.
    HistoryErase => ("history.erase", "question"),
    /// A source was added.
    SourceAdd => ("source.add", "source"),
    /// A source changed.
    SourceUpdate => ("source.update", "source"),
    /// A source was removed.
    SourceRemove => ("source.remove", "source"),
    /// A source was looked at out of turn.
    SourceSync => ("source.sync", "source"),
    /// The sender of a push source brought documents or took some away.
    SourcePush => ("source.push", "source"),
    /// A webhook was added.
    WebhookAdd => ("webhook.add", "webhook"),
    /// A webhook was removed.
    WebhookRemove => ("webhook.remove", "webhook"),
    /// A test message was sent to a webhook.
    WebhookTest => ("webhook.test", "webhook"),
    /// A tenant was added.
    TenantAdd => ("tenant.add", "tenant"),
    /// A tenant was let in again.
    TenantResume => ("tenant.resume", "tenant"),
    /// A tenant was let in no more.
    TenantSuspend => ("tenant.suspend", "tenant"),
    /// A tenant got other quotas.
    TenantQuotas => ("tenant.quotas", "tenant"),
    /// A tenant was erased with everything in it.
    TenantErase => ("tenant.erase", "tenant"),
    /// A key was made.
    KeyAdd => ("key.add", "key"),
    /// A key was made that takes the place of another.
    KeyRotate => ("key.rotate", "key"),
    /// A key is refused from now on.
    KeyRevoke => ("key.revoke", "key"),
    /// Somebody showed a key, a password or a token; refused where it was not a right one.
    Login => ("login", "credential"),
    /// Somebody ended their login.
    Logout => ("logout", "credential"),
    /// Somebody who is known asked for what they may not do; the object names the right they lack.
    AccessUse => ("access.use", "right"),
}

impl fmt::Display for AuditAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AuditAction {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.iter().copied().find(|action| action.as_str() == text);
        known.ok_or_else(|| format!("`{text}` is not an action of the audit log"))
    }
}

impl Serialize for AuditAction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for AuditAction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// How an action went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// It was allowed and done.
    Allowed,
    /// Whoever asked had no right to it; nothing was done.
    Refused,
    /// It was allowed and could not be done.
    Failed,
}

impl AuditOutcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Allowed, Self::Refused, Self::Failed];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for AuditOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AuditOutcome {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|outcome| outcome.as_str() == text);
        known.ok_or_else(|| format!("`{text}` is not an outcome: use `allowed`, `refused` or `failed`"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{AuditAction, AuditOutcome};

    #[test]
    fn actions_have_names_of_their_own_and_are_found_by_them() {
        let names: HashSet<&str> = AuditAction::ALL.iter().map(|action| action.as_str()).collect();
        assert_eq!(names.len(), AuditAction::ALL.len());
        for action in AuditAction::ALL {
            assert_eq!(action.as_str().parse::<AuditAction>(), Ok(*action));
            assert!(action.describe().ends_with('.'), "{action}");
            assert!(
                action.as_str().bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'.' | b'_')),
                "{action}"
            );
        }
        assert!("document.read".parse::<AuditAction>().is_err());
    }

    #[test]
    fn the_guide_names_every_action() {
        let guide = include_str!("../../../docs/guides/audit.md");
        for action in AuditAction::ALL {
            let line = format!("| `{action}` | {} | {} |", action.object_kind(), action.describe());
            assert!(guide.contains(&line), "the guide lacks: {line}");
        }
    }

    #[test]
    fn outcomes_are_found_by_their_names() {
        for outcome in AuditOutcome::ALL {
            assert_eq!(outcome.as_str().parse::<AuditOutcome>(), Ok(outcome));
        }
        assert!("done".parse::<AuditOutcome>().is_err());
    }
}
