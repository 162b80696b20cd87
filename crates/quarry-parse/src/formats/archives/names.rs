//! Names of files in archives whose encoding nobody wrote down.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    BIG5, EUC_KR, Encoding, GBK, IBM866, KOI8_U, SHIFT_JIS, WINDOWS_874, WINDOWS_1251, WINDOWS_1253,
    WINDOWS_1255, WINDOWS_1256,
};

use crate::{archive::Entry, codepage};

/// The names of all entries. One archive was packed on one computer, so its names are guessed together.
pub(super) fn decode(entries: &[Option<Entry>]) -> Vec<String> {
    let unknown = |entry: &&Entry| entry.name.is_none();
    let legacy: Vec<&[u8]> =
        entries.iter().flatten().filter(unknown).map(|entry| entry.raw_name.as_slice()).collect();
    let encoding = guess(&legacy);
    let name = |entry: &Option<Entry>| match entry {
        Some(Entry { name: Some(name), .. }) => name.clone(),
        Some(Entry { raw_name, .. }) => decode_with(raw_name, encoding),
        None => "unnamed".to_owned(),
    };
    entries.iter().map(name).collect()
}

/// One name on its own.
pub(super) fn decode_one(name: &[u8]) -> String {
    match std::str::from_utf8(name) {
        Ok(name) => name.to_owned(),
        Err(_) => decode_with(name, guess(&[name])),
    }
}

/// `None` stands for the code page of DOS, which every packer used in the West.
fn decode_with(name: &[u8], encoding: Option<&'static Encoding>) -> String {
    match encoding {
        Some(encoding) => encoding.decode_without_bom_handling(name).0.into_owned(),
        None => codepage::decode(name, 850),
    }
}

fn guess(names: &[&[u8]]) -> Option<&'static Encoding> {
    if names.is_empty() {
        return None;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    for name in names.iter().take(1_000) {
        detector.feed(name, false);
        detector.feed(b"\n", false);
    }
    detector.feed(b"", true);
    let guessed = detector.guess(None, Utf8Detection::Deny);
    // A few letters are too few for statistics. The East Asian encodings have an order in which they betray
    // themselves: the letters of each fill other rows of its table.
    let east_asian = [guessed, SHIFT_JIS, GBK, BIG5, EUC_KR];
    let fits = |encoding: &&'static Encoding| {
        [SHIFT_JIS, GBK, BIG5, EUC_KR].contains(encoding)
            && names.iter().all(|name| reads_well(name, encoding))
    };
    if let Some(encoding) = east_asian.into_iter().find(|encoding| fits(encoding)) {
        return Some(encoding);
    }
    // Latin letters in a code page of Windows are those of DOS, which packers used, if they are letters there.
    let is_other_script =
        [IBM866, WINDOWS_1251, WINDOWS_1253, WINDOWS_1255, WINDOWS_1256, WINDOWS_874, KOI8_U];
    let dos_letters = names.iter().all(|name| {
        codepage::decode(name, 850).chars().all(|letter| letter.is_ascii() || letter.is_alphabetic())
    });
    (is_other_script.contains(&guessed) || !dos_letters).then_some(guessed)
}

/// Whether a name comes out without errors and as letters that names have.
fn reads_well(name: &[u8], encoding: &'static Encoding) -> bool {
    let (text, broken) = encoding.decode_without_bom_handling(name);
    // Letters with accents stand alone between ASCII letters; East Asian ones come in words.
    let (mut common, mut rare) = (0_usize, 0_usize);
    for letter in text.chars().filter(|letter| !letter.is_ascii()) {
        let is_common = matches!(letter, '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'
            | '\u{3000}'..='\u{303f}' | '\u{ff01}'..='\u{ff5e}');
        if is_common { common += 1 } else { rare += 1 }
    }
    !broken && common >= 2 && common > rare * 4
}

#[cfg(test)]
mod tests {
    use super::decode_one;

    #[test]
    fn names_are_decoded_by_their_letters() {
        let (japanese, ..) = encoding_rs::SHIFT_JIS.encode("文章1.txt");
        assert_eq!(decode_one(&japanese), "文章1.txt");
        assert_eq!(decode_one(b"\x9aber.txt"), "Über.txt");
        let (russian, ..) = encoding_rs::IBM866.encode("Отчёт за год.txt");
        assert_eq!(decode_one(&russian), "Отчёт за год.txt");
        assert_eq!(decode_one("naïve.txt".as_bytes()), "naïve.txt");
    }
}
