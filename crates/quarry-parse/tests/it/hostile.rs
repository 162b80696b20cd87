//! Input that lies, is broken or is too much: a clear sentence, soon, never a crash.

use std::time::Instant;

use quarry_core::{ErrorKind, Fault};
use quarry_parse::{ChunkSettings, Limits, chunk};

use crate::support::{docx, gzipped, ole, pdf, read, read_under, tar_header, tarred, zipped};

fn refused(name: &str, bytes: &[u8]) -> (String, &'static str) {
    let error = read(name, bytes).unwrap_err();
    (error.to_string(), error.code())
}

#[test]
fn the_sentences_people_read() {
    assert_eq!(refused("a.txt", b""), ("the file is empty (0 bytes)".into(), "empty_document"));
    let sound = b"OggS rest";
    let supported = "PDF, DOCX, DOC, RTF, ODT, PPTX, PPT, ODP, XLSX, XLS, ODS, EPUB, EML, MSG, HTML, XML, Markdown, CSV, TSV, JSON, \
                     JSON lines, Jupyter notebooks, SRT, VTT, plain text, source code, images, and ZIP, TAR and GZ archives of these";
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
fn files_in_files_are_opened_to_a_depth_and_no_further() {
    let mut file = b"the innermost".to_vec();
    let mut name = "a.txt".to_owned();
    for level in 0..40 {
        file = if level % 2 == 0 { zipped(&[(&name, &file)]) } else { gzipped(&tarred(&[(&name, &file)])) };
        name = if level % 2 == 0 { "a.zip".to_owned() } else { "a.tgz".to_owned() };
    }
    let parsed = read(&name, &file).unwrap();
    assert!(parsed.warnings.iter().any(|warning| warning.contains("levels of files in files")), "{parsed:?}");
    assert!(parsed.members.len() < 20 && !parsed.text.contains("innermost"));
    let shallow = read("a.zip", &zipped(&[("b.zip", &zipped(&[("c.txt", b"found")]))])).unwrap();
    assert!(shallow.text.ends_with("found"));
}

#[test]
fn archives_share_one_budget() {
    let megabyte = vec![b'a'; 1 << 20];
    let inner = zipped(&[("1.txt", &megabyte), ("2.txt", &megabyte)]);
    let file = zipped(&[
        ("first.txt", b"a small one"),
        ("a.zip", &inner),
        ("b.zip", &inner),
        ("last.txt", b"the last"),
    ]);
    let limits = Limits { expanded_bytes: 3 << 20, expansion_ratio: 1_000_000, ..Limits::default() };
    let parsed = read_under("a.zip", &file, &limits).unwrap();
    assert!(parsed.text.contains("a small one") && !parsed.text.contains("the last"));
    assert!(
        parsed.warnings.iter().any(|warning| warning.contains("not all files were read")),
        "{:?}",
        parsed.warnings
    );
    let bomb = zipped(&[("zero.txt", &vec![b' '; 64 << 20])]);
    assert_eq!(refused("a.zip", &bomb).1, "over_limit");
    assert_eq!(refused("a.gz", &gzipped(&vec![b' '; 64 << 20])).1, "over_limit");
    let many: Vec<(String, Vec<u8>)> =
        (0..300).map(|number| (format!("{number}.txt"), b"x y".to_vec())).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, text)| (name.as_str(), text.as_slice())).collect();
    let limits = Limits { archive_entries: 100, ..Limits::default() };
    assert_eq!(read_under("a.zip", &zipped(&many), &limits).unwrap_err().code(), "over_limit");
    let cut = read_under("a.tar", &tarred(&many), &limits).unwrap();
    assert!(cut.members.len() <= 100 && cut.warnings.iter().any(|warning| warning.contains("entries")));
}

#[test]
fn a_tar_that_promises_gigabytes_is_cut_off() {
    let mut file = tarred(&[("a.txt", b"kept")]);
    file.truncate(1024);
    file.extend(tar_header("b.txt", 2 << 30));
    file.extend(b"a little");
    let started = Instant::now();
    let parsed = read("a.tar", &file).unwrap();
    assert!(parsed.text.ends_with("kept"));
    assert!(parsed.members[1].problem.is_some() && started.elapsed().as_secs() < 5);
}

#[test]
fn messages_in_messages_end() {
    let started = Instant::now();
    let endless = "From: a@b.c\nContent-Type: message/rfc822\n\n".repeat(100_000);
    assert_eq!(refused("a.eml", endless.as_bytes()).1, "over_limit");
    let deep =
        "From: a@b.c\nSubject: s\nContent-Type: message/rfc822\n\n".repeat(300) + "From: a@b.c\n\nend\n";
    let parsed = read("a.eml", deep.as_bytes()).unwrap();
    assert!(parsed.members.iter().any(|member| member.problem.is_some()), "{parsed:?}");
    let boundaries: String =
        (0..5_000).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n")).collect();
    let _ = read("a.eml", format!("From: a@b.c\n{boundaries}").as_bytes());
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
}

