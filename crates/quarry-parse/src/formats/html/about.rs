//! What a page says about itself: its title, its metadata, and the record for search engines inside it.

use std::collections::BTreeMap;

use dom_query::Document;
use serde_json::Value;

use crate::{Parsed, writer::one_line};

/// Fills the title and the metadata.
pub(super) fn read(document: &Document, parsed: &mut Parsed) {
    let known = |metadata: &mut BTreeMap<String, String>, name: &str, value: &str| {
        let value = one_line(value);
        if !value.is_empty() {
            metadata.entry(name.to_owned()).or_insert(value);
        }
    };
    let title = one_line(&document.select_single("head > title, title").text());
    let mut shared_title = String::new();
    let mut metadata = std::mem::take(&mut parsed.metadata);
    for meta in document.select("meta").nodes() {
        let name = ["name", "property", "itemprop", "http-equiv"].iter().find_map(|key| meta.attr(key));
        let name = name.unwrap_or_default().to_ascii_lowercase();
        let content = meta.attr("content").unwrap_or_default();
        if matches!(&*name, "og:title" | "dc.title") && shared_title.is_empty() {
            shared_title = one_line(&content);
        }
        if let Some(to) = meaning(&name) {
            known(&mut metadata, to, &content);
        }
    }
    for link in document.select("link[rel][href]").nodes() {
        let rel = link.attr("rel").unwrap_or_default();
        if rel.split_whitespace().any(|rel| rel.eq_ignore_ascii_case("canonical")) {
            known(&mut metadata, "canonical", &link.attr("href").unwrap_or_default());
        }
    }
    for record in document.select("script[type=\"application/ld+json\"]").nodes() {
        for (name, value) in described(&record.text()) {
            known(&mut metadata, name, &value);
        }
    }
    let root = document.select_single("html");
    let language = root.attr("lang").or_else(|| root.attr("xml:lang")).unwrap_or_default();
    if !language.trim().is_empty() {
        metadata.insert("language".to_owned(), language.trim().to_owned());
    }
    parsed.metadata = metadata;
    let title = if title.is_empty() { shared_title } else { title };
    if !title.is_empty() {
        parsed.title = Some(title);
    }
}

fn meaning(name: &str) -> Option<&'static str> {
    Some(match name {
        "author" | "article:author" | "dc.creator" | "citation_author" | "parsely-author" => "author",
        "description" | "og:description" | "twitter:description" | "dc.description" => "description",
        "keywords" | "news_keywords" => "keywords",
        "date"
        | "article:published_time"
        | "datepublished"
        | "dc.date"
        | "dcterms.created"
        | "pubdate"
        | "citation_publication_date" => "created",
        "article:modified_time"
        | "og:updated_time"
        | "last-modified"
        | "datemodified"
        | "dcterms.modified" => "modified",
        "content-language" | "og:locale" | "dc.language" => "language",
        "og:url" => "canonical",
        _ => return None,
    })
}

/// Author, dates and description of a JSON-LD record, where it is about the page.
fn described(json: &str) -> Vec<(&'static str, String)> {
    const LONGEST: usize = 1 << 20;
    let Some(record) =
        Some(json).filter(|json| json.len() < LONGEST).and_then(|json| serde_json::from_str(json).ok())
    else {
        return Vec::new();
    };
    let record: Value = record;
    let single = std::slice::from_ref(&record);
    let graph = record.get("@graph").and_then(Value::as_array).or_else(|| record.as_array());
    let mut found = Vec::new();
    for item in graph.map_or(single, Vec::as_slice) {
        // Records also describe the site and its owner.
        let kind = item.get("@type").map(Value::to_string).unwrap_or_default();
        if !["Article", "Posting", "Page", "Report", "Book", "HowTo", "Recipe"]
            .iter()
            .any(|part| kind.contains(part))
        {
            continue;
        }
        let text = |key: &str| item.get(key).and_then(named);
        for (from, to) in [
            ("author", "author"),
            ("datePublished", "created"),
            ("dateModified", "modified"),
            ("description", "description"),
            ("inLanguage", "language"),
        ] {
            found.extend(text(from).map(|text| (to, text)));
        }
    }
    found
}

/// A text, the name of a thing, or those of several.
fn named(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(thing) => thing.get("name").and_then(Value::as_str).map(str::to_owned),
        Value::Array(things) => {
            let name = |thing: &Value| {
                thing.as_str().or_else(|| thing.get("name").and_then(Value::as_str)).map(str::to_owned)
            };
            let names: Vec<String> = things.iter().filter_map(name).collect();
            (!names.is_empty()).then(|| names.join(", "))
        }
        _ => None,
    }
}
