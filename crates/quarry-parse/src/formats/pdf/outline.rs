//! The bookmarks of a document, in order, with their levels and pages.

use std::collections::{HashMap, HashSet};

use pdf_oxide::{
    PdfDocument,
    object::{Object, ObjectRef},
};

use super::{
    info::{dictionary, text},
    names,
};

/// A bookmark.
pub(super) struct Bookmark {
    pub title: String,
    /// From 1.
    pub level: u8,
    /// The page it leads to, from 0.
    pub page: Option<usize>,
}

/// More are no table of contents.
const MOST: usize = 20_000;
const DEEPEST: usize = 32;

/// All bookmarks. A list that leads back into itself ends there.
pub(super) fn read(document: &PdfDocument) -> Vec<Bookmark> {
    let catalog = document.catalog().ok();
    let Some(catalog) = catalog.as_ref().and_then(Object::as_dict) else { return Vec::new() };
    let Some(root) = catalog.get("Outlines").and_then(|root| dictionary(document, root)) else {
        return Vec::new();
    };
    let mut walk = Walk {
        document,
        pages: pages(document, catalog),
        names: places(document, catalog),
        seen: HashSet::new(),
        found: Vec::new(),
    };
    walk.siblings(root.get("First"), 1);
    walk.found
}

struct Walk<'a> {
    document: &'a PdfDocument,
    pages: HashMap<ObjectRef, usize>,
    names: HashMap<Vec<u8>, Object>,
    seen: HashSet<ObjectRef>,
    found: Vec<Bookmark>,
}

impl Walk<'_> {
    fn siblings(&mut self, first: Option<&Object>, level: u8) {
        let mut next = first.and_then(Object::as_reference);
        while let Some(place) = next {
            if self.found.len() >= MOST || usize::from(level) > DEEPEST || !self.seen.insert(place) {
                return;
            }
            let Some(item) = dictionary(self.document, &Object::Reference(place)) else { return };
            let title = item.get("Title").and_then(|title| self.document.resolve_object(title).ok());
            let title = title.as_ref().and_then(Object::as_string).map(text).unwrap_or_default();
            let page = self.page(&item);
            self.found.push(Bookmark { title, level, page });
            self.siblings(item.get("First"), level + 1);
            next = item.get("Next").and_then(Object::as_reference);
        }
    }

    fn page(&self, item: &HashMap<String, Object>) -> Option<usize> {
        let target = match item.get("Dest") {
            Some(target) => target.clone(),
            None => dictionary(self.document, item.get("A")?)?.get("D")?.clone(),
        };
        let target = self.document.resolve_object(&target).ok()?;
        let target = match &target {
            Object::String(name) => self.names.get(name)?,
            Object::Name(name) => self.names.get(name.as_bytes())?,
            target => target,
        };
        let target = self.document.resolve_object(target).ok()?;
        let target = match target.as_dict() {
            Some(inner) => self.document.resolve_object(inner.get("D")?).ok()?,
            None => target,
        };
        let page = target.as_array()?.first()?.as_reference()?;
        self.pages.get(&page).copied()
    }
}

/// The number of each page, from 0.
fn pages(document: &PdfDocument, catalog: &HashMap<String, Object>) -> HashMap<ObjectRef, usize> {
    // Twice the default limit of pages, with the nodes above them.
    const NODES: usize = 40_000;
    let mut pages = HashMap::new();
    let mut seen = HashSet::new();
    let mut open: Vec<ObjectRef> = catalog.get("Pages").and_then(Object::as_reference).into_iter().collect();
    while let Some(place) = open.pop() {
        if seen.len() >= NODES || !seen.insert(place) {
            continue;
        }
        let Some(node) = dictionary(document, &Object::Reference(place)) else { continue };
        match node.get("Kids").and_then(|kids| document.resolve_object(kids).ok()) {
            Some(kids) => {
                let kids = kids.as_array().map(Vec::as_slice).unwrap_or_default();
                open.extend(kids.iter().rev().filter_map(Object::as_reference));
            }
            None => {
                pages.insert(place, pages.len());
            }
        }
    }
    pages
}

/// Named places: the catalogue's own list, and the tree of newer files.
fn places(document: &PdfDocument, catalog: &HashMap<String, Object>) -> HashMap<Vec<u8>, Object> {
    let old = catalog.get("Dests").and_then(|list| dictionary(document, list)).unwrap_or_default();
    let old = old.into_iter().map(|(name, place)| (name.into_bytes(), place));
    old.chain(names::tree(document, "Dests")).collect()
}
