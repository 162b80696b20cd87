//! What a PDF gives beside its running text, on files made here and on real ones where a checkout lies beside the
//! repository.
#![allow(clippy::print_stdout)]

use std::{fs, path::Path};

use quarry_core::Fault;
use quarry_parse::{BlockKind, Limits, ParseError, Parsed, Source, parse};

use crate::support::{outline, pdf, pdf_of, read, show};

/// Pages from their content streams and further entries, with more objects behind them. The catalogue's further
/// entries come first; pages are the objects 4, 6, 8 and so on.
fn file(catalog: &str, pages: &[(&str, &str)], more: &[&str]) -> Vec<u8> {
    let kids: Vec<String> = (0..pages.len()).map(|page| format!("{} 0 R", 4 + page * 2)).collect();
    let mut objects = vec![
        format!("<< /Type /Catalog /Pages 2 0 R {catalog} >>"),
        format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), pages.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    for (index, (content, entries)) in pages.iter().enumerate() {
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> /Contents {} 0 R {entries} >>",
            5 + index * 2
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len() + 1));
    }
    objects.extend(more.iter().map(|object| (*object).to_owned()));
    pdf_of(&objects)
}

#[test]
fn what_people_filled_in_stands_where_they_wrote_it() {
    let text =
        show(&[(72.0, 700.0, 10.0, "Name:"), (72.0, 650.0, 10.0, "Town:"), (72.0, 600.0, 10.0, "End")]);
    let fields = [
        "<< /Type /Annot /Subtype /Widget /FT /Tx /T (n) /V (Ada Lovelace) /Rect [120 696 300 712] >>",
        "<< /Type /Annot /Subtype /Widget /Parent 8 0 R /Rect [120 646 300 662] >>",
        "<< /FT /Tx /T (t) /V (\\376\\377\\000R\\000o\\000m\\000e) >>",
        "<< /Type /Annot /Subtype /Widget /FT /Btn /TU (Wants letters) /AS /Yes /Rect [10 10 20 20] >>",
        "<< /Type /Annot /Subtype /Widget /FT /Btn /TU (Wants calls) /AS /Off /Rect [30 10 40 20] >>",
        "<< /Type /Annot /Subtype /Widget /FT /Tx /V (hidden) /F 2 /Rect [120 546 300 562] >>",
    ];
    let parsed =
        read("form.pdf", &file("", &[(&text, "/Annots [6 0 R 7 0 R 9 0 R 10 0 R 11 0 R]")], &fields))
            .unwrap();
    let lines: Vec<&str> = parsed.text.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, ["Name: Ada Lovelace", "Town: Rome", "End", "Wants letters: yes"], "{}", parsed.text);
    assert!(parsed.blocks.iter().all(|block| block.page == Some(1)));
}

#[test]
fn comments_come_behind_their_page() {
    let text = show(&[(72.0, 700.0, 10.0, "Some text.")]);
    let notes = [
        "<< /Type /Annot /Subtype /Highlight /T (Bo) /Contents (Is that so?) /Rect [72 700 90 710] >>",
        "<< /Type /Annot /Subtype /FreeText /Contents (Written on the page) /Rect [72 500 300 512] >>",
        "<< /Type /Annot /Subtype /Link /Contents (a link) /Rect [72 700 90 710] >>",
    ];
    let second = show(&[(72.0, 700.0, 10.0, "Second page.")]);
    let pages = [(text.as_str(), "/Annots [8 0 R 9 0 R 10 0 R]"), (second.as_str(), "")];
    let parsed = read("a.pdf", &file("", &pages, &notes)).unwrap();
    assert_eq!(parsed.text, "Some text.\n\nWritten on the page\n\nBo: Is that so?\n\nSecond page.");
}

#[test]
fn bookmarks_are_headings_with_their_levels() {
    let first =
        show(&[(72.0, 700.0, 10.0, "1 The Start"), (72.0, 680.0, 10.0, "Words follow here, many of them.")]);
    let second = show(&[
        (72.0, 700.0, 10.0, "The Start in passing is no heading."),
        (72.0, 660.0, 10.0, "Details"),
        (72.0, 640.0, 10.0, "More words."),
    ]);
    let marks = [
        "<< /Type /Outlines /First 9 0 R /Last 9 0 R >>",
        "<< /Title (The Start) /Parent 8 0 R /Dest [4 0 R /Fit] /First 10 0 R /Next 9 0 R >>",
        "<< /Title (Details) /Parent 9 0 R /A << /S /GoTo /D (there) >> >>",
        "<< /Names [(there) [6 0 R /Fit]] >>",
    ];
    let catalog = "/Outlines 8 0 R /Names << /Dests 11 0 R >>";
    let parsed = read("a.pdf", &file(catalog, &[(&first, ""), (&second, "")], &marks)).unwrap();
    let expected = "Heading(1): 1 The Start\nParagraph: Words follow here, many of them.\n\
                    Paragraph: The Start in passing is no heading.\nHeading(2): Details\nParagraph: More words.";
    assert_eq!(outline(&parsed), expected, "and a list that leads back into itself ends");
}

