//! Documents from the lines of a JSONL file.

use bytes::Bytes;
use quarry_core::{Metadata, metadata};
use quarry_engine::Upload;
use serde::Deserialize;

use super::Options;

/// One line. `_id` is how BEIR corpora spell it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default, alias = "id", alias = "_id")]
    source: Option<String>,
    #[serde(default)]
    title: Option<String>,
    text: String,
    #[serde(default)]
    metadata: Metadata,
}

/// A line as a document; the error is a sentence.
pub(super) fn upload(line: &str, options: &Options) -> Result<Upload, String> {
    let line: Line = serde_json::from_str(line).map_err(|error| {
        let reason = error.to_string();
        format!("not a document: {}", reason.split(" at line ").next().unwrap_or(&reason))
    })?;
    if line.text.trim().is_empty() {
        return Err("its `text` is empty; there is nothing to index".to_owned());
    }
    let mut fields = options.metadata.clone();
    fields.extend(line.metadata);
    metadata::check(&fields)?;
    let source = line.source.unwrap_or_default();
    let source = if source.is_empty() { source } else { format!("{}{source}", options.prefix) };
    Ok(Upload {
        source,
        title: line.title.filter(|title| !title.is_empty()),
        name: String::new(),
        media_type: Some("text/plain".to_owned()),
        metadata: fields,
        password: None,
        priority: options.priority,
        readers: options.readers.clone(),
        bytes: Bytes::from(line.text),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use quarry_core::CollectionName;

    use super::{Options, upload};

    #[test]
    fn lines_are_documents_or_say_why_not() {
        let options = Options::plain(CollectionName::fallback());
        let line = r#"{"_id": "a", "title": "T", "text": "words", "metadata": {"year": 1}}"#;
        let read = upload(line, &options).unwrap();
        assert_eq!((read.source.as_str(), read.title.as_deref()), ("a", Some("T")));
        for (line, problem) in [
            ("{", "not a document: EOF while parsing an object"),
            (r#"{"id": "a"}"#, "not a document: missing field `text`"),
            (r#"{"text": " "}"#, "its `text` is empty; there is nothing to index"),
        ] {
            assert_eq!(upload(line, &options).unwrap_err(), problem);
        }
    }
}
