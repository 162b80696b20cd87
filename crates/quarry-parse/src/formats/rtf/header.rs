//! What the header of an RTF document says: the encodings of fonts, the meaning of styles.

use std::collections::{HashMap, HashSet};

use crate::codepage;

/// The code page of a character set number, as fonts have them.
fn page_of_charset(charset: i32) -> Option<u32> {
    Some(match charset {
        0 => 1252,
        77 => 10000,
        78 | 128 => 932,
        129 | 130 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178..=180 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        254 => 437,
        255 => 850,
        _ => return None,
    })
}

/// Fonts by their numbers, with the code page of each.
#[derive(Default)]
pub(super) struct Fonts {
    pages: HashMap<i32, u32>,
    ansi: HashSet<i32>,
    open: Option<i32>,
    /// The code page of text whose font says nothing.
    pub default_page: u32,
    pub default_font: Option<i32>,
}

impl Fonts {
    pub fn word(&mut self, word: &str, number: Option<i32>) {
        match (word, number, self.open) {
            ("f", number, _) => self.open = number,
            ("fcharset", Some(charset), Some(font)) => {
                // "ANSI" is what the document declares, for some writers, and Western European, for others.
                if charset == 0 {
                    self.ansi.insert(font);
                } else if let Some(page) = page_of_charset(charset) {
                    self.pages.insert(font, page);
                }
            }
            ("cpg", Some(page), Some(font)) => {
                if let Some(page) = u32::try_from(page).ok().filter(|page| *page > 0) {
                    self.pages.insert(font, page);
                }
            }
            _ => {}
        }
    }

    /// The code page of text in a font.
    pub fn page_for(&self, font: Option<i32>, text: &[u8]) -> u32 {
        let fallback = if self.default_page == 0 { 1252 } else { self.default_page };
        let font = font.or(self.default_font);
        let is_ansi = font.is_some_and(|font| self.ansi.contains(&font));
        if is_ansi && matches!(fallback, 932 | 936 | 949 | 950) {
            // A lone letter with an accent in an East Asian document.
            let paired = text.windows(2).any(|pair| pair.iter().all(|byte| *byte >= 0x80));
            return if paired { fallback } else { 1252 };
        }
        font.and_then(|font| self.pages.get(&font)).copied().unwrap_or(fallback)
    }
}

/// Paragraph styles that are headings or the title.
#[derive(Default)]
pub(super) struct Styles {
    levels: HashMap<i32, u8>,
    pub title: Option<i32>,
    open: Option<i32>,
    outline: Option<u8>,
    name: Vec<u8>,
}

impl Styles {
    pub fn word(&mut self, word: &str, number: Option<i32>) {
        match (word, number) {
            ("s", Some(number)) => self.open = Some(number),
            ("outlinelevel", Some(level)) => {
                self.outline = u8::try_from(level).ok().filter(|level| *level < 9)
            }
            _ => {}
        }
    }

    pub fn text(&mut self, text: &[u8]) {
        const LONGEST: usize = 200;
        if self.name.len() < LONGEST {
            self.name.extend(text.iter().take(LONGEST));
        }
    }

    /// The group of one style ends.
    pub fn end(&mut self) {
        let name = codepage::decode(&std::mem::take(&mut self.name), 1252).to_lowercase();
        let (open, outline) = (self.open.take(), self.outline.take());
        let Some(style) = open else { return };
        let name = name.trim().trim_end_matches(';').trim();
        let level = name
            .strip_prefix("heading ")
            .or_else(|| name.strip_prefix("überschrift "))
            .or_else(|| name.strip_prefix("titre "))
            .and_then(|level| level.trim().parse::<u8>().ok());
        if name == "title" {
            self.title = Some(style);
        } else if let Some(level) = level.or_else(|| outline.map(|level| level + 1)) {
            self.levels.insert(style, level.clamp(1, 9));
        }
    }

    pub fn level(&self, style: i32) -> Option<u8> {
        self.levels.get(&style).copied()
    }
}
