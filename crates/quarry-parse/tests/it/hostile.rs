//! Input that lies, is broken or is too much: a clear sentence, soon, never a crash.

use std::time::Instant;

use quarry_core::{ErrorKind, Fault};
use quarry_parse::{ChunkSettings, Limits, chunk};

use crate::support::{docx, pdf, read, read_under, zipped};

fn refused(name: &str, bytes: &[u8]) -> (String, &'static str) {
    let error = read(name, bytes).unwrap_err();
    (error.to_string(), error.code())
}

#[test]
fn the_sentences_people_read() {
    assert_eq!(refused("a.txt", b""), ("the file is empty (0 bytes)".into(), "empty_document"));
    let sound = b"OggS rest";
    let supported = "PDF, DOCX, XLSX, XLS, ODS, HTML, Markdown, CSV, TSV, JSON, JSON lines, plain text, source code and images";
    assert_eq!(
        refused("a.ogg", sound),
        (format!("a sound file cannot be read; what can be: {supported}"), "unsupported_format")
    );
    assert_eq!(
        refused("a.pdf", sound),
        (
            "named .pdf, but its bytes are a sound file; give it its right name or replace the file".into(),
            "wrong_format"
        )
    );
    assert_eq!(
        refused("report.docx", b"404 Not Found"),
        (
            "named .docx, but its bytes are plain text; give it its right name or replace the file".into(),
            "wrong_format"
        )
    );
    assert_eq!(refused("a.txt", &[0; 100]).1, "wrong_format");
    assert_eq!(
        refused("blank.txt", b" \n\t \n"),
        ("no text in the text: it holds nothing but white space".into(), "no_text")
    );
    assert_eq!(refused("a.pdf", b"%PDF-1.7\nnothing else").1, "damaged_document");
}

#[test]
fn an_encrypted_office_document_says_so() {
    let mut file = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    file.resize(512, 0);
    file.extend("EncryptedPackage\0".encode_utf16().flat_map(u16::to_le_bytes));
    file.resize(1024, 0);
    let expected = "the Office document is encrypted; give its password, or remove it and add the file again";
    assert_eq!(refused("a.docx", &file), (expected.into(), "encrypted_document"));
}

#[test]
fn a_truncated_container_is_damaged() {
    let file = docx("<w:p><w:r><w:t>Hello</w:t></w:r></w:p>", &[]);
    let (sentence, code) = refused("a.docx", &file[..file.len() / 2]);
    assert_eq!(code, "damaged_document");
    assert!(sentence.starts_with("the Word document is damaged: "), "{sentence}");
}

#[test]
fn expansion_is_bounded() {
    let bomb = vec![b' '; 48 << 20];
    for (name, entry) in [("a.docx", "word/document.xml"), ("a.xlsx", "xl/workbook.xml")] {
        let file = zipped(&[(entry, &bomb)]);
        let started = Instant::now();
        let error = read(name, &file).unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::TooLarge, "over_limit"), "{error}");
        assert!(started.elapsed().as_secs() < 10);
    }
}

#[test]
fn a_declared_size_is_not_believed() {
    let mut file = zipped(&[("word/document.xml", &vec![b' '; 8 << 20])]);
    // The uncompressed size stands in the entry's header and in the directory; both are made to say 16 bytes.
    let size = (8_u32 << 20).to_le_bytes();
    let places: Vec<usize> =
        file.windows(4).enumerate().filter(|(_, bytes)| *bytes == size).map(|(at, _)| at).collect();
    assert_eq!(places.len(), 2);
    places.iter().for_each(|at| file[*at..at + 4].copy_from_slice(&16_u32.to_le_bytes()));
    let limits = Limits { expanded_bytes: 1 << 20, ..Limits::default() };
    let error = read_under("a.docx", &file, &limits).unwrap_err();
    assert!(matches!(error.code(), "over_limit" | "damaged_document"), "{error}");
}

#[test]
fn an_archive_of_itself_is_not_opened() {
    let inner = zipped(&[("inner.zip", b"PK\x03\x04")]);
    assert_eq!(refused("a.zip", &inner).1, "unsupported_format");
}

