//! Files attached to a PDF: which there are. Their content is not read.

use pdf_oxide::{PdfDocument, object::Object};

use super::{
    info::{dictionary, text},
    names,
};
use crate::{Limits, Member, sniff::sniff};

/// The attached files, in the order of their names.
pub(super) fn read(document: &PdfDocument, limits: &Limits) -> Vec<Member> {
    let files = names::tree(document, "EmbeddedFiles");
    files.iter().take(limits.archive_entries).filter_map(|(_, file)| member(document, file, limits)).collect()
}

fn member(document: &PdfDocument, file: &Object, limits: &Limits) -> Option<Member> {
    let file = dictionary(document, file)?;
    let string = |key: &str| {
        let value = document.resolve_object(file.get(key)?).ok()?;
        value.as_string().map(text).filter(|name| !name.is_empty())
    };
    let name = string("UF").or_else(|| string("F"))?;
    let streams = dictionary(document, file.get("EF")?)?;
    let stream = document.resolve_object(streams.get("F").or_else(|| streams.get("UF"))?).ok()?;
    let entries = stream.as_dict()?;
    let integer = |value: &Object| u64::try_from(value.as_integer()?).ok();
    let declared =
        entries.get("Params").and_then(|params| dictionary(document, params)?.get("Size").and_then(integer));
    let stored = entries.get("Length").and_then(|length| integer(&document.resolve_object(length).ok()?));
    let bytes = declared.or(stored).unwrap_or_default();
    // Encrypted streams are not opened here, and large ones not for their first bytes alone.
    let content = Some(&stream).filter(|_| !document.is_encrypted() && bytes < limits.expanded_bytes / 64);
    let content = content.and_then(|stream| stream.decode_stream_data().ok()).unwrap_or_default();
    Some(Member {
        media_type: sniff(&content, &name).media_type.to_owned(),
        name,
        bytes: if content.is_empty() { bytes } else { content.len() as u64 },
        problem: Some("files attached to a PDF are listed, not read".to_owned()),
    })
}
