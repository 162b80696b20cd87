//! XML, notebooks, subtitles, source code.

use crate::support::{outline, read};

#[test]
fn data_keeps_the_names_of_its_fields() {
    let xml = "<?xml version=\"1.0\"?><list><country><name>Canada</name><capital>Ottawa</capital></country>\
               <country><name>Trinidad &amp; Tobago</name><capital>Port of Spain</capital></country></list>";
    let expected = "Paragraph: name: Canada\ncapital: Ottawa\nParagraph: name: Trinidad & Tobago\ncapital: Port of Spain";
    assert_eq!(outline(&read("a.xml", xml.as_bytes()).unwrap()), expected);
    let wide: Vec<u8> = xml.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(outline(&read("a.xml", &wide).unwrap()), expected);
}

#[test]
fn documents_give_headings_paragraphs_lists_and_tables() {
    let xml = r#"<article><front><article-title>On <italic>ducks</italic></article-title><contrib><name><surname>Lovelace</surname><given-names>Ada</given-names></name></contrib></front>
        <body><sec><title>Start</title><p>Ducks <bold>swim</bold><xref>1</xref>, they do.</p><list><list-item><p>one</p></list-item><list-item><p>two</p></list-item></list>
        <fig><caption><title>A duck</title><p>It swims.</p></caption></fig>
        <table-wrap><table><tr><th>Kind</th><th>Size</th></tr><tr><td>Teal</td><td>small</td></tr></table></table-wrap>
        <sec><title>Inner</title><p>Text with <inline-formula>x=1</inline-formula> in it.</p></sec></sec></body>
        <ref-list><mixed-citation>Smith <name><surname>J</surname></name>. <article-title>Other</article-title>.</mixed-citation></ref-list></article>"#;
    let expected = "Heading(1): On ducks\nParagraph: Lovelace Ada\nHeading(2): Start\nParagraph: Ducks swim1, they do.\nListItem: - one\nListItem: - two\n\
        Paragraph: A duck\nParagraph: It swims.\nTableRow { table: 1, header: true }: Kind | Size\nTableRow { table: 1, header: false }: Teal | small\n\
        Heading(3): Inner\nParagraph: Text with x=1 in it.\nParagraph: Smith J. Other.";
    assert_eq!(outline(&read("a.xml", xml.as_bytes()).unwrap()), expected);
}

#[test]
fn entities_are_replaced_only_by_plain_text() {
    let xml = "<!DOCTYPE a [<!ENTITY w \"word\"><!ENTITY x \"&w;&w;\"><!ENTITY e SYSTEM \"file:///etc/passwd\">]><a><p>one &w; two &x; three &e;</p><p>end</p></a>";
    assert_eq!(read("a.xml", xml.as_bytes()).unwrap().text, "one word two three\n\nend");
}

#[test]
fn a_notebook_gives_text_code_and_what_it_printed() {
    let notebook = r##"{"nbformat": 4, "metadata": {"kernelspec": {"language": "python"}}, "cells": [
        {"cell_type": "markdown", "source": ["# Title\n", "\n", "Some *text*."]},
        {"cell_type": "code", "source": "print(1)", "outputs": [{"output_type": "stream", "text": ["\u001b[31m1\u001b[0m\n"]},
            {"output_type": "display_data", "data": {"image/png": "iVBORw0KGgo=", "text/plain": "<Figure>"}}]}]}"##;
    let expected = "Heading(1): Title\nParagraph: Some text.\nCode: print(1)\nCode: 1\nCode: <Figure>";
    let parsed = read("a.ipynb", notebook.as_bytes()).unwrap();
    assert_eq!(outline(&parsed), expected);
    assert_eq!(read("download", notebook.as_bytes()).unwrap().media_type, parsed.media_type);
}

#[test]
fn subtitles_are_what_is_said() {
    let srt = "1\n00:00:01,000 --> 00:00:02,500\n<i>Hello</i> there,\nall of you.\n\n2\n00:00:03,000 --> 00:00:04,000\n{\\an8}Good day.\n\n3\n00:01:30,000 --> 00:01:31,000\nLater <3\n";
    let parsed = read("a.srt", srt.as_bytes()).unwrap();
    assert_eq!(outline(&parsed), "Paragraph: Hello there, all of you. Good day.\nParagraph: Later <3");
    assert_eq!(parsed.metadata["duration"], "1:31");
    let vtt = "WEBVTT\n\nNOTE nothing\n\nid-1\n00:01.000 --> 00:02.000 align:start\n<v Ada>Yes &amp; no</v>\n\n00:02.000 --> 00:03.000\n<v Ada>indeed</v>\n\n00:03.000 --> 00:04.000\n<v Bo>Oh.</v>\n";
    assert_eq!(
        outline(&read("a.vtt", vtt.as_bytes()).unwrap()),
        "Paragraph: Ada: Yes & no indeed\nParagraph: Bo: Oh."
    );
}

#[test]
fn source_code_of_any_language_is_code() {
    for name in ["a.zig", "a.vb", "a.sol", "a.cmake", "a.ps1", "a.pas", "a.asm"] {
        assert!(outline(&read(name, b"one\n  two\n").unwrap()).starts_with("Code: one"), "{name}");
    }
}
