//! Finding files and reading them.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use quarry_engine::Upload;
use walkdir::{DirEntry, WalkDir};

use super::{Options, report::Left};
use crate::failure::{Exit, Failure, Outcome, plain};

/// A file to read, and the source it will have.
pub(in crate::commands) struct Found {
    pub(in crate::commands) path: PathBuf,
    pub(in crate::commands) source: String,
    /// Named itself: then it is an error when it cannot be read, not something to pass over.
    named: bool,
}

/// Files in order, and what was passed over.
pub(in crate::commands) struct Files {
    pub(in crate::commands) files: Vec<Found>,
    pub(in crate::commands) skipped: Vec<Left>,
}

/// A file's content, or why it is passed over.
pub(in crate::commands) enum Read {
    Upload(Bytes),
    Skip(String),
}

/// Why a pipe, a socket or a link to nowhere is passed over.
pub(in crate::commands) const NOT_A_FILE: &str = "not a regular file";

/// Folders that never hold documents.
const NEVER: &[&str] = &["node_modules", "__pycache__", "target"];

/// Fails when a path is not there.
pub(crate) fn check(paths: &[PathBuf]) -> Outcome<()> {
    for path in paths {
        if let Err(error) = std::fs::metadata(path) {
            if error.kind() == std::io::ErrorKind::NotFound {
                let text = format!("there is no file or folder `{}`", path.display());
                return Err(Failure::new(Exit::NotFound, "path_not_found", text));
            }
            return Err(Failure::file("read", path, &error));
        }
    }
    Ok(())
}

/// Every file of the paths. A file in a folder gets the path below that folder as its source; a file that is named
/// itself, the path as it was named.
pub(in crate::commands) fn find(paths: &[PathBuf], options: &Options) -> Outcome<Files> {
    let mut files = Files { files: Vec::new(), skipped: Vec::new() };
    for path in paths {
        if path.is_dir() {
            folder(path, options, &mut files);
        } else {
            let source = format!("{}{}", options.prefix, slashed(path.strip_prefix("./").unwrap_or(path)));
            files.files.push(Found { path: path.clone(), source, named: true });
        }
    }
    distinct(files)
}

fn folder(path: &Path, options: &Options, files: &mut Files) {
    let depth = if options.recursive { usize::MAX } else { 1 };
    let walk = WalkDir::new(path).max_depth(depth).sort_by_file_name().into_iter();
    for entry in walk.filter_entry(|entry| entry.depth() == 0 || wanted(entry)) {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => {}
            Ok(entry) => {
                let below = entry.path().strip_prefix(path).unwrap_or(entry.path());
                let source = format!("{}{}", options.prefix, slashed(below));
                if entry.path().is_file() {
                    files.files.push(Found { path: entry.into_path(), source, named: false });
                } else {
                    files.skipped.push(Left { source, reason: NOT_A_FILE.to_owned() });
                }
            }
            Err(error) => {
                let source = error
                    .path()
                    .map_or_else(|| path.display().to_string(), |path| path.display().to_string());
                let reason = error.io_error().map_or_else(|| error.to_string(), plain);
                files.skipped.push(Left { source, reason });
            }
        }
    }
}

fn wanted(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    let hidden = name.starts_with('.');
    !hidden
        && !(entry.file_type().is_dir() && (NEVER.contains(&name.as_ref()) || is_data_folder(entry.path())))
}

/// Our own data folder may lie within what is ingested.
fn is_data_folder(path: &Path) -> bool {
    path.join("quarry.db").is_file() && path.join("blobs").is_dir()
}

fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// The same file named twice is one; two files with one source would replace each other.
fn distinct(files: Files) -> Outcome<Files> {
    let mut seen: HashMap<String, PathBuf> = HashMap::new();
    let mut kept = Vec::with_capacity(files.files.len());
    for file in files.files {
        match seen.get(&file.source) {
            None => {
                seen.insert(file.source.clone(), file.path.clone());
                kept.push(file);
            }
            Some(first) if std::fs::canonicalize(first).ok() == std::fs::canonicalize(&file.path).ok() => {}
            Some(first) => {
                let text = format!(
                    "`{}` and `{}` would both have the source `{}`, and one would replace the other",
                    first.display(),
                    file.path.display(),
                    file.source
                );
                let hint = "ingest the folder above them, or each on its own with another `--prefix`";
                return Err(Failure::new(Exit::Invalid, "duplicate_source", text).hint(hint));
            }
        }
    }
    Ok(Files { files: kept, ..files })
}

