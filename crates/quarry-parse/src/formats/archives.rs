//! Archives: every file in them read as what it is, under a heading of its path.
//!
//! All levels of nesting share one budget (see [`crate::budget`]). When it is used up, what was read so far is the
//! document, and a warning says that more was there.

mod names;
mod tar;

use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::Input;
use crate::{
    ParseError, Parsed,
    archive::{Archive, Entry},
    nested::Members,
    sniff::is_tar,
    writer::Writer,
};

const ZIP: &str = "ZIP archive";
const GZIP: &str = "gzip archive";

/// Reads a ZIP archive.
pub(super) fn read_zip(input: &Input<'_>) -> Result<Parsed, ParseError> {
    let mut archive = Archive::open_unsized(input, ZIP)?;
    let entries: Vec<Option<Entry>> = (0..archive.len()).map(|index| archive.entry(index)).collect();
    let names = names::decode(&entries);
    let mut locked = 0;
    let parsed = collect(input, ZIP, |members| {
        for (index, (entry, name)) in entries.iter().zip(&names).enumerate() {
            let Some(entry) = entry else {
                members.unreadable(name, 0, "its entry is damaged".to_owned());
                continue;
            };
            if entry.is_folder || is_clutter(name) {
                continue;
            }
            match archive.read_at(index, input.password.filter(|_| entry.is_encrypted)) {
                Ok(bytes) => members.add(name, &bytes, None)?,
                Err(error @ ParseError::OverLimit { .. }) => {
                    members.unreadable(name, entry.size, error.to_string());
                    return Err(error);
                }
                Err(error) => {
                    locked += usize::from(matches!(error, ParseError::Encrypted { .. }));
                    members.unreadable(name, entry.size, problem(&error));
                }
            }
        }
        Ok(())
    });
    match parsed {
        // An archive of which everything is locked is locked, however openly it shows the names.
        Ok(parsed) if locked > 0 && parsed.members.iter().all(|member| member.problem.is_some()) => {
            Err(ParseError::encrypted(ZIP, input.password))
        }
        other => other,
    }
}

/// What is wrong with a file in an archive, without the archive's name.
fn problem(error: &ParseError) -> String {
    match error {
        ParseError::Encrypted { wrong_password: false, .. } => {
            "it is encrypted; give the password".to_owned()
        }
        ParseError::Encrypted { .. } => "the password given does not open it".to_owned(),
        ParseError::Damaged { detail, .. } => detail.clone(),
        other => other.to_string(),
    }
}

/// Reads a tar archive.
pub(super) fn read_tar(input: &Input<'_>) -> Result<Parsed, ParseError> {
    collect(input, tar::LABEL, |members| read_tar_files(input, input.bytes, members))
}

/// Reads a gzip file: a tar archive, or the one file that was compressed.
pub(super) fn read_gzip(input: &Input<'_>) -> Result<Parsed, ParseError> {
    let mut decoder = MultiGzDecoder::new(input.bytes);
    let mut head = Vec::new();
    let read = decoder.by_ref().take(512).read_to_end(&mut head);
    if let Err(error) = read {
        return Err(ParseError::damaged(GZIP, error));
    }
    let name = decoder.header().and_then(|header| header.filename()).map(names::decode_one);
    let mut stream = head.as_slice().chain(decoder);
    if is_tar(&head) {
        return collect(input, GZIP, |members| read_tar_files(input, &mut stream, members));
    }
    input.budget.take_entries(1)?;
    let bytes = input.budget.read(&mut stream, GZIP)?;
    let outer = input.name.rsplit(['/', '\\']).next().unwrap_or(input.name);
    let name = name.or_else(|| {
        let (stem, extension) = outer.rsplit_once('.')?;
        extension.eq_ignore_ascii_case("gz").then(|| stem.to_owned())
    });
    let name = name.unwrap_or_else(|| outer.to_owned());
    collect(input, GZIP, |members| members.add(&name, &bytes, None))
}

fn read_tar_files(
    input: &Input<'_>,
    stream: impl Read,
    members: &mut Members<'_, '_>,
) -> Result<(), ParseError> {
    let mut archive = tar::Tar::new(stream, input.budget);
    loop {
        match archive.next() {
            Ok(Some(file)) if is_clutter(&file.name) => archive.skip(&file)?,
            Ok(Some(file)) => match archive.read(&file) {
                Ok(bytes) => members.add(&file.name, &bytes, None)?,
                Err(error) => {
                    members.unreadable(&file.name, file.size, problem(&error));
                    return if matches!(error, ParseError::OverLimit { .. }) {
                        Err(error)
                    } else {
                        members.warn(format!("the archive ends early: {}", problem(&error)));
                        Ok(())
                    };
                }
            },
            Ok(None) => return Ok(()),
            Err(error @ ParseError::OverLimit { .. }) => return Err(error),
            // A damaged end costs the end.
            Err(error) => {
                members.warn(format!("the archive ends early: {}", problem(&error)));
                return Ok(());
            }
        }
    }
}

/// Lets `fill` add files and makes a document of them. A limit that ends the filling is a warning when something was
/// read before.
fn collect<'i>(
    input: &Input<'i>,
    label: &'static str,
    fill: impl FnOnce(&mut Members<'_, 'i>) -> Result<(), ParseError>,
) -> Result<Parsed, ParseError> {
    let mut writer = Writer::new(input.limits);
    let mut members = Members::new(input, &mut writer, 1);
    let result = fill(&mut members);
    let nothing = members.all_failed();
    let limit = match result {
        Err(error @ ParseError::OverLimit { .. }) if !nothing => Some(error),
        Err(error) => return Err(error),
        Ok(()) => members.limit(),
    };
    if nothing && input.depth > 0 {
        // The container around it has a place to say so.
        return Err(limit.unwrap_or_else(|| unreadable(label)));
    }
    if let Some(limit) = limit {
        members.warn(format!("not all files were read: {limit}"));
    }
    if nothing {
        members.list()?;
    }
    let found = members.finish();
    let mut parsed = writer.finish();
    // The name of the first file is not the title of the archive.
    parsed.title = None;
    found.put_into(&mut parsed);
    if parsed.members.is_empty() {
        return Err(ParseError::NoText {
            format: label.into(),
            detail: "there are no files in it".to_owned(),
        });
    }
    Ok(parsed)
}

fn unreadable(label: &'static str) -> ParseError {
    ParseError::NoText { format: label.into(), detail: "no file in it can be read".to_owned() }
}

/// What file managers put beside the files of a person.
fn is_clutter(name: &str) -> bool {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    name.starts_with("__MACOSX/")
        || file.starts_with("._")
        || matches!(file.to_ascii_lowercase().as_str(), ".ds_store" | "thumbs.db" | "desktop.ini")
}
