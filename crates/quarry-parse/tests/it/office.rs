//! Presentations, OpenDocument, and what Word documents have beside their body.

use quarry_core::Fault;

use crate::support::{docx, outline, read, zipped};

fn pptx(slides: &[&str], more: &[(&str, &str)]) -> Vec<u8> {
    // The second slide of the file is the first of the show.
    let ids: String =
        (1..=slides.len()).rev().map(|n| format!(r#"<p:sldId id="{}" r:id="rId{n}"/>"#, 255 + n)).collect();
    let presentation = format!("<p:presentation><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>");
    let relations: String = (1..=slides.len())
        .map(|n| format!(r#"<Relationship Id="rId{n}" Type="x/slide" Target="slides/slide{n}.xml"/>"#))
        .collect();
    let relations = format!("<Relationships>{relations}</Relationships>");
    let names: Vec<String> = (1..=slides.len()).map(|n| format!("ppt/slides/slide{n}.xml")).collect();
    let bodies: Vec<String> = slides
        .iter()
        .map(|body| format!(r#"<p:sld><p:cSld><p:spTree>{body}</p:spTree></p:cSld></p:sld>"#))
        .collect();
    let mut entries: Vec<(&str, &[u8])> = vec![
        ("ppt/presentation.xml", presentation.as_bytes()),
        ("ppt/_rels/presentation.xml.rels", relations.as_bytes()),
    ];
    entries.extend(names.iter().zip(&bodies).map(|(name, body)| (name.as_str(), body.as_bytes())));
    entries.extend(more.iter().map(|(name, text)| (*name, text.as_bytes())));
    zipped(&entries)
}

fn shape(kind: &str, paragraphs: &str) -> String {
    let holder =
        if kind.is_empty() { String::new() } else { format!(r#"<p:nvPr><p:ph type="{kind}"/></p:nvPr>"#) };
    format!("<p:sp><p:nvSpPr>{holder}</p:nvSpPr><p:txBody>{paragraphs}</p:txBody></p:sp>")
}

#[test]
fn slides_come_in_the_order_of_the_show_with_titles_lists_tables_diagrams_and_notes() {
    let p = |text: &str| format!("<a:p><a:r><a:t>{text}</a:t></a:r></a:p>");
    let numbered = r#"<a:p><a:pPr><a:buAutoNum type="alphaLcParenR"/></a:pPr><a:r><a:t>first</a:t></a:r></a:p>
        <a:p><a:pPr><a:buAutoNum type="alphaLcParenR"/></a:pPr><a:r><a:t>second</a:t></a:r></a:p>"#;
    let table = r#"<p:graphicFrame><a:tbl><a:tblPr firstRow="1"/><a:tr><a:tc><a:p><a:r><a:t>A</a:t></a:r></a:p></a:tc><a:tc><a:p><a:r><a:t>B</a:t></a:r></a:p></a:tc></a:tr>
        <a:tr><a:tc rowSpan="2"><a:p><a:r><a:t>1</a:t></a:r></a:p></a:tc><a:tc><a:p><a:r><a:t>2</a:t></a:r></a:p></a:tc></a:tr>
        <a:tr><a:tc vMerge="1"><a:p/></a:tc><a:tc><a:p><a:r><a:t>3</a:t></a:r></a:p></a:tc></a:tr></a:tbl></p:graphicFrame>"#;
    let diagram = r#"<p:graphicFrame><dgm:relIds r:dm="rId5"/></p:graphicFrame><p:graphicFrame><c:chart r:id="rId6"/></p:graphicFrame>"#;
    let later = format!(
        "{}{}{}",
        shape("body", &p("A point")),
        shape("title", &p("Later")),
        shape("sldNum", &p("2"))
    );
    let first = format!(
        "{}{}{table}{diagram}{}",
        shape("ctrTitle", &p("Opening")),
        shape("", numbered),
        r#"<mc:AlternateContent><mc:Choice>"#.to_owned()
            + &shape("", &p("Boxed &amp; kept"))
            + "</mc:Choice><mc:Fallback>"
            + &shape("", &p("Boxed again"))
            + "</mc:Fallback></mc:AlternateContent>"
    );
    let relations = r#"<Relationships><Relationship Id="rId5" Type="x/diagramData" Target="../diagrams/data1.xml"/>
        <Relationship Id="rId6" Type="x/chart" Target="/ppt/charts/chart1.xml"/>
        <Relationship Id="rId7" Type="x/notesSlide" Target="../notesSlides/n.xml"/></Relationships>"#;
    let data = r#"<dgm:dataModel><dgm:pt><dgm:t><a:p><a:r><a:t>Step one</a:t></a:r></a:p></dgm:t></dgm:pt></dgm:dataModel>"#;
    let chart = r#"<c:chartSpace><c:title><a:t>Sales</a:t></c:title><c:ser><c:tx><c:v>North</c:v></c:tx>
        <c:cat><c:pt idx="0"><c:v>May</c:v></c:pt></c:cat><c:val><c:pt idx="0"><c:v>7</c:v></c:pt></c:val></c:ser></c:chartSpace>"#;
    let notes = format!("<p:notes>{}{}</p:notes>", shape("sldImg", ""), shape("body", &p("Say hello")));
    let file = pptx(
        &[&later, &first],
        &[
            ("ppt/slides/_rels/slide2.xml.rels", relations),
            ("ppt/diagrams/data1.xml", data),
            ("ppt/charts/chart1.xml", chart),
            ("ppt/notesSlides/n.xml", &notes),
        ],
    );
    let parsed = read("a.pptx", &file).unwrap();
    let expected = "Heading(1): Opening\nListItem: a) first\nListItem: b) second\nTableRow { table: 1, header: true }: A | B\n\
        TableRow { table: 1, header: false }: 1 | 2\nTableRow { table: 1, header: false }: 1 | 3\nListItem: - Step one\n\
        Paragraph: Sales\nTableRow { table: 2, header: true }: | North\nTableRow { table: 2, header: false }: May | 7\n\
        Paragraph: Boxed & kept\nParagraph: Speaker notes: Say hello\nHeading(1): Later\nListItem: - A point";
    assert_eq!(outline(&parsed), expected);
    assert_eq!((parsed.pages, parsed.title.as_deref()), (Some(2), Some("Opening")));
    assert_eq!(parsed.blocks.last().unwrap().page, Some(2));
}

const ODT: &str = "application/vnd.oasis.opendocument.text";
const ODP: &str = "application/vnd.oasis.opendocument.presentation";

fn open_document(kind: &str, body: &str, styles: &str) -> Vec<u8> {
    let content = format!(
        "<office:document-content>{styles}<office:body>{body}</office:body></office:document-content>"
    );
    zipped(&[
        ("mimetype", kind.as_bytes()),
        ("content.xml", content.as_bytes()),
        ("META-INF/manifest.xml", b"<m/>"),
    ])
}

#[test]
fn an_open_document_gives_headings_lists_tables_notes_and_no_deletions() {
    let styles = r#"<office:automatic-styles><style:style style:name="P1" style:family="paragraph" style:parent-style-name="Title"/>
        <text:list-style style:name="L1"><text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="."/>
        <text:list-level-style-bullet text:level="2"/></text:list-style></office:automatic-styles>"#;
    let body = r#"<office:text><text:tracked-changes><text:changed-region><text:deletion><text:p>deleted</text:p></text:deletion></text:changed-region></text:tracked-changes>
        <text:p text:style-name="P1">My title</text:p><text:h text:outline-level="2">Part</text:h>
        <text:p>Kept<text:s text:c="2"/>text<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>The note.</text:p></text:note-body></text:note> goes on
        <office:annotation><dc:creator>Ada</dc:creator><text:p>Why?</text:p></office:annotation><draw:frame><draw:text-box><text:p>In a box</text:p></draw:text-box></draw:frame></text:p>
        <text:list text:style-name="L1"><text:list-item><text:p>one</text:p><text:list><text:list-item><text:p>inner</text:p></text:list-item></text:list></text:list-item>
        <text:list-item><text:p>two</text:p></text:list-item></text:list>
        <table:table><table:table-header-rows><table:table-row><table:table-cell><text:p>Name</text:p></table:table-cell><table:table-cell><text:p>Age</text:p></table:table-cell></table:table-row></table:table-header-rows>
        <table:table-row><table:table-cell><text:p>Bo</text:p></table:table-cell><table:table-cell><text:p>3</text:p></table:table-cell><table:table-cell table:number-columns-repeated="1000000"/></table:table-row></table:table></office:text>"#;
    let parsed = read("a.odt", &open_document(ODT, body, styles)).unwrap();
    let expected = "Heading(1): My title\nHeading(2): Part\nParagraph: Kept  text [1] goes on\nParagraph: [1] The note.\n\
        Paragraph: [Comment] Why?\nParagraph: In a box\nListItem: 1. one\nListItem: - inner\nListItem: 2. two\n\
        TableRow { table: 1, header: true }: Name | Age\nTableRow { table: 1, header: false }: Bo | 3";
    assert_eq!(outline(&parsed), expected);
    assert_eq!(parsed.title.as_deref(), Some("My title"));
}

#[test]
fn an_open_presentation_gives_slides_with_titles_and_notes() {
    let body = r#"<office:presentation><draw:page><draw:frame presentation:class="title"><draw:text-box><text:p>First</text:p></draw:text-box></draw:frame>
        <draw:custom-shape><text:p>In a shape</text:p></draw:custom-shape><presentation:notes><draw:frame><draw:text-box><text:p>Say this</text:p></draw:text-box></draw:frame></presentation:notes></draw:page>
        <draw:page><draw:frame presentation:class="title"><draw:text-box><text:p>Second</text:p></draw:text-box></draw:frame></draw:page></office:presentation>"#;
    let parsed = read("a.odp", &open_document(ODP, body, "")).unwrap();
    assert_eq!(
        outline(&parsed),
        "Heading(1): First\nParagraph: In a shape\nParagraph: Speaker notes: Say this\nHeading(1): Second"
    );
    assert_eq!((parsed.pages, parsed.blocks[3].page), (Some(2), Some(2)));
}

#[test]
fn an_encrypted_open_document_says_so() {
    let file = zipped(&[
        ("mimetype", ODT.as_bytes()),
        ("content.xml", b"\x01\x02"),
        ("META-INF/manifest.xml", b"<manifest:encryption-data/>"),
    ]);
    assert_eq!(read("a.odt", &file).unwrap_err().code(), "encrypted_document");
}

#[test]
fn a_flat_open_document_is_read_like_a_packed_one() {
    let file = r#"<?xml version="1.0"?><office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"><office:body><office:text>
        <text:h text:outline-level="1">Flat</text:h><text:p>text</text:p></office:text></office:body></office:document>"#;
    assert_eq!(outline(&read("a.fodt", file.as_bytes()).unwrap()), "Heading(1): Flat\nParagraph: text");
}

#[test]
fn a_word_document_gives_comments_headers_charts_and_formulas() {
    let body = r#"<w:p><w:r><w:t>Area </w:t></w:r><m:oMath><m:r><m:t>a=b</m:t></m:r></m:oMath><w:r><w:commentReference w:id="4"/></w:r></w:p>"#;
    let comments = r#"<w:comments><w:comment w:id="4"><w:p><w:r><w:t>Check this</w:t></w:r></w:p></w:comment></w:comments>"#;
    let header = "<w:hdr><w:p><w:r><w:t>Confidential</w:t></w:r></w:p></w:hdr>";
    let file = docx(
        body,
        &[("word/comments.xml", comments), ("word/header1.xml", header), ("word/header2.xml", header)],
    );
    assert_eq!(
        outline(&read("a.docx", &file).unwrap()),
        "Paragraph: Area a=b\nParagraph: [Comment] Check this\nParagraph: Confidential"
    );
}
