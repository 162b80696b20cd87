//! Books.

use crate::support::{outline, read, zipped};

#[test]
fn chapters_come_in_the_order_of_the_spine() {
    let container = r#"<container><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>"#;
    let package = r#"<package><metadata><dc:title>The Book</dc:title><dc:creator>Ada</dc:creator><dc:language>en</dc:language></metadata>
        <manifest><item id="b" href="text/two%20b.xhtml" media-type="application/xhtml+xml"/><item id="a" href="text/one.xhtml" media-type="application/xhtml+xml"/>
        <item id="c" href="cover.jpg" media-type="image/jpeg"/></manifest><spine><itemref idref="c"/><itemref idref="a"/><itemref idref="b"/></spine></package>"#;
    let file = zipped(&[
        ("mimetype", b"application/epub+zip"),
        ("META-INF/container.xml", container.as_bytes()),
        ("OPS/book.opf", package.as_bytes()),
        (
            "OPS/text/two b.xhtml",
            b"<html><body><h1>Two</h1><p>Second text.</p><aside>A note.</aside></body></html>",
        ),
        ("OPS/text/one.xhtml", b"<html><body><h1>One</h1><p>First text.</p></body></html>"),
    ]);
    let parsed = read("a.epub", &file).unwrap();
    assert_eq!(
        outline(&parsed),
        "Heading(1): One\nParagraph: First text.\nHeading(1): Two\nParagraph: Second text.\nParagraph: A note."
    );
    assert_eq!(parsed.title.as_deref(), Some("The Book"));
    assert_eq!((parsed.metadata["author"].as_str(), parsed.metadata["language"].as_str()), ("Ada", "en"));
}
