//! Name trees: how a PDF finds places and attached files by name.

use pdf_oxide::{PdfDocument, object::Object};

use super::info::dictionary;

/// The pairs of the catalogue's name tree of a kind. A tree that leads back into itself ends at a bound.
pub(super) fn tree(document: &PdfDocument, kind: &str) -> Vec<(Vec<u8>, Object)> {
    const MOST: usize = 100_000;
    let mut pairs = Vec::new();
    let catalog = document.catalog().ok();
    let names = catalog.as_ref().and_then(|catalog| dictionary(document, catalog.as_dict()?.get("Names")?));
    let mut open: Vec<Object> = names.and_then(|names| names.get(kind).cloned()).into_iter().collect();
    let mut steps = 0;
    while let Some(node) = open.pop() {
        let Some(node) = dictionary(document, &node) else { continue };
        let list = |key: &str| -> Vec<Object> {
            let list = node.get(key).and_then(|list| document.resolve_object(list).ok());
            list.and_then(|list| list.as_array().cloned()).unwrap_or_default()
        };
        for pair in list("Names").chunks(2) {
            if let [Object::String(name), value] = pair {
                pairs.push((name.clone(), value.clone()));
            }
        }
        open.extend(list("Kids").into_iter().rev());
        steps += 1;
        if steps + open.len() > MOST || pairs.len() > MOST {
            break;
        }
    }
    pairs
}
