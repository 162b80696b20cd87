//! Paragraph styles: which are headings, and which number their paragraphs.

use std::collections::HashMap;

use quick_xml::events::Event;

use crate::formats::markup::{attribute, reader};

/// What a style says about its paragraphs.
#[derive(Clone, Debug, Default)]
pub(super) struct Style {
    name: String,
    based_on: Option<String>,
    outline: Option<u8>,
    pub list: Option<String>,
    pub list_level: Option<usize>,
}

/// All styles by id.
#[derive(Debug, Default)]
pub(super) struct Styles(HashMap<String, Style>);

impl Styles {
    pub fn read(text: &str) -> Self {
        let mut reader = reader(text);
        let mut styles = HashMap::new();
        let mut open: Option<(String, Style)> = None;
        while let Ok(event) = reader.read_event() {
            match event {
                Event::Start(element) => {
                    let value = || attribute(&element, "val");
                    match (element.local_name().as_ref(), &mut open) {
                        ("style", _) => {
                            open =
                                Some((attribute(&element, "styleId").unwrap_or_default(), Style::default()));
                        }
                        ("name", Some((_, style))) => {
                            style.name = value().unwrap_or_default().to_ascii_lowercase()
                        }
                        ("basedOn", Some((_, style))) => style.based_on = value(),
                        ("outlineLvl", Some((_, style))) => {
                            style.outline = value().and_then(|level| level.parse().ok())
                        }
                        ("numId", Some((_, style))) => style.list = value(),
                        ("ilvl", Some((_, style))) => {
                            style.list_level = value().and_then(|level| level.parse().ok())
                        }
                        _ => {}
                    }
                }
                Event::End(element) if element.local_name().as_ref() == "style" => styles.extend(open.take()),
                Event::Eof => break,
                _ => {}
            }
        }
        Self(styles)
    }

    /// A style and those it is based on, from the nearest.
    fn chain<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Style> {
        // The chain is short in honest files and may be a circle in others.
        const LONGEST: usize = 20;
        std::iter::successors(self.0.get(id), |style| self.0.get(style.based_on.as_ref()?)).take(LONGEST)
    }

    /// The heading level from 1, for styles named "heading 3" and for those with an outline level.
    pub fn heading(&self, id: &str) -> Option<u8> {
        let named = |style: &Style| style.name.strip_prefix("heading ")?.trim().parse::<u8>().ok();
        let outlined = |style: &Style| style.outline.filter(|level| *level < 9).map(|level| level + 1);
        self.chain(id)
            .find_map(|style| named(style).or_else(|| outlined(style)))
            .map(|level| level.clamp(1, 9))
    }

    /// Whether it is the style of the document's title.
    pub fn is_title(&self, id: &str) -> bool {
        self.0.get(id).is_some_and(|style| style.name == "title")
    }

    /// The list a style puts its paragraphs into, and the level.
    pub fn list(&self, id: &str) -> Option<(String, Option<usize>)> {
        let list = self.chain(id).find_map(|style| style.list.clone())?;
        Some((list, self.chain(id).find_map(|style| style.list_level)))
    }
}
