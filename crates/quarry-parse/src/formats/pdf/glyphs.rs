//! From what a font calls its glyphs to letters as people write them, and from what a producer wrote in one go to what
//! stands apart.

use pdf_oxide::layout::TextSpan;
use unicode_normalization::UnicodeNormalization;

/// Letters without the shapes that only type has: ligatures, the joined forms of Arabic, radicals that stand for the
/// characters that look like them.
pub(super) fn plain(text: String) -> String {
    if !text.chars().any(is_shape) {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        if let Some(character) = character(letter) {
            plain.push(character);
        } else if is_shape(letter) {
            plain.extend(std::iter::once(letter).nfkc());
        } else {
            plain.push(letter);
        }
    }
    plain
}

/// Puts the letters of the pair that Arabic joins into one shape into the order they are spoken, where its article
/// shows that the reader has turned them round: an alef is never followed by an alef with a sign.
pub(super) fn spoken(text: String) -> String {
    const TURNED: [(&str, &str); 3] = [("اإل", "الإ"), ("األ", "الأ"), ("اآل", "الآ")];
    if !TURNED.iter().any(|(wrong, _)| text.contains(wrong)) {
        return text;
    }
    TURNED.iter().fold(text, |text, (wrong, right)| text.replace(wrong, right))
}

fn is_shape(letter: char) -> bool {
    matches!(letter, '\u{2e80}'..='\u{2fd5}' | '\u{fb00}'..='\u{fb06}' | '\u{fb13}'..='\u{fdfb}' | '\u{fe70}'..='\u{fefc}')
}

/// The character that a radical is, for radicals that Unicode does not equate with one. Japanese and Chinese fonts
/// draw both with one glyph, and producers pick the wrong name.
fn character(radical: char) -> Option<char> {
    const SAME: &[(char, char)] = &[
        ('⺟', '母'),
        ('⺠', '民'),
        ('⻁', '虎'),
        ('⻄', '西'),
        ('⻅', '见'),
        ('⻆', '角'),
        ('⻉', '贝'),
        ('⻋', '车'),
        ('⻑', '長'),
        ('⻒', '镸'),
        ('⻓', '长'),
        ('⻔', '门'),
        ('⻘', '青'),
        ('⻙', '韦'),
        ('⻚', '页'),
        ('⻛', '风'),
        ('⻜', '飞'),
        ('⻝', '食'),
        ('⻢', '马'),
        ('⻣', '骨'),
        ('⻤', '鬼'),
        ('⻥', '鱼'),
        ('⻦', '鸟'),
        ('⻧', '卤'),
        ('⻨', '麦'),
        ('⻩', '黄'),
        ('⻪', '黾'),
        ('⻫', '斉'),
        ('⻬', '齐'),
        ('⻭', '歯'),
        ('⻮', '齿'),
        ('⻯', '竜'),
        ('⻰', '龙'),
        ('⻱', '龜'),
        ('⻲', '亀'),
        ('⻳', '龟'),
    ];
    SAME.iter().find(|(from, _)| *from == radical).map(|(_, to)| *to)
}

/// Cuts spans where a producer moved on to another place within one: cells of a table written in one go.
pub(super) fn split(spans: Vec<TextSpan>) -> Vec<TextSpan> {
    spans.into_iter().flat_map(split_one).collect()
}

fn split_one(span: TextSpan) -> Vec<TextSpan> {
    let places = places(&span);
    if places.is_empty() || span.wmode != 0 {
        return vec![span];
    }
    let letters: Vec<char> = span.text.chars().collect();
    let mut parts = Vec::with_capacity(places.len() + 1);
    let (mut from, mut moved) = (0, 0.0);
    for to in places.into_iter().chain([letters.len()]) {
        let widths = span.char_widths.get(from..to).unwrap_or_default();
        let all: f32 = widths.iter().sum();
        // The advance of the last letter is mostly the gap.
        let last = widths.last().copied().unwrap_or_default();
        let gap = if to < letters.len() { (last - span.font_size * 0.5).max(0.0) } else { 0.0 };
        let mut part = span.clone();
        part.text = letters.get(from..to).unwrap_or_default().iter().collect();
        part.char_widths = widths.to_vec();
        part.char_x_offsets = Vec::new();
        let turned = (span.rotation_degrees / 90.0).round() as i32 & 3;
        match turned {
            1 => part.bbox.y += moved,
            2 => part.bbox.x -= moved,
            3 => part.bbox.y -= moved,
            _ => part.bbox.x += moved,
        }
        part.bbox.width = all - gap;
        parts.push(part);
        moved += all;
        from = to;
    }
    parts
}

/// Behind which letters the advance is far more than a letter is wide.
fn places(span: &TextSpan) -> Vec<usize> {
    let size = span.font_size.max(1.0);
    let count = span.char_widths.len();
    let total: f32 = span.char_widths.iter().sum();
    // Widths that do not add up to the span's are no places.
    if count < 2 || count != span.text.chars().count() || (total - span.bbox.width).abs() > size * 0.5 {
        return Vec::new();
    }
    let wide = |(letter, width): (char, &f32)| {
        // Words may be set with wide spacing; numbers are not.
        let most = if letter.is_alphabetic() { 2.2 } else { 1.6 };
        *width > size * most
            && !letter.is_whitespace()
            && !matches!(letter, '.' | '_' | '\u{2026}' | '\u{2014}')
    };
    let found = span.text.chars().zip(&span.char_widths).enumerate().filter(|(_, pair)| wide(*pair));
    found.map(|(index, _)| index + 1).filter(|place| *place < count).collect()
}
