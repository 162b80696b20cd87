//! Languages, by their ISO 639-3 code.

use std::fmt;

/// A language, as its ISO 639-3 code. Any three-letter code is kept, whether the analyzer knows rules for it or not.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Language([u8; 3]);

impl Language {
    /// The default for short Latin text.
    pub const ENGLISH: Self = Self(*b"eng");
    /// What is said of text in no known language; words are folded but not stemmed.
    pub const UNKNOWN: Self = Self(*b"und");

    /// From a three-letter code, or one of the common two-letter codes (`de`, `zh`); a region (`pt-BR`) is ignored.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let code = code.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        match *code.as_bytes() {
            [a, b, c] if [a, b, c].iter().all(u8::is_ascii_lowercase) => Some(Self(match &[a, b, c] {
                b"zho" => *b"cmn",
                b"nor" | b"nno" => *b"nob",
                other => *other,
            })),
            [a, b] => {
                TWO_LETTERS.iter().find(|(two, _)| two.as_bytes() == [a, b]).map(|(_, three)| Self(**three))
            }
            _ => None,
        }
    }

    /// The ISO 639-3 code.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("und")
    }

    /// From a code known to be right.
    pub(super) const fn of(code: &[u8; 3]) -> Self {
        Self(*code)
    }

    /// The code's letters, for `match`.
    pub(super) const fn letters(self) -> [u8; 3] {
        self.0
    }
}

impl Default for Language {
    fn default() -> Self {
        Self::ENGLISH
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// ISO 639-1 to the code that detection uses.
const TWO_LETTERS: &[(&str, &[u8; 3])] = &[
    ("af", b"afr"),
    ("ar", b"ara"),
    ("az", b"aze"),
    ("be", b"bel"),
    ("bg", b"bul"),
    ("bn", b"ben"),
    ("ca", b"cat"),
    ("cs", b"ces"),
    ("da", b"dan"),
    ("de", b"deu"),
    ("el", b"ell"),
    ("en", b"eng"),
    ("eo", b"epo"),
    ("es", b"spa"),
    ("et", b"est"),
    ("fa", b"pes"),
    ("fi", b"fin"),
    ("fr", b"fra"),
    ("gu", b"guj"),
    ("he", b"heb"),
    ("hi", b"hin"),
    ("hr", b"hrv"),
    ("hu", b"hun"),
    ("hy", b"hye"),
    ("id", b"ind"),
    ("it", b"ita"),
    ("ja", b"jpn"),
    ("ka", b"kat"),
    ("km", b"khm"),
    ("kn", b"kan"),
    ("ko", b"kor"),
    ("la", b"lat"),
    ("lo", b"lao"),
    ("lt", b"lit"),
    ("lv", b"lav"),
    ("mk", b"mkd"),
    ("ml", b"mal"),
    ("mr", b"mar"),
    ("my", b"mya"),
    ("nb", b"nob"),
    ("ne", b"nep"),
    ("nl", b"nld"),
    ("nn", b"nob"),
    ("no", b"nob"),
    ("pa", b"pan"),
    ("pl", b"pol"),
    ("pt", b"por"),
    ("ro", b"ron"),
    ("ru", b"rus"),
    ("sk", b"slk"),
    ("sl", b"slv"),
    ("sr", b"srp"),
    ("sv", b"swe"),
    ("ta", b"tam"),
    ("te", b"tel"),
    ("th", b"tha"),
    ("tr", b"tur"),
    ("uk", b"ukr"),
    ("ur", b"urd"),
    ("uz", b"uzb"),
    ("vi", b"vie"),
    ("yi", b"yid"),
    ("zh", b"cmn"),
];

#[cfg(test)]
mod tests {
    use super::Language;

    #[test]
    fn codes_come_in_three_shapes() {
        for (code, expected) in [
            ("deu", "deu"),
            ("de", "deu"),
            ("DE-at", "deu"),
            ("zh_TW", "cmn"),
            ("zho", "cmn"),
            ("xyz", "xyz"),
        ] {
            assert_eq!(Language::from_code(code).unwrap().code(), expected);
        }
        for code in ["", "d", "germ", "x1z", "q!"] {
            assert!(Language::from_code(code).is_none(), "{code}");
        }
    }
}