#[test]
fn repeats_are_bounded() {
    let started = Instant::now();
    let row = r#"<table:table-row table:number-rows-repeated="1000000000"><table:table-cell table:number-columns-repeated="1000000000"><text:p>x</text:p></table:table-cell></table:table-row>"#;
    let content = format!(
        "<office:document-content><office:body><office:text><table:table>{}</table:table><text:p>end<text:s text:c=\"999999999\"/></text:p></office:text></office:body></office:document-content>",
        row.repeat(200)
    );
    let file = zipped(&[
        ("mimetype", b"application/vnd.oasis.opendocument.text"),
        ("content.xml", content.as_bytes()),
    ]);
    let parsed = read("a.odt", &file).unwrap();
    assert!(parsed.text.len() < 5_000_000 && parsed.text.ends_with("end"));
    let limits = Limits { table_rows: 100, ..Limits::default() };
    assert_eq!(read_under("a.odt", &file, &limits).unwrap_err().code(), "over_limit");
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
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
    let xml = format!("<?xml version=\"1.0\"?>{}x", "<a>".repeat(100_000));
    assert_eq!(refused("deep.xml", xml.as_bytes()).1, "over_limit");
    let rtf = format!("{{\\rtf1 {}x", "{".repeat(100_000));
    assert_eq!(refused("deep.rtf", rtf.as_bytes()).1, "over_limit");
    let lists = "<text:list><text:list-item>".repeat(10_000);
    let content = format!("<office:document-content><office:body><office:text>{lists}");
    let odt = zipped(&[
        ("mimetype", b"application/vnd.oasis.opendocument.text"),
        ("content.xml", content.as_bytes()),
    ]);
    assert_eq!(refused("deep.odt", &odt).1, "over_limit");
    let shapes = format!("<p:sld>{}", "<p:grpSp>".repeat(10_000));
    let pptx = zipped(&[("ppt/slides/slide1.xml", shapes.as_bytes()), ("ppt/presentation.xml", b"<p/>")]);
    assert_eq!(refused("deep.pptx", &pptx).1, "over_limit");
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
        ("a.rtf", b"{\\rtf1\\ansi{\\fonttbl{\\f0\\fcharset128 A;}}\\f0 a\\'83\\'5c\\u-1?b{\\*\\x y}\\trowd\\intbl c\\cell\\row\\par}".to_vec()),
        ("a.xml", b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a><p>x &b; &#65;</p><tr><td>1</td></tr></a>".to_vec()),
        ("a.eml", b"From: a@b.c\nSubject: =?utf-8?B?eA==?=\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/html\n\n<p>a\n--x\nContent-Type: message/rfc822\n\nFrom: d@e.f\n\nb\n--x--\n".to_vec()),
        ("a.msg", ole(&[("__properties_version1.0", Some(vec![0; 64])), ("__substg1.0_1000001E", Some(b"text".to_vec())), ("__attach_version1.0_#00000000", None), ("__attach_version1.0_#00000000/__substg1.0_37010102", Some(b"data".to_vec()))])),
        ("a.zip", zipped(&[("a.txt", b"text"), ("b.zip", &zipped(&[("c.csv", b"1,2\n")]))])),
        ("a.tar", tarred(&[("a.txt", b"text"), ("b.md", b"# x")])),
        ("a.gz", gzipped(&tarred(&[("a.txt", b"text")]))),
        ("a.srt", b"1\n00:00:01,000 --> 00:00:02,000\n<i>a</i> {b\n\n".to_vec()),
        ("a.ipynb", br#"{"cells": [{"cell_type": "code", "source": ["x"], "outputs": [{"text": "y"}]}]}"#.to_vec()),
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

#[test]
fn damage_inside_containers_never_crashes() {
    let parts: [(&str, &str, &str); 4] = [
        (
            "a.odt",
            "content.xml",
            r#"<office:document-content><office:body><office:text><text:list><text:list-item><text:p>a<text:s text:c="3"/><text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>n</text:p></text:note-body></text:note></text:p></text:list-item></text:list><table:table><table:table-row><table:table-cell><text:p>x</text:p></table:table-cell></table:table-row></table:table></office:text></office:body></office:document-content>"#,
        ),
        (
            "a.pptx",
            "ppt/slides/slide1.xml",
            r#"<p:sld><p:sp><p:ph type="body"/><a:p><a:pPr lvl="2"><a:buAutoNum type="romanLcPeriod" startAt="3"/></a:pPr><a:r><a:t>a</a:t></a:r></a:p></p:sp><a:tbl><a:tr><a:tc vMerge="1"><a:p><a:r><a:t>x</a:t></a:r></a:p></a:tc></a:tr></a:tbl><c:chart r:id="rId1"/></p:sld>"#,
        ),
        (
            "a.docx",
            "word/document.xml",
            r#"<w:document><w:body><w:p><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>a</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:body></w:document>"#,
        ),
        ("a.epub", "c.xhtml", "<html><body><h1>a</h1><table><tr><td>b<td>c</table></body></html>"),
    ];
    let mut state = 7_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize
    };
    let mut readable = 0;
    for (name, part, text) in parts {
        for _ in 0..150 {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..1 + random() % 4 {
                match random() % 3 {
                    0 => _ = bytes.remove(random() % bytes.len()),
                    1 => bytes.insert(random() % bytes.len(), b"<>/&\"x"[random() % 6]),
                    _ => {
                        let (from, to) = (random() % bytes.len(), random() % bytes.len());
                        let piece = bytes[from.min(to)..from.max(to)].to_vec();
                        bytes.splice(to..to, piece);
                    }
                }
            }
            let mut entries: Vec<(&str, &[u8])> = vec![(part, &bytes)];
            match name {
                "a.odt" => entries.insert(0, ("mimetype", b"application/vnd.oasis.opendocument.text")),
                "a.pptx" => entries.push(("ppt/presentation.xml", b"<p/>")),
                "a.epub" => {
                    entries.push(("META-INF/container.xml", br#"<rootfile full-path="b.opf"/>"#));
                    entries.push((
                        "b.opf",
                        br#"<p><item id="c" href="c.xhtml" media-type="text/html"/><itemref idref="c"/></p>"#,
                    ));
                }
                _ => {}
            }
            readable += usize::from(read(name, &zipped(&entries)).is_ok());
        }
    }
    assert!(readable > 100, "{readable}");
}
