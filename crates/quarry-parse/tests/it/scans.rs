//! Pictures of text: what reading gives, and what becomes of it with and without OCR.

use quarry_core::Fault;
use quarry_parse::{BlockKind, Limits, ParseError, Parsed, Scan};

use crate::support::{pdf, read, read_under, show};

const IMAGE: &str = "q 100 0 0 100 0 0 cm BI /W 2 /H 2 /CS /G /BPC 8 ID abcd EI Q";

fn text(words: &str) -> String {
    show(&[(72.0, 700.0, 10.0, words)])
}

#[test]
fn every_kind_of_picture_is_one_scan_and_no_text() {
    let mut bitmap = b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
    bitmap.resize(70, 0);
    let pictures: [(&[u8], &str); 7] = [
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0....", "image/jpeg"),
        (b"II*\0....", "image/tiff"),
        (b"MM\0*....", "image/tiff"),
        (b"GIF89a....", "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (&bitmap, "image/bmp"),
    ];
    for (bytes, media_type) in pictures {
        let parsed = read("scan", bytes).unwrap();
        assert_eq!((parsed.media_type.as_str(), parsed.text.as_str(), parsed.pages), (media_type, "", None));
        let scan = Scan { page: None, media_type: media_type.to_owned(), image: bytes.to_vec() };
        assert_eq!(parsed.scans, [scan]);
    }
    assert_eq!(read("notes.txt", b"BM is how this text starts.").unwrap().media_type, "text/plain");
    let small = Limits { scan_bytes: 8, ..Limits::default() };
    assert_eq!(read_under("a.png", b"\x89PNG\r\n\x1a\n....", &small).unwrap_err().code(), "over_limit");
}

#[test]
fn pages_that_are_pictures_become_scans_and_text_stays_text() {
    let file = pdf(&[IMAGE, &text("Words on a page"), IMAGE, ""], "Helvetica");
    let parsed = read("a.pdf", &file).unwrap();
    assert_eq!(parsed.text, "Words on a page");
    let pages: Vec<Option<u32>> = parsed.scans.iter().map(|scan| scan.page).collect();
    assert_eq!(pages, [Some(1), Some(3)]);
    assert!(
        parsed.scans.iter().all(|scan| scan.media_type == "image/png" && scan.image.starts_with(b"\x89PNG"))
    );
    let kept = parsed.or_needs_ocr().unwrap();
    assert_eq!(kept.warnings, ["pictures without text need OCR: pages 1, 3"]);
}

#[test]
fn only_as_many_pictures_are_kept_as_allowed() {
    let file = pdf(&[IMAGE; 5], "Helvetica");
    let parsed = read_under("a.pdf", &file, &Limits { scans: 2, ..Limits::default() }).unwrap();
    assert_eq!(parsed.scans.len(), 2);
    assert_eq!(parsed.warnings, ["the pictures of pages 3, 4, 5 were left out: more than are kept"]);
    let parsed = read_under("a.pdf", &file, &Limits { scan_bytes: 200, ..Limits::default() }).unwrap();
    assert!((1..5).contains(&parsed.scans.len()), "{}", parsed.scans.len());
}

#[test]
fn without_ocr_the_sentence_says_what_to_install() {
    let error = read("a.pdf", &pdf(&[IMAGE, IMAGE], "Helvetica")).unwrap().or_needs_ocr().unwrap_err();
    assert_eq!(error.code(), "ocr_needed");
    assert_eq!(error, ParseError::NeedsOcr { format: "PDF".into(), pages: vec![1, 2] });
    assert_eq!(
        error.to_string(),
        "the PDF has its text only in pictures (pages 1, 2); install the OCR program Tesseract (package \
         `tesseract-ocr`, with the data of its languages) and add it again"
    );
    let error = read("a.png", b"\x89PNG\r\n\x1a\n....").unwrap().or_needs_ocr().unwrap_err();
    assert!(error.to_string().starts_with("the image has its text only in pictures; install"), "{error}");
}

#[test]
fn recognised_text_goes_to_its_page() {
    let file = pdf(&[IMAGE, &text("Words on a page"), IMAGE, IMAGE], "Helvetica");
    let parsed = read("a.pdf", &file).unwrap().recognised(vec![
        (Some(4), "  \n".to_owned()),
        (Some(3), "Third page\nsecond line\n\n\nnext paragraph\u{c}".to_owned()),
        (Some(1), "First page".to_owned()),
    ]);
    assert_eq!(parsed.text, "First page\n\nWords on a page\n\nThird page\nsecond line\n\nnext paragraph");
    assert_eq!(parsed.scans, []);
    assert_eq!(parsed.warnings, ["no text was recognised in the picture of page 4"]);
    let blocks: Vec<(Option<u32>, &str)> =
        parsed.blocks.iter().map(|block| (block.page, &parsed.text[block.range.clone()])).collect();
    assert_eq!(
        blocks,
        [
            (Some(1), "First page"),
            (Some(2), "Words on a page"),
            (Some(3), "Third page\nsecond line"),
            (Some(3), "next paragraph"),
        ]
    );
    assert!(parsed.blocks.iter().all(|block| block.kind == BlockKind::Paragraph));
    assert_eq!(parsed.clone().or_needs_ocr(), Ok(parsed), "nothing is left to recognise");
}

#[test]
fn a_picture_in_which_nothing_was_recognised_has_no_text() {
    let looked_at = read("a.png", b"\x89PNG\r\n\x1a\n....").unwrap().recognised(vec![(None, String::new())]);
    let error = looked_at.or_needs_ocr().unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), error.code()),
        ("no text in the image: no text was recognised in the picture", "no_text")
    );
}

#[test]
fn recognising_nothing_changes_nothing() {
    let parsed = read("a.md", b"# One\n\ntwo\n").unwrap();
    assert_eq!(parsed.clone().recognised(Vec::new()), parsed);
    assert_eq!(parsed.clone().or_needs_ocr(), Ok(parsed));
    assert_eq!(Parsed::default().or_needs_ocr().unwrap_err().code(), "no_text");
}