/// Reads a file. The error is a sentence.
pub(in crate::commands) fn read(file: &Found, most: u64) -> Result<Read, String> {
    let size =
        std::fs::metadata(&file.path).map_err(|error| format!("cannot be read: {}", plain(&error)))?.len();
    if size == 0 {
        return Err("the file is empty (0 bytes)".to_owned());
    }
    if size > most {
        return Err(format!("it has {size} bytes; at most {most} are taken (`ingest.max_document_bytes`)"));
    }
    let bytes = std::fs::read(&file.path).map_err(|error| format!("cannot be read: {}", plain(&error)))?;
    let sniffed = quarry_parse::sniff(&bytes, &file.source);
    if sniffed.format.is_none() && !file.named && !promises_text(&file.path) {
        return Ok(Read::Skip(format!("{}, which is not read", sniffed.found)));
    }
    Ok(Read::Upload(bytes.into()))
}

/// Whether the name says that it is a document: then it is reported as failed, with the reason, and not passed over.
fn promises_text(path: &Path) -> bool {
    const DOCUMENTS: &[&str] = &[
        "pdf", "docx", "doc", "rtf", "odt", "pptx", "ppt", "odp", "xlsx", "xls", "ods", "epub", "eml", "msg",
        "html", "htm", "xml", "md", "txt", "csv", "tsv", "json", "jsonl", "ipynb", "srt", "vtt", "zip",
        "tar", "gz", "tgz",
    ];
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    extension.is_some_and(|extension| DOCUMENTS.contains(&extension.as_str()))
}

/// The document to add.
pub(in crate::commands) fn upload(file: &Found, bytes: Bytes, options: &Options) -> Upload {
    let name = file.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Upload {
        source: file.source.clone(),
        title: None,
        name,
        media_type: None,
        metadata: options.metadata.clone(),
        password: options.password.clone(),
        priority: options.priority,
        readers: options.readers.clone(),
        bytes,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use quarry_core::CollectionName;

    use super::{Options, Read, find, read};

    fn write(folder: &Path, name: &str, content: &[u8]) {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    #[test]
    fn folders_are_walked_without_what_is_hidden() {
        let place = tempfile::tempdir().unwrap();
        for name in ["b.md", "a/c.txt", ".git/config", ".hidden.md", "node_modules/x.md", "data/quarry.db"] {
            write(place.path(), name, b"words");
        }
        std::fs::create_dir_all(place.path().join("data/blobs")).unwrap();
        let mut options = Options::plain(CollectionName::fallback());
        let sources = |options: &Options| -> Vec<String> {
            find(&[place.path().to_owned()], options)
                .unwrap()
                .files
                .into_iter()
                .map(|file| file.source)
                .collect()
        };
        assert_eq!(sources(&options), ["a/c.txt", "b.md"]);
        options.prefix = "x/".to_owned();
        options.recursive = false;
        assert_eq!(sources(&options), ["x/b.md"]);
    }

    #[test]
    fn two_files_never_share_a_source() {
        let place = tempfile::tempdir().unwrap();
        write(place.path(), "one/a.md", b"1");
        write(place.path(), "two/a.md", b"2");
        let options = Options::plain(CollectionName::fallback());
        let (one, two) = (place.path().join("one"), place.path().join("two"));
        let refused = find(&[one.clone(), two], &options).err().unwrap();
        assert!(refused.message.contains("would both have the source `a.md`"), "{}", refused.message);
        assert_eq!(find(&[one.clone(), one], &options).unwrap().files.len(), 1);
    }

    #[test]
    fn sounds_are_passed_over_and_broken_documents_are_not() {
        let place = tempfile::tempdir().unwrap();
        write(place.path(), "photo.png", b"\x89PNG\r\n\x1a\n0000000000");
        write(place.path(), "song.ogg", b"OggS and more");
        write(place.path(), "void.md", b"");
        write(place.path(), "large.md", b"0123456789");
        write(place.path(), "odd.pdf", b"\x89PNG\r\n\x1a\n0000000000");
        let options = Options::plain(CollectionName::fallback());
        let files = find(&[place.path().to_owned()], &options).unwrap().files;
        let outcomes: Vec<String> = files
            .iter()
            .map(|file| match read(file, 20) {
                Ok(Read::Upload(_)) => format!("{}: taken", file.source),
                Ok(Read::Skip(reason)) => format!("{}: skipped, {reason}", file.source),
                Err(reason) => format!("{}: {reason}", file.source),
            })
            .collect();
        assert_eq!(
            outcomes,
            [
                "large.md: taken",
                "odd.pdf: taken",
                "photo.png: taken",
                "song.ogg: skipped, a sound file, which is not read",
                "void.md: the file is empty (0 bytes)"
            ]
        );
    }
}
