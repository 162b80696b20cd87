//! One word to numbers, remembered: text repeats its words, and stemming is what costs.

use std::cell::RefCell;

use rust_stemmers::{Algorithm, Stemmer};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::{
    fold,
    language::Language,
    light,
    scan::clipped,
    script::{self, Script},
    stop,
};

/// What a word becomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Word {
    /// Low half of the stem's hash.
    pub stem: u32,
    /// Low quarter of the form's hash.
    pub form: u16,
    /// Whether it is a stop word of its language.
    pub stop: bool,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    hash: u64,
    word: Word,
}

/// Slots of a thread's cache: 128 kB, which the second-level cache of a core holds.
const SLOTS: usize = 8192;

thread_local! {
    static CACHE: RefCell<Vec<Slot>> = const { RefCell::new(Vec::new()) };
}

/// Analyses words of one text.
pub(super) struct Words {
    language: Language,
    script: Script,
    seed: u64,
}

impl Words {
    pub(super) fn new(language: Language) -> Self {
        let [a, b, c] = language.letters();
        Self {
            language,
            script: script::script_of(language),
            seed: u64::from_le_bytes([a, b, c, 0, 0, 0, 0, 0]),
        }
    }

    /// The word's numbers, from the cache or made.
    ///
    /// The cache is direct-mapped and holds the 64-bit hash of the raw token with its language: two tokens would have
    /// to agree in all of it to be mistaken.
    pub(super) fn get(&self, raw: &str) -> Word {
        let raw = clipped(raw);
        let hash = xxh3_64_with_seed(raw.as_bytes(), self.seed) | 1;
        CACHE.with_borrow_mut(|slots| {
            if slots.is_empty() {
                slots.resize(SLOTS, Slot::default());
            }
            let Some(slot) = slots.get_mut((hash >> 20) as usize % SLOTS) else { return self.make(raw) };
            if slot.hash != hash {
                *slot = Slot { hash, word: self.make(raw) };
            }
            slot.word
        })
    }

    fn make(&self, raw: &str) -> Word {
        let mut buffer = String::with_capacity(raw.len() + 8);
        let form = fold::form(raw, &mut buffer);
        let script = form.chars().find_map(script::script).unwrap_or(self.script);
        let language = if script == self.script { self.language } else { script::default_language(script) };
        let word = bare(form, language);
        let stop = stop::is_stop(word, language) || stop::is_stop(form, language);
        let stem = stemmed(word, language);
        let plain = fold::unaccented(&stem, script);
        Word { stem: hash_stem(&plain), form: hash_form(word), stop }
    }
}

/// The 32 bits that stand for a stem.
pub(super) fn hash_stem(stem: &str) -> u32 {
    xxh3_64(stem.as_bytes()) as u32
}

/// The 16 bits that stand for a form.
pub(super) fn hash_form(form: &str) -> u16 {
    (xxh3_64(form.as_bytes()) >> 16) as u16
}

/// A word without what sticks to it: thousands commas are dropped by the stemmer's caller, the English genitive and
/// Romance elisions here.
fn bare(form: &str, language: Language) -> &str {
    let Some(at) = form.rfind('\'') else { return form };
    let (head, tail) = (form.get(..at).unwrap_or(form), form.get(at + 1..).unwrap_or_default());
    match &language.letters() {
        b"fra" | b"ita" | b"cat" if head.chars().count() <= 5 && !tail.is_empty() => tail,
        b"tur" => head,
        _ if tail == "s" => head,
        _ => form,
    }
}

/// The stem of a folded word.
fn stemmed(word: &str, language: Language) -> String {
    if word.bytes().any(|byte| byte.is_ascii_digit()) {
        // `1,000` and `1000` are one number; `covid19` is a name: neither is inflected.
        return word.chars().filter(|c| *c != ',').collect();
    }
    let mut stem = word.to_owned();
    match &language.letters() {
        b"ara" => light::arabic(&mut stem),
        b"hin" | b"mar" | b"nep" => light::hindi(&mut stem),
        b"pol" | b"ces" | b"slk" | b"slv" | b"hrv" | b"srp" | b"ukr" | b"bel" | b"bul" | b"mkd" | b"lit"
        | b"lav" | b"est" => light::first_letters(&mut stem, 6),
        letters => {
            if let Some(algorithm) = algorithm(letters) {
                stem = Stemmer::create(algorithm).stem(word).into_owned();
            }
        }
    }
    stem
}

fn algorithm(letters: &[u8; 3]) -> Option<Algorithm> {
    Some(match letters {
        b"dan" => Algorithm::Danish,
        b"nld" | b"afr" => Algorithm::Dutch,
        b"eng" => Algorithm::English,
        b"fin" => Algorithm::Finnish,
        b"fra" => Algorithm::French,
        b"deu" => Algorithm::German,
        b"ell" => Algorithm::Greek,
        b"hun" => Algorithm::Hungarian,
        b"ita" => Algorithm::Italian,
        b"nob" => Algorithm::Norwegian,
        b"por" => Algorithm::Portuguese,
        b"ron" => Algorithm::Romanian,
        b"rus" => Algorithm::Russian,
        b"spa" | b"cat" => Algorithm::Spanish,
        b"swe" => Algorithm::Swedish,
        b"tam" => Algorithm::Tamil,
        b"tur" => Algorithm::Turkish,
        _ => return None,
    })
}