#[test]
fn nesting_is_bounded() {
    let started = Instant::now();
    let json = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(
        refused("deep.json", json.as_bytes()),
        ("the document has more levels of nesting than the limit of 100".into(), "over_limit")
    );
    let html = format!("<html><body>{}x", "<div>".repeat(50_000));
    assert_eq!(refused("deep.html", html.as_bytes()).1, "over_limit");
    let tables = "<w:tbl><w:tr><w:tc>".repeat(5_000);
    assert_eq!(refused("deep.docx", &docx(&tables, &[])).1, "over_limit");
    let quotes = format!("{} x", ">".repeat(5_000));
    assert_eq!(refused("deep.md", quotes.as_bytes()).1, "over_limit");
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
}

#[test]
fn counts_are_bounded() {
    let limits =
        Limits { text_chars: 100, table_rows: 3, pages: 1, input_bytes: 1_000_000, ..Limits::default() };
    let code = |name: &str, bytes: &[u8]| read_under(name, bytes, &limits).unwrap_err().to_string();
    assert_eq!(code("a.txt", &[b'a'; 200]), "the document has more characters of text than the limit of 100");
    assert_eq!(
        code("a.csv", b"a,b\n1,2\n3,4\n5,6\n"),
        "the document has more table rows than the limit of 3"
    );
    assert_eq!(
        code("a.pdf", &pdf(&["", ""], "Helvetica")),
        "the document has more pages than the limit of 1"
    );
    assert_eq!(
        code("a.txt", &vec![b'a'; 1_000_001]),
        "the document has more bytes than the limit of 1000000"
    );
}

#[test]
fn entities_are_never_expanded() {
    let body = r"<w:p><w:r><w:t>a&b;c</w:t></w:r></w:p>";
    assert_eq!(read("a.docx", &docx(body, &[])).unwrap().text, "ac");
}

#[test]
fn a_page_image_needs_ocr() {
    let image = "q 100 0 0 100 0 0 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \u{1} EI Q";
    let scanned = read("scan.pdf", &pdf(&[image], "Helvetica")).unwrap();
    assert_eq!((scanned.text.as_str(), scanned.scans.len()), ("", 1));
    let (sentence, code) = refused("blank.pdf", &pdf(&[""], "Helvetica"));
    assert_eq!(
        (sentence.as_str(), code),
        ("no text in the PDF: it holds nothing but white space", "no_text")
    );
}

#[test]
fn ten_megabytes_of_one_line_are_cut() {
    let started = Instant::now();
    let count = |text: &str| text.len().div_ceil(4);
    for line in ["word ".repeat(2 << 20), "x".repeat(10 << 20), "漢字".repeat(1 << 20)] {
        let parsed = read("line.txt", line.as_bytes()).unwrap();
        let chunks = chunk(&parsed, &ChunkSettings::default(), &count);
        assert!(chunks.iter().all(|chunk| count(&chunk.text) <= 400 + 1));
    }
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

#[test]
fn random_damage_never_crashes() {
    let originals = [
        ("a.pdf", pdf(&[&crate::support::show(&[(72.0, 700.0, 10.0, "Hello there")])], "Helvetica")),
        ("a.docx", docx("<w:p><w:r><w:t>Hello</w:t></w:r></w:p><w:tbl><w:tr><w:tc/></w:tr></w:tbl>", &[])),
        ("a.html", b"<html><body><table><tr><td>a<td>b</table><ul><li>x</ul></body>".to_vec()),
        ("a.json", br#"{"a": [1, {"b": null}], "c": "d"}"#.to_vec()),
        ("a.csv", b"a,b\n\"x\",\"y\n".to_vec()),
        ("a.md", b"# a\n\n| a | b |\n|--|--|\n| 1 | 2 |\n".to_vec()),
    ];
    let mut state = 1_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize
    };
    let mut readable = 0;
    for (name, original) in &originals {
        for _ in 0..150 {
            let mut bytes = original.clone();
            for _ in 0..1 + random() % 4 {
                let at = random() % bytes.len();
                bytes[at] = random() as u8;
            }
            bytes.truncate(bytes.len() - random() % 3);
            readable += usize::from(read(name, &bytes).is_ok());
        }
    }
    assert!(readable > 100, "{readable}");
}
