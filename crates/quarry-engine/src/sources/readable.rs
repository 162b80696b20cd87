//! Which files of a folder are worth reading as documents.

use quarry_parse::sniff;

/// Endings that promise a document: such a file is taken whatever its bytes say, so that what is wrong with it is told.
const DOCUMENTS: [&str; 14] =
    ["pdf", "docx", "pptx", "xlsx", "xls", "ods", "html", "htm", "md", "txt", "csv", "tsv", "json", "jsonl"];

/// Whether a file is a document, or promises to be one. The error says what it is instead.
///
/// # Errors
/// A sentence: it is empty, or of a kind that is not read.
pub fn worth_reading(bytes: &[u8], name: &str) -> Result<(), String> {
    if bytes.is_empty() {
        return Err("the file is empty (0 bytes)".to_owned());
    }
    let sniffed = sniff(bytes, name);
    if sniffed.format.is_some() || promises(name) {
        return Ok(());
    }
    Err(format!("{}, which is not read", sniffed.found))
}

fn promises(name: &str) -> bool {
    let ending = name.rsplit('/').next().and_then(|name| name.rsplit_once('.'));
    ending.is_some_and(|(_, ending)| DOCUMENTS.contains(&ending.to_ascii_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::worth_reading;

    #[test]
    fn pictures_are_passed_over_and_broken_documents_are_not() {
        let picture = b"\x89PNG\r\n\x1a\n0000000000";
        assert_eq!(worth_reading(b"words", "a.md"), Ok(()));
        assert_eq!(worth_reading(b"words", "README"), Ok(()));
        assert_eq!(worth_reading(picture, "odd.PDF"), Ok(()));
        assert!(worth_reading(b"", "a.md").is_err_and(|reason| reason.contains("empty")));
    }
}
