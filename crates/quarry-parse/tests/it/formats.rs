//! What each format gives, on small documents of our own.

use quarry_core::Fault;
use quarry_parse::{BlockKind, Format, sniff};

use crate::support::{docx, outline, pdf, read, show};

#[test]
fn markdown_becomes_blocks() {
    let text = "---\ntitle: The Guide\nauthor: Ada\n---\n# Start\n\nSome *fine* text with `code`.\n\n- one\n- two\n  1. inner\n\n\
                | Name | Age |\n|---|---|\n| Bo | 3 |\n\n> quoted\n\n```rust\nfn main() {}\n```\n";
    let parsed = read("guide.md", text.as_bytes()).unwrap();
    assert_eq!(parsed.title.as_deref(), Some("The Guide"));
    assert_eq!(parsed.metadata["author"], "Ada");
    let expected = "Heading(1): Start\nParagraph: Some fine text with code.\nListItem: - one\nListItem: - two\n\
                    ListItem: 1. inner\nTableRow { table: 1, header: true }: Name | Age\n\
                    TableRow { table: 1, header: false }: Bo | 3\nQuote: quoted\nCode: fn main() {}";
    assert_eq!(outline(&parsed), expected);
}

#[test]
fn a_page_gives_its_content_and_not_its_menu() {
    let html = "<html lang=en><head><title>On ducks</title><style>p{}</style></head><body><nav><a href=/>Home</a></nav>\
                <main><h1>Ducks</h1><p>Ducks swim<br>and fly.</p><ol start=3><li>Quack<li><p>Waddle</p></ol>\
                <table><tr><th>Kind<th>Size</tr><tr><td rowspan=2>Teal<td>small</tr><tr><td>tiny</tr></table>\
                <pre>  a\n    b</pre><p hidden>secret</p></main><footer>Imprint</footer></body></html>";
    let parsed = read("ducks.html", html.as_bytes()).unwrap();
    assert_eq!(parsed.title.as_deref(), Some("On ducks"));
    assert_eq!(parsed.metadata["language"], "en");
    let expected = "Heading(1): Ducks\nParagraph: Ducks swim\nand fly.\nListItem: 3. Quack\nListItem: 4. Waddle\n\
                    TableRow { table: 1, header: true }: Kind | Size\nTableRow { table: 1, header: false }: Teal | small\n\
                    TableRow { table: 1, header: false }: Teal | tiny\nCode: a\n    b";
    assert_eq!(outline(&parsed), expected);
}

#[test]
fn a_declared_encoding_is_used() {
    let mut html = b"<html><head><meta charset=windows-1251><title>t</title></head><body><p>".to_vec();
    html.extend(encoding(encoding_rs::WINDOWS_1251, "Привет"));
    assert!(read("a.html", &html).unwrap().text.contains("Привет"));
}

fn encoding(encoding: &'static encoding_rs::Encoding, text: &str) -> Vec<u8> {
    encoding.encode(text).0.into_owned()
}

#[test]
fn a_word_document_gives_headings_numbers_tables_notes_and_boxes() {
    let body = r#"
        <w:p><w:pPr><w:pStyle w:val="H1"/><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>Start</w:t></w:r></w:p>
        <w:p><w:pPr><w:pStyle w:val="H2"/><w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>Inner</w:t></w:r></w:p>
        <w:p><w:r><w:t>Kept &amp; </w:t></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:ins><w:r><w:t>new</w:t></w:r></w:ins><w:r><w:footnoteReference w:id="2"/></w:r></w:p>
        <w:p><w:r><mc:AlternateContent><mc:Choice><wps:txbx><w:txbxContent><w:p><w:r><w:t>Boxed</w:t></w:r></w:p></w:txbxContent></wps:txbx></mc:Choice>
        <mc:Fallback><w:txbxContent><w:p><w:r><w:t>Boxed</w:t></w:r></w:p></w:txbxContent></mc:Fallback></mc:AlternateContent><w:t>Around</w:t></w:r></w:p>
        <w:tbl><w:tr><w:tc><w:p><w:r><w:t>Name</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>Age</w:t></w:r></w:p></w:tc></w:tr>
        <w:tr><w:tc><w:p><w:r><w:t>Bo</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>3</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"#;
    let styles = r#"<w:styles><w:style w:styleId="H1"><w:name w:val="heading 1"/></w:style><w:style w:styleId="H2"><w:name w:val="Kopf"/><w:basedOn w:val="B"/></w:style>
        <w:style w:styleId="B"><w:name w:val="heading 2"/></w:style></w:styles>"#;
    let numbering = r#"<w:numbering><w:abstractNum w:abstractNumId="7"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="upperRoman"/><w:lvlText w:val="%1."/></w:lvl>
        <w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1.%2"/></w:lvl></w:abstractNum>
        <w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num></w:numbering>"#;
    let footnotes = r#"<w:footnotes><w:footnote w:id="2"><w:p><w:r><w:t>The note.</w:t></w:r></w:p></w:footnote></w:footnotes>"#;
    let core =
        r#"<cp:coreProperties><dc:title>My title</dc:title><dc:creator>Ada</dc:creator></cp:coreProperties>"#;
    let file = docx(
        body,
        &[
            ("word/styles.xml", styles),
            ("word/numbering.xml", numbering),
            ("word/footnotes.xml", footnotes),
            ("docProps/core.xml", core),
        ],
    );
    let parsed = read("a.docx", &file).unwrap();
    assert_eq!(parsed.title.as_deref(), Some("My title"));
    assert_eq!(parsed.metadata["author"], "Ada");
    let expected = "Heading(1): I. Start\nHeading(2): I.a Inner\nParagraph: Kept & new [2]\nParagraph: [2] The note.\n\
                    Paragraph: Around\nParagraph: Boxed\nTableRow { table: 1, header: true }: Name | Age\n\
                    TableRow { table: 1, header: false }: Bo | 3";
    assert_eq!(outline(&parsed), expected);
}

