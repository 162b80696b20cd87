//! The numbers of lists and headings, which a document only describes and every reader must count.

use std::collections::HashMap;

use quick_xml::events::Event;

use crate::formats::{
    markup::{attribute, reader},
    numerals::write,
};

const LEVELS: usize = 9;

#[derive(Clone, Debug, Default)]
struct Level {
    start: Option<u32>,
    format: String,
    text: String,
    style: Option<String>,
}

#[derive(Clone, Debug, Default)]
struct List {
    kind: String,
    starts: HashMap<usize, u32>,
}

/// The lists of a document with their counters.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    kinds: HashMap<String, Vec<Level>>,
    lists: HashMap<String, List>,
    /// Lists of one kind count on from each other.
    counters: HashMap<String, [Option<u32>; LEVELS]>,
    seen: std::collections::HashSet<String>,
}

/// What stands before a paragraph.
pub(super) enum Mark {
    Bullet(usize),
    Number(usize, String),
}

impl Numbering {
    pub fn read(text: &str) -> Self {
        let mut reader = reader(text);
        let mut numbering = Self::default();
        let (mut kind, mut list, mut level) = (None::<String>, None::<String>, 0_usize);
        while let Ok(event) = reader.read_event() {
            match event {
                Event::Start(element) => {
                    let value = attribute(&element, "val");
                    match element.local_name().as_ref() {
                        "abstractNum" => kind = attribute(&element, "abstractNumId"),
                        "num" => (list, kind) = (attribute(&element, "numId"), None),
                        "lvl" | "lvlOverride" => {
                            level = attribute(&element, "ilvl")
                                .and_then(|level| level.parse().ok())
                                .unwrap_or(0)
                                .min(LEVELS - 1);
                        }
                        name => numbering.describe(name, value, (kind.as_deref(), list.as_deref()), level),
                    }
                }
                Event::End(element) => match element.local_name().as_ref() {
                    "abstractNum" => kind = None,
                    "num" => list = None,
                    _ => {}
                },
                Event::Eof => break,
                _ => {}
            }
        }
        numbering
    }

    fn describe(
        &mut self,
        name: &str,
        value: Option<String>,
        at: (Option<&str>, Option<&str>),
        level: usize,
    ) {
        let Some(value) = value else { return };
        match at {
            (Some(kind), _) => {
                let levels =
                    self.kinds.entry(kind.to_owned()).or_insert_with(|| vec![Level::default(); LEVELS]);
                let Some(level) = levels.get_mut(level) else { return };
                match name {
                    "start" => level.start = value.parse().ok(),
                    "numFmt" => level.format = value,
                    "lvlText" => level.text = value,
                    "pStyle" => level.style = Some(value),
                    _ => {}
                }
            }
            (None, Some(list)) => {
                let list = self.lists.entry(list.to_owned()).or_default();
                match (name, value.parse()) {
                    ("abstractNumId", _) => list.kind = value,
                    ("startOverride", Ok(start)) => _ = list.starts.insert(level, start),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// The level that a list gives to a paragraph style.
    pub fn level_of_style(&self, list: &str, style: &str) -> Option<usize> {
        let levels = self.kinds.get(&self.lists.get(list)?.kind)?;
        levels.iter().position(|level| level.style.as_deref() == Some(style))
    }

    /// Counts a paragraph and gives its mark; `None` when its list has none.
    pub fn next(&mut self, list_id: &str, level: usize) -> Option<Mark> {
        let list = self.lists.get(list_id)?;
        let levels = self.kinds.get(&list.kind)?;
        let level = level.min(LEVELS - 1);
        let shape = levels.get(level)?;
        if shape.format == "bullet" {
            return Some(Mark::Bullet(level));
        }
        let counters = self.counters.entry(list.kind.clone()).or_default();
        if self.seen.insert(list_id.to_owned()) {
            for (level, start) in &list.starts {
                if let Some(counter) = counters.get_mut(*level) {
                    *counter = start.checked_sub(1);
                }
            }
        }
        let first = |level: usize| levels.get(level).and_then(|level| level.start).unwrap_or(1);
        for (index, counter) in counters.iter_mut().enumerate() {
            if index < level && counter.is_none() {
                *counter = Some(first(index));
            } else if index == level {
                *counter = Some(counter.map_or(first(index), |number| number.saturating_add(1)));
            } else if index > level {
                *counter = None;
            }
        }
        if shape.format == "none" {
            return None;
        }
        let mut text = shape.text.clone();
        for (index, counter) in counters.iter().enumerate() {
            let format = levels.get(index).map_or("decimal", |level| level.format.as_str());
            let number = counter.map(|number| write(number, format)).unwrap_or_default();
            text = text.replace(&format!("%{}", index + 1), &number);
        }
        (!text.trim().is_empty()).then(|| Mark::Number(level, text.trim().to_owned()))
    }
}
