//! Archives: files in files.

use quarry_core::Fault;
use quarry_parse::Parsed;

use crate::support::{docx, gzipped, outline, read, tarred, zipped};

fn names(parsed: &Parsed) -> Vec<&str> {
    parsed.members.iter().map(|member| member.name.as_str()).collect()
}

#[test]
fn each_file_is_a_section_and_a_bad_one_costs_itself() {
    let document = docx("<w:p><w:r><w:t>From Word</w:t></w:r></w:p>", &[]);
    let inner = zipped(&[("deep.txt", b"deep text")]);
    let file = zipped(&[
        ("docs/a.docx", &document),
        ("__MACOSX/docs/._a.docx", b"\0\x05\x16\x07"),
        ("b.pdf", b"%PDF-1.7 nothing"),
        ("inner.zip", &inner),
        ("t.md", b"# Head\n\nWords."),
    ]);
    let parsed = read("all.zip", &file).unwrap();
    let expected = "Heading(1): docs/a.docx\nParagraph: From Word\nHeading(1): inner.zip\nHeading(2): deep.txt\nParagraph: deep text\n\
        Heading(1): t.md\nHeading(2): Head\nParagraph: Words.";
    assert_eq!(outline(&parsed), expected);
    assert_eq!(names(&parsed), ["docs/a.docx", "b.pdf", "inner.zip", "inner.zip/deep.txt", "t.md"]);
    assert!(parsed.members[1].problem.as_deref().unwrap().starts_with("the PDF is damaged"));
    assert_eq!(parsed.members[4].media_type, "text/markdown");
}

#[test]
fn tar_and_gzip_are_archives_too() {
    let long = format!("{}/file.txt", "folder".repeat(14));
    let file = tarred(&[("a/one.txt", b"first"), (&long, b"second"), ("a/table.csv", b"x,y\n1,2\n")]);
    let expected = format!(
        "Heading(1): a/one.txt\nParagraph: first\nHeading(1): {long}\nParagraph: second\nHeading(1): a/table.csv\n\
         TableRow {{ table: 1, header: true }}: x | y\nTableRow {{ table: 1, header: false }}: 1 | 2"
    );
    assert_eq!(outline(&read("a.tar", &file).unwrap()), expected);
    let packed = read("a.tgz", &gzipped(&file)).unwrap();
    assert_eq!(outline(&packed), expected);
    assert_eq!(packed.media_type, "application/gzip");
    let single = read("notes.md.gz", &gzipped(b"# Notes\n\nText.")).unwrap();
    assert_eq!(outline(&single), "Heading(1): notes.md\nHeading(2): Notes\nParagraph: Text.");
}

#[test]
fn an_archive_under_the_name_of_a_document_is_refused() {
    let file = zipped(&[("a.txt", b"text")]);
    assert_eq!(read("a.txt", &file).unwrap_err().code(), "wrong_format");
    assert!(read("noname", &file).unwrap().text.ends_with("text"));
    assert_eq!(read("a.zip", b"no archive").unwrap_err().code(), "wrong_format");
}

#[test]
fn an_archive_without_readable_files_lists_them() {
    let file = zipped(&[("a.bin", b"\0\x01\x02\x03\0\0\0\0"), ("b.exe", b"MZ\x90\0rest")]);
    let parsed = read("a.zip", &file).unwrap();
    assert_eq!(names(&parsed), ["a.bin", "b.exe"]);
    assert!(parsed.text.starts_with("- a.bin: "), "{}", parsed.text);
    assert_eq!(read("a.zip", &zipped(&[])).unwrap_err().code(), "no_text");
}
