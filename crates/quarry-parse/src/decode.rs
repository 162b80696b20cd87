//! Bytes to text, whatever the encoding.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// Decodes text, preferring in this order: a byte order mark, UTF-8 that is valid, zero bytes that give UTF-16
/// away, what the document declares, and a guess from the byte statistics. Line ends become `\n`.
pub(crate) fn decode(bytes: &[u8], declared: Option<&'static Encoding>) -> String {
    tidy(decode_raw(bytes, declared))
}

fn decode_raw<'a>(bytes: &'a [u8], declared: Option<&'static Encoding>) -> Cow<'a, str> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(bytes.get(mark..).unwrap_or_default()).0;
    }
    if let Some(encoding) = utf16_without_mark(bytes) {
        return encoding.decode_without_bom_handling(bytes).0;
    }
    // ISO-2022-JP is seven-bit, so it passes for UTF-8; its escape sequences give it away.
    let escaped = bytes.contains(&0x1b);
    if !escaped && let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    if let Some(encoding) = declared {
        let (text, _, broken) = encoding.decode(bytes);
        if !broken {
            return text;
        }
    }
    guess(bytes).decode_without_bom_handling(bytes).0
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    // More bytes do not make the guess better, only slower.
    const SAMPLE: usize = 1 << 20;
    if almost_utf8(bytes) {
        return UTF_8;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes.get(..SAMPLE).unwrap_or(bytes), true);
    detector.guess(None, Utf8Detection::Allow)
}

/// UTF-8 with a few broken places stays UTF-8: a legacy encoding would turn the whole text into noise for them.
fn almost_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0_usize, 0_usize);
    for part in bytes.utf8_chunks() {
        good += part.valid().chars().filter(|letter| !letter.is_ascii()).count();
        bad += usize::from(!part.invalid().is_empty());
    }
    good > 0 && bad * 20 <= good
}

/// Finds UTF-16 by its zero bytes: in text with Latin letters, digits or spaces nearly all of them stand on one side.
pub(crate) fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = bytes.get(..4096).unwrap_or(bytes);
    if sample.len() < 4 || bytes.len() % 2 == 1 || !sample.contains(&0) {
        return None;
    }
    let pairs = sample.len() / 2;
    let (mut even, mut odd, mut both) = (0, 0, 0);
    for pair in sample.chunks_exact(2) {
        match pair {
            [0, 0] => both += 1,
            [0, _] => even += 1,
            [_, 0] => odd += 1,
            _ => {}
        }
    }
    let enough = pairs / 5;
    if both * 50 > pairs {
        None
    } else if odd > enough && even * 20 < odd {
        Some(UTF_16LE)
    } else if even > enough && odd * 20 < even {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// One kind of line end, and none of the control characters that mean nothing in text.
fn tidy(text: Cow<'_, str>) -> String {
    let odd = |byte: u8| byte < 0x20 && byte != b'\n' && byte != b'\t';
    if !text.bytes().any(odd) {
        return text.into_owned();
    }
    let mut clean = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\r' => {
                if letters.peek() == Some(&'\n') {
                    letters.next();
                }
                clean.push('\n');
            }
            '\n' | '\t' => clean.push(letter),
            // A form feed parts pages, a vertical tab lines.
            '\u{c}' => clean.push_str("\n\n"),
            '\u{b}' => clean.push('\n'),
            '\0'..'\u{20}' => {}
            _ => clean.push(letter),
        }
    }
    clean
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::decode;

    #[test]
    fn encodings_are_found() {
        let utf16: Vec<u8> = "Hello there, world".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode(&utf16, None), "Hello there, world");
        let big: Vec<u8> = "Hello there, world".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decode(&big, None), "Hello there, world");
        assert_eq!(decode(b"\xef\xbb\xbfa\r\nb\rc", None), "a\nb\nc");
        assert_eq!(decode(b"\x93windows\x94 and caf\xe9", None), "\u{201c}windows\u{201d} and caf\u{e9}");
        let (japanese, ..) = encoding_rs::ISO_2022_JP.encode("これは日本語の文章です。");
        assert_eq!(decode(&japanese, None), "これは日本語の文章です。");
    }

    #[test]
    fn a_few_broken_bytes_do_not_change_the_encoding() {
        let mut bytes = "Größe und Länge, überall schöne Übergänge für Gäste, Bäcker, Köche und Jäger, "
            .repeat(3)
            .into_bytes();
        bytes.push(0xff);
        assert!(decode(&bytes, None).starts_with("Größe und Länge"));
    }
}
