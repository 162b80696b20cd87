//! How a command fails: a sentence, a stable code, a next step, and the number the process exits with.

use quarry_core::{ErrorKind, Fault};

use crate::hints;

/// The numbers a process exits with. They are documented in the help and never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Something went wrong that is none of the others, or a check found a problem.
    Failed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// What was named is not there.
    NotFound = 3,
    /// A value, a file or the configuration is wrong.
    Invalid = 4,
    /// It clashes with what is there: a name is taken, the data folder is in use.
    Conflict = 5,
    /// Something needed does not answer, or is full.
    Unavailable = 6,
    /// Some of the documents failed; the others are in.
    Partly = 7,
    /// The key is missing or wrong.
    Refused = 8,
}

/// The exit codes with what they mean, for the help and the reference.
pub(crate) const EXITS: &[(u8, &str)] = &[
    (0, "done (`ask` also when the documents do not answer: see `answered`)"),
    (1, "failed, or a check found a problem (`verify`, `eval run --compare`, `runs replay`)"),
    (2, "the command line is wrong"),
    (3, "what was named is not there"),
    (4, "a value, a file or the configuration is wrong"),
    (5, "it clashes with what is there: a name is taken, the data folder is in use"),
    (6, "something needed does not answer, or the disk is full"),
    (7, "documents failed; those that did not are in"),
    (8, "the key is missing or wrong"),
];

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What the process exits with.
    pub(crate) exit: Exit,
    /// A stable snake_case code.
    pub(crate) code: String,
    /// What happened, as a sentence; more lines give the details.
    pub(crate) message: String,
    /// What to do next.
    pub(crate) hint: Option<String>,
}

/// What commands return.
pub(crate) type Outcome<T> = Result<T, Failure>;

impl Failure {
    /// A failure that the executable itself found.
    pub(crate) fn new(exit: Exit, code: &str, message: impl Into<String>) -> Self {
        Self { exit, code: code.to_owned(), message: message.into(), hint: hints::of(code) }
    }

    /// The same with a next step of its own.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A file or folder that cannot be used.
    pub(crate) fn file(what: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind as Io;
        let (exit, code) = match error.kind() {
            Io::NotFound => (Exit::NotFound, "path_not_found"),
            Io::PermissionDenied | Io::ReadOnlyFilesystem => (Exit::Failed, "path_not_permitted"),
            Io::StorageFull | Io::QuotaExceeded => (Exit::Unavailable, "disk_full"),
            _ => (Exit::Failed, "path_unusable"),
        };
        Self::new(exit, code, format!("`{}` cannot be {what}: {}", path.display(), plain(error)))
    }
}

/// An operating system's words without its number.
pub(crate) fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

impl<F: Fault> From<F> for Failure {
    fn from(fault: F) -> Self {
        let exit = match fault.kind() {
            ErrorKind::Invalid | ErrorKind::TooLarge => Exit::Invalid,
            ErrorKind::Unauthenticated | ErrorKind::Forbidden => Exit::Refused,
            ErrorKind::NotFound => Exit::NotFound,
            ErrorKind::Conflict => Exit::Conflict,
            ErrorKind::RateLimited | ErrorKind::Timeout | ErrorKind::Unavailable => Exit::Unavailable,
            ErrorKind::Internal => Exit::Failed,
        };
        let message = match fault.pointer() {
            Some(pointer) if fault.code() == "invalid_filter" && !fault.to_string().contains(&pointer) => {
                format!("{fault} (at `{pointer}`)")
            }
            _ => fault.to_string(),
        };
        Self::new(exit, fault.code(), message)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Error, ErrorKind},
        path::Path,
    };

    use quarry_store::StoreError;

    use super::{Exit, Failure};

    #[test]
    fn a_full_disk_is_told_with_what_to_do() {
        let failure =
            Failure::file("written", Path::new("data/admin.key"), &Error::from(ErrorKind::StorageFull));
        assert_eq!(failure.message, "`data/admin.key` cannot be written: no storage space");
        assert_eq!((failure.exit, failure.code.as_str()), (Exit::Unavailable, "disk_full"));
        assert!(failure.hint.is_some_and(|hint| hint.starts_with("free some space")));
        let failure = Failure::from(StoreError::DiskFull);
        assert_eq!(failure.message, "the disk is full; free some space and try again");
        assert_eq!(failure.exit, Exit::Unavailable);
    }

    #[test]
    fn a_newer_database_is_told_with_what_to_do() {
        let failure = Failure::from(StoreError::DatabaseNewer { found: 9, known: 2 });
        assert!(
            failure.message.starts_with("the database is at version 9, this program knows versions up to 2")
        );
        assert_eq!(failure.exit, Exit::Failed);
    }

    #[test]
    fn a_folder_that_may_not_be_read_is_told_with_what_to_do() {
        let failure = Failure::file("read", Path::new("data"), &Error::from(ErrorKind::PermissionDenied));
        assert_eq!(failure.message, "`data` cannot be read: permission denied");
        assert!(failure.hint.is_some_and(|hint| hint.contains("permissions")));
    }
}