#[test]
fn tables_of_values_keep_their_rows() {
    let parsed = read("a.csv", "name;town\n\"Bo; Jr\";Rome\nAl;Oslo\n".as_bytes()).unwrap();
    let expected = "TableRow { table: 1, header: true }: name | town\nTableRow { table: 1, header: false }: Bo; Jr | Rome\n\
                    TableRow { table: 1, header: false }: Al | Oslo";
    assert_eq!(outline(&parsed), expected);
}

#[test]
fn json_keeps_paths_and_order() {
    let json = r#"{"title": "Stock", "b": {"z": 1, "a": [1, 2]}, "rows": [{"id": 7, "ok": true}, {"id": 8, "ok": null}]}"#;
    let parsed = read("a.json", json.as_bytes()).unwrap();
    assert_eq!(parsed.title.as_deref(), Some("Stock"));
    assert_eq!(parsed.text, "title: Stock\n\nb.z: 1\nb.a: 1, 2\n\nrows[0] id: 7; ok: true\nrows[1] id: 8");
    let lines = read("a.jsonl", b"{\"a\": 1}\nnot json\n{\"a\": 2}\n").unwrap();
    assert_eq!(lines.text, "a: 1\n\na: 2");
    assert_eq!(lines.warnings, ["1 lines are not valid JSON and were left out"]);
    let broken = read("a.json", b"{\"a\": ").unwrap();
    assert!(broken.warnings[0].starts_with("not valid JSON"), "{:?}", broken.warnings);
}

#[test]
fn a_pdf_gives_pages_headings_paragraphs_and_columns() {
    let words = "words that run on in this column";
    let mut lines = vec![(72.0, 720.0, 20.0, "A large title")];
    for row in 0..6_u8 {
        lines.push((72.0, 680.0 - 14.0 * f32::from(row), 10.0, words));
        lines.push((320.0, 680.0 - 14.0 * f32::from(row), 10.0, "while others stand on the right"));
    }
    let file = pdf(
        &[
            &show(&lines),
            &show(&[(72.0, 720.0, 10.0, "The second page has a hy-"), (72.0, 708.0, 10.0, "phen in it.")]),
        ],
        "Helvetica",
    );
    let parsed = read("a.pdf", &file).unwrap();
    assert_eq!((parsed.pages, parsed.title.as_deref()), (Some(2), Some("A large title")));
    assert_eq!(parsed.blocks[0].kind, BlockKind::Heading(1));
    let left = parsed.text.rfind("words that run").unwrap();
    let right = parsed.text.find("while others").unwrap();
    assert!(left < right, "{}", parsed.text);
    assert!(parsed.text.ends_with("The second page has a hyphen in it."), "{}", parsed.text);
    assert_eq!(parsed.blocks.last().unwrap().page, Some(2));
}

#[test]
fn code_is_cut_between_items() {
    let code = "fn a() {\n    one();\n\n    two();\n}\n\nfn b() {}\n";
    let parsed = read("a.rs", code.as_bytes()).unwrap();
    assert_eq!(outline(&parsed), "Code: fn a() {\n    one();\n\n    two();\n}\nCode: fn b() {}");
}

#[test]
fn bytes_decide_and_the_name_helps() {
    let kind = |bytes: &[u8], name: &str| sniff(bytes, name).format;
    assert_eq!(kind(b"%PDF-1.7 ...", "a.txt"), Some(Format::Pdf));
    assert_eq!(kind(b"# Hello", "a.md"), Some(Format::Markdown));
    assert_eq!(kind(b"# Hello", "a"), Some(Format::Text));
    assert_eq!(kind(b"<!DOCTYPE html><html>", "page"), Some(Format::Html));
    assert_eq!(kind(b"{\"a\": 1}", "data"), Some(Format::Json));
    assert_eq!(kind(b"{\"a\": 1}\n{\"a\": 2}\n", "data"), Some(Format::JsonLines));
    assert_eq!(kind(b"{ not json", "data"), Some(Format::Text));
    assert_eq!(kind(b"\x89PNG\r\n\x1a\n...", "a.txt"), Some(Format::Image));
    assert_eq!(kind(b"OggS...", "a.txt"), None);
    assert_eq!(kind(&docx("", &[]), "a"), Some(Format::Docx));
    let warned = read("a.docx", &pdf(&[&show(&[(72.0, 700.0, 10.0, "Hello")])], "Helvetica")).unwrap();
    assert_eq!(warned.warnings, ["named .docx, but its bytes are a PDF; read as that"]);
    assert_eq!(warned.media_type, "application/pdf");
}

#[test]
fn errors_have_codes() {
    assert_eq!(read("a.txt", b"").unwrap_err().code(), "empty_document");
}
