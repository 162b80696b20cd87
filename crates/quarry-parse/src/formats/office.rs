//! What the Office formats of 2007 share: document properties, and relations between the parts of a container.

use std::collections::BTreeMap;

use quick_xml::events::Event;

use super::markup::{attribute, leaves, reader};
use crate::{ParseError, archive::Archive, writer::one_line};

/// The properties that Office shows under "Info", from `docProps/core.xml` or an OpenDocument's `meta.xml`.
pub(super) fn properties(core: &str) -> BTreeMap<String, String> {
    const NAMES: &[(&str, &str)] = &[
        ("title", "title"),
        ("creator", "author"),
        ("initial-creator", "author"),
        ("created", "created"),
        ("creation-date", "created"),
        ("modified", "modified"),
        ("date", "modified"),
        ("subject", "subject"),
        ("keywords", "keywords"),
        ("keyword", "keywords"),
        ("language", "language"),
    ];
    let mut properties: BTreeMap<String, String> = BTreeMap::new();
    for (name, text) in leaves(core) {
        let text = one_line(&text);
        let Some((_, to)) = NAMES.iter().find(|(from, _)| *from == name) else { continue };
        if text.is_empty() {
            continue;
        }
        match properties.get_mut(*to) {
            Some(known) if *to == "keywords" => {
                known.push_str(", ");
                known.push_str(&text);
            }
            // The one who started a document wrote it, not the one who saved it last.
            Some(known) if name == "initial-creator" => *known = text,
            Some(_) => {}
            None => _ = properties.insert((*to).to_owned(), text),
        }
    }
    properties
}

/// A relation from one part to another.
pub(super) struct Relation {
    pub id: String,
    /// The last word of its type: `slide`, `notesSlide`, `chart`.
    pub kind: String,
    /// The path of the other part.
    pub target: String,
}

/// The relations of a part.
pub(super) fn relations(archive: &mut Archive<'_>, part: &str) -> Result<Vec<Relation>, ParseError> {
    let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
    let path =
        if folder.is_empty() { format!("_rels/{file}.rels") } else { format!("{folder}/_rels/{file}.rels") };
    let text = archive.text(&path)?;
    let mut reader = reader(&text);
    let mut relations = Vec::new();
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(element) if element.local_name().as_ref() == "Relationship" => {
                let value = |name| attribute(&element, name).unwrap_or_default();
                if value("TargetMode") == "External" {
                    continue;
                }
                relations.push(Relation {
                    id: value("Id"),
                    kind: value("Type").rsplit('/').next().unwrap_or_default().to_owned(),
                    target: resolve(folder, &value("Target")),
                });
            }
            Event::Eof => break,
            _ => {}
        }
    }
    Ok(relations)
}

/// A path that is written relative to a folder.
pub(super) fn resolve(folder: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn paths_are_resolved() {
        assert_eq!(resolve("ppt/slides", "../notesSlides/n1.xml"), "ppt/notesSlides/n1.xml");
        assert_eq!(resolve("ppt", "/ppt/slides/s1.xml"), "ppt/slides/s1.xml");
        assert_eq!(resolve("", "../../a.xml"), "a.xml");
    }
}
