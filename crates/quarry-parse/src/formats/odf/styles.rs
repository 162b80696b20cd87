//! Paragraph styles and list styles of an OpenDocument.

use std::collections::HashMap;

use quick_xml::events::{BytesStart, Event};

use crate::formats::{
    markup::{attribute, reader},
    numerals,
};

const LEVELS: usize = 10;

#[derive(Default)]
struct Style {
    display_name: String,
    parent: Option<String>,
    outline: Option<u8>,
}

/// How one level of a list is numbered.
#[derive(Clone, Default)]
struct Level {
    format: String,
    prefix: String,
    suffix: String,
    start: Option<u32>,
    shown: usize,
}

/// What a paragraph is by its style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Plain,
    Title,
    Heading(u8),
    Code,
    Quote,
}

/// All styles by name.
#[derive(Default)]
pub(super) struct Styles {
    paragraphs: HashMap<String, Style>,
    lists: HashMap<String, Vec<Level>>,
    outline: Vec<Level>,
}

impl Styles {
    pub fn read(parts: &[&str]) -> Self {
        let mut styles = Self::default();
        parts.iter().for_each(|part| styles.read_part(part));
        styles
    }

    fn read_part(&mut self, part: &str) {
        let mut reader = reader(part);
        let mut list: Option<(String, Vec<Level>)> = None;
        while let Ok(event) = reader.read_event() {
            match event {
                Event::Start(element) => match element.local_name().as_ref() {
                    // Styles stand before the text.
                    "body" => break,
                    "style" => self.style(&element),
                    "list-style" => {
                        list = Some((attribute(&element, "name").unwrap_or_default(), Vec::new()));
                    }
                    "outline-style" => list = Some((String::new(), Vec::new())),
                    "list-level-style-number" | "outline-level-style" | "list-level-style-bullet" => {
                        if let Some((_, levels)) = &mut list {
                            add_level(levels, &element);
                        }
                    }
                    _ => {}
                },
                Event::End(element) => match (element.local_name().as_ref(), &mut list) {
                    ("list-style", Some((name, levels))) => {
                        self.lists.insert(std::mem::take(name), std::mem::take(levels));
                        list = None;
                    }
                    ("outline-style", Some((_, levels))) => {
                        self.outline = std::mem::take(levels);
                        list = None;
                    }
                    _ => {}
                },
                Event::Eof => break,
                _ => {}
            }
        }
    }

    fn style(&mut self, element: &BytesStart<'_>) {
        if attribute(element, "family").as_deref() != Some("paragraph") {
            return;
        }
        let Some(name) = attribute(element, "name") else { return };
        let display_name = attribute(element, "display-name").unwrap_or_else(|| name.replace("_20_", " "));
        let style = Style {
            display_name: display_name.to_lowercase(),
            parent: attribute(element, "parent-style-name"),
            outline: attribute(element, "default-outline-level").and_then(|level| level.parse().ok()),
        };
        self.paragraphs.insert(name, style);
    }

    pub fn meaning(&self, name: &str) -> Meaning {
        // The chain is short in honest files and may be a circle in others.
        const LONGEST: usize = 20;
        let known = |name: &str| match name {
            "title" => Some(Meaning::Title),
            "subtitle" => Some(Meaning::Heading(2)),
            "preformatted text" => Some(Meaning::Code),
            "quotations" => Some(Meaning::Quote),
            _ => None,
        };
        let mut next = Some(name);
        for _ in 0..LONGEST {
            let Some(name) = next else { break };
            let Some(style) = self.paragraphs.get(name) else {
                return known(&name.replace("_20_", " ").to_lowercase()).unwrap_or(Meaning::Plain);
            };
            if let Some(meaning) = known(&style.display_name) {
                return meaning;
            }
            if let Some(level) = style.outline.filter(|level| *level > 0) {
                return Meaning::Heading(level.min(9));
            }
            next = style.parent.as_deref();
        }
        Meaning::Plain
    }

    /// The mark of an item: its number where the list numbers this level, a dash otherwise.
    pub fn mark(&self, list: &str, counters: &[u32]) -> String {
        let levels = self.lists.get(list).map(Vec::as_slice).unwrap_or_default();
        let mark = number(levels, counters).unwrap_or_default();
        if mark.is_empty() { "-".to_owned() } else { mark }
    }

    /// The number of a heading, where headings are numbered.
    pub fn heading_number(&self, counters: &[u32]) -> Option<String> {
        number(&self.outline, counters).filter(|number| !number.is_empty())
    }

    /// The number that the first item of a level has.
    pub fn first(&self, list: &str, level: usize) -> u32 {
        self.lists.get(list).and_then(|levels| levels.get(level)?.start).unwrap_or(1)
    }
}

fn add_level(levels: &mut Vec<Level>, element: &BytesStart<'_>) {
    let number = |name| attribute(element, name).and_then(|text| text.parse::<usize>().ok());
    let index = number("level").unwrap_or(1).clamp(1, LEVELS) - 1;
    if levels.len() <= index {
        levels.resize(index + 1, Level::default());
    }
    let text = |name| attribute(element, name).unwrap_or_default();
    if let Some(level) = levels.get_mut(index) {
        *level = Level {
            format: text("num-format"),
            prefix: text("num-prefix"),
            suffix: text("num-suffix"),
            start: number("start-value").and_then(|start| u32::try_from(start).ok()),
            shown: number("display-levels").unwrap_or(1),
        };
    }
}

/// The number of the last of the counters, with those of the levels above that its level shows.
fn number(levels: &[Level], counters: &[u32]) -> Option<String> {
    let index = counters.len().checked_sub(1)?;
    let level = levels.get(index)?;
    if level.format.is_empty() {
        return None;
    }
    let first = counters.len().saturating_sub(level.shown.max(1));
    let parts: Vec<String> = counters
        .iter()
        .zip(levels)
        .skip(first)
        .filter(|(_, level)| !level.format.is_empty())
        .map(|(counter, level)| numerals::write(*counter, &level.format))
        .collect();
    Some(format!("{}{}{}", level.prefix, parts.join("."), level.suffix).trim().to_owned())
}