#[test]
fn a_turned_page_is_read_in_its_own_order() {
    let text = show(&[
        (72.0, 700.0, 10.0, "The first line of this page."),
        (72.0, 688.0, 10.0, "The second line of this page."),
    ]);
    for turn in [90, 180, 270] {
        let parsed = read("a.pdf", &file("", &[(&text, &format!("/Rotate {turn}"))], &[])).unwrap();
        assert_eq!(parsed.text, "The first line of this page. The second line of this page.", "{turn}");
    }
    // Written upwards and shown upright by the turn of the page.
    let upwards = "BT /F1 10 Tf 0 1 -1 0 100 72 Tm (The first line of this page.) Tj ET\n\
                   BT /F1 10 Tf 0 1 -1 0 112 72 Tm (The second line of this page.) Tj ET";
    let parsed = read("a.pdf", &file("", &[(upwards, "/Rotate 90")], &[])).unwrap();
    assert_eq!(parsed.text, "The first line of this page. The second line of this page.");
}

#[test]
fn a_broken_page_costs_itself_only() {
    let good = show(&[(72.0, 700.0, 10.0, "A good page.")]);
    let mut bytes = file("", &[(&good, ""), (&good, "")], &[]);
    // The second page's object is made to be a number.
    let place = bytes.windows(7).position(|part| part == b"6 0 obj").unwrap() + 8;
    bytes[place..place + 2].copy_from_slice(b"7 ");
    match read("a.pdf", &bytes) {
        Ok(parsed) => assert!(parsed.text.starts_with("A good page."), "{}", parsed.text),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn running_heads_are_left_out_and_words_cut_at_line_ends_are_whole() {
    let pages: Vec<String> = (1..=6)
        .map(|page| {
            show(&[
                (72.0, 760.0, 9.0, "The Journal of Ducks"),
                (72.0, 700.0, 10.0, "Text of this page with a word that is inter-"),
                (72.0, 688.0, 10.0, "rupted, and with the state-of-the-art and a well-"),
                (72.0, 676.0, 10.0, &format!("known number {page} of its own in it.")),
                (300.0, 40.0, 9.0, &format!("{page}")),
            ])
        })
        .collect();
    let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
    let parsed = read("a.pdf", &pdf(&pages, "Helvetica")).unwrap();
    assert!(!parsed.text.contains("Journal"), "{}", parsed.text);
    assert_eq!(parsed.text.matches("is interrupted, and with the state-of-the-art").count(), 6);
}

fn fixture(name: &str) -> Option<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/documents/pdf");
    let bytes = fs::read(root.join(name)).ok();
    if bytes.is_none() {
        println!("skipped: there are no fixtures beside the repository");
    }
    bytes
}

fn with_password(bytes: &[u8], password: Option<&str>) -> Result<Parsed, ParseError> {
    parse(&Source { bytes, name: "a.pdf", media_type: None, password }, &Limits::default())
}

#[test]
fn a_password_opens_what_it_fits() {
    for (name, password, phrase) in [
        ("password-aes256-r6.pdf", "asdfzxcv", "pdf encryption test"),
        ("password-rc4.pdf", "openpassword", "Lorem ipsum dolor sit amet"),
    ] {
        let Some(bytes) = fixture(name) else { return };
        let none = with_password(&bytes, None).unwrap_err();
        assert_eq!(none.code(), "encrypted_document");
        assert_eq!(
            none.to_string(),
            "the PDF is encrypted; give its password, or remove it and add the file again"
        );
        let wrong = with_password(&bytes, Some("guess")).unwrap_err();
        assert_eq!(wrong.to_string(), "the password given for the PDF does not open it; give the right one");
        let parsed = with_password(&bytes, Some(password)).unwrap();
        assert!(parsed.text.contains(phrase), "{name}: {}", parsed.text);
    }
    let plain = pdf(&[&show(&[(72.0, 700.0, 10.0, "Open")])], "Helvetica");
    assert_eq!(with_password(&plain, Some("needless")).unwrap().text, "Open");
}

#[test]
fn scanned_pages_of_real_files_become_pictures() {
    for name in ["scan-ocr_test.pdf", "scan-rotated_90.pdf"] {
        let Some(bytes) = fixture(name) else { return };
        let parsed = with_password(&bytes, None).unwrap();
        assert_eq!(
            (parsed.text.trim(), parsed.scans.len(), parsed.scans[0].page),
            ("", 1, Some(1)),
            "{name}"
        );
        assert!(parsed.scans[0].image.len() > 10_000);
        if let Ok(folder) = std::env::var("QUARRY_DUMP") {
            let extension = parsed.scans[0].media_type.rsplit('/').next().unwrap();
            fs::write(Path::new(&folder).join(format!("{name}.{extension}")), &parsed.scans[0].image)
                .unwrap();
        }
    }
}

#[test]
fn attached_files_are_named() {
    let Some(bytes) = fixture("with-attachment.pdf") else { return };
    let members = with_password(&bytes, None).unwrap().members;
    assert_eq!(
        (members.len(), members[0].name.as_str(), members[0].media_type.as_str()),
        (1, "image.png", "image/png")
    );
}

#[test]
fn the_bookmarks_of_a_real_book_give_its_chapters() {
    let Some(bytes) = fixture("freeculture-352p.pdf") else { return };
    let parsed = with_password(&bytes, None).unwrap();
    let headings: Vec<&str> = parsed
        .blocks
        .iter()
        .filter(|block| matches!(block.kind, BlockKind::Heading(1..=2)))
        .map(|block| &parsed.text[block.range.clone()])
        .collect();
    for chapter in ["PREFACE", "INTRODUCTION"] {
        assert!(headings.contains(&chapter), "{headings:?}");
    }
}
