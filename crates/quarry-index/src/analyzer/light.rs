//! Light rules for languages where Snowball has no stemmer, or a stemmer that is too strong.

/// Strips the most common endings of a Hindi word (inflection of nouns, adjectives and verbs).
pub(super) fn hindi(word: &mut String) {
    // Longest first. A stem of two letters at least must remain, or unrelated short words would meet.
    const ENDINGS: &[&str] = &[
        "ियों",
        "ियाँ",
        "ियां",
        "ाएँगे",
        "ाएंगे",
        "ाओं",
        "ाएँ",
        "ाएं",
        "ुओं",
        "ुएँ",
        "ुएं",
        "ाने",
        "ानी",
        "ाना",
        "ाते",
        "ाती",
        "ाता",
        "ेंगे",
        "ेंगी",
        "ेगा",
        "ेगी",
        "ूंगा",
        "ूंगी",
        "ीं",
        "ों",
        "ें",
        "ाँ",
        "ां",
        "कर",
        "ने",
        "नी",
        "ना",
        "ते",
        "ती",
        "ता",
        "े",
        "ी",
        "ा",
        "ि",
        "ो",
        "ु",
        "ू",
    ];
    for ending in ENDINGS {
        if let Some(stem) = word.strip_suffix(ending)
            && stem.chars().count() >= 2
        {
            word.truncate(stem.len());
            return;
        }
    }
}

/// Strips the common prefixes and endings of an Arabic word (the article and particles, plural and possessive
/// endings). The word is already folded.
pub(super) fn arabic(word: &mut String) {
    const PREFIXES: &[&str] = &["وال", "بال", "كال", "فال", "لل", "ال", "و"];
    const ENDINGS: &[&str] = &["ها", "ان", "ات", "ون", "ين", "يه", "ه", "ي"];
    for prefix in PREFIXES {
        if let Some(rest) = word.strip_prefix(prefix)
            && rest.chars().count() >= if prefix.chars().count() == 1 { 3 } else { 2 }
        {
            *word = rest.to_owned();
            break;
        }
    }
    for ending in ENDINGS {
        if let Some(stem) = word.strip_suffix(ending)
            && stem.chars().count() >= 2
        {
            word.truncate(stem.len());
        }
    }
}

/// Cuts long words of inflected languages to their first letters: the known fallback where there is no stemmer.
pub(super) fn first_letters(word: &mut String, letters: usize) {
    if let Some((end, _)) = word.char_indices().nth(letters) {
        word.truncate(end);
    }
}
