//! Entities that a document defines in its own head.

use std::{cell::Cell, collections::HashMap};

/// More text than this from entities is an attack.
const MOST_CHARS: usize = 200_000;
const LONGEST: usize = 1_000;

/// Names for characters that HTML has, which documents use though XML has them not.
const COMMON: &[(&str, &str)] = &[
    ("nbsp", "\u{a0}"),
    ("ndash", "–"),
    ("mdash", "—"),
    ("hellip", "…"),
    ("lsquo", "‘"),
    ("rsquo", "’"),
    ("ldquo", "“"),
    ("rdquo", "”"),
    ("laquo", "«"),
    ("raquo", "»"),
    ("bull", "•"),
    ("middot", "·"),
    ("deg", "°"),
    ("copy", "©"),
    ("reg", "®"),
    ("trade", "™"),
    ("euro", "€"),
    ("times", "×"),
    ("auml", "ä"),
    ("ouml", "ö"),
    ("uuml", "ü"),
    ("Auml", "Ä"),
    ("Ouml", "Ö"),
    ("Uuml", "Ü"),
    ("szlig", "ß"),
    ("eacute", "é"),
    ("egrave", "è"),
    ("ecirc", "ê"),
    ("agrave", "à"),
    ("aacute", "á"),
    ("ccedil", "ç"),
    ("ntilde", "ñ"),
    ("iacute", "í"),
    ("oacute", "ó"),
    ("uacute", "ú"),
];

/// The entities whose text is plain. One that refers to others is left out, and one outside the file never looked at.
#[derive(Default)]
pub(super) struct Entities {
    defined: HashMap<String, String>,
    spent: Cell<usize>,
}

impl Entities {
    /// Reads the head of a document.
    pub fn define(&mut self, head: &str) {
        for part in head.split("<!ENTITY").skip(1).take(1_000) {
            let mut words = part.trim_start().splitn(2, char::is_whitespace);
            let (Some(name), Some(rest)) = (words.next(), words.next()) else { continue };
            let rest = rest.trim_start();
            let Some(quote) = rest.chars().next().filter(|letter| matches!(letter, '"' | '\'')) else {
                continue;
            };
            let value = rest.get(1..).and_then(|rest| rest.split(quote).next()).unwrap_or_default();
            let is_plain = value.len() <= LONGEST && !value.contains(['&', '<', '%']);
            if is_plain {
                self.defined.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// The text of an entity; nothing for an unknown one.
    pub fn get(&self, name: &str) -> &str {
        if let Some((_, text)) = COMMON.iter().find(|(common, _)| *common == name) {
            return text;
        }
        let text = self.defined.get(name).map(String::as_str).unwrap_or_default();
        let spent = self.spent.get().saturating_add(text.len());
        self.spent.set(spent);
        if spent > MOST_CHARS { "" } else { text }
    }
}
