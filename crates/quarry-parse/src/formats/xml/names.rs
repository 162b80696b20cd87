//! What elements are called in the usual kinds of documents.

/// Text that names the section around it.
pub(super) fn is_title(name: &str) -> bool {
    matches!(
        name,
        "title"
            | "head"
            | "heading"
            | "article-title"
            | "book-title"
            | "subtitle"
            | "bridgehead"
            | "titleabbrev"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
    )
}

/// Elements that group text under a title.
pub(super) fn is_section(name: &str) -> bool {
    matches!(
        name,
        "sec"
            | "section"
            | "sect1"
            | "sect2"
            | "sect3"
            | "sect4"
            | "sect5"
            | "chapter"
            | "appendix"
            | "part"
            | "preface"
            | "div"
            | "div1"
            | "div2"
            | "div3"
            | "div4"
            | "topic"
            | "abstract"
            | "boxed-text"
            | "app"
            | "ack"
            | "ref-list"
            | "refsection"
            | "refsect1"
            | "refsect2"
            | "simplesect"
            | "body"
    )
}

/// Elements that name another publication, whose title is no heading here.
pub(super) fn is_reference(name: &str) -> bool {
    name.ends_with("citation")
        || matches!(name, "ref" | "biblioentry" | "bibl" | "biblStruct" | "product" | "source")
}

/// Elements whose title stands under or above a picture or a table.
pub(super) fn is_figure(name: &str) -> bool {
    matches!(
        name,
        "caption" | "figure" | "fig" | "table-wrap" | "table" | "note" | "tip" | "warning" | "example"
    )
}

/// Elements of running text: a document that has them is prose, not data.
pub(super) fn is_paragraph(name: &str) -> bool {
    matches!(name, "p" | "para" | "simpara" | "formalpara" | "v" | "l" | "ab" | "shortdesc")
}

/// Whether a file has paragraphs, wherever they are.
pub(super) fn is_prose(text: &str) -> bool {
    let opens = |(at, _): (usize, &str)| {
        let name = text.get(at + 1..).unwrap_or_default();
        let end =
            name.bytes().take(30).position(|byte| matches!(byte, b'>' | b'/' | b' ' | b'\n' | b'\t' | b'\r'));
        let name = end.and_then(|end| name.get(..end)).unwrap_or_default();
        is_paragraph(name.rsplit(':').next().unwrap_or(name))
    };
    text.match_indices('<').filter(|found| opens(*found)).take(2).count() == 2
}

pub(super) fn is_item(name: &str) -> bool {
    matches!(name, "li" | "list-item" | "listitem" | "step" | "def-item" | "varlistentry")
}

pub(super) fn is_row(name: &str) -> bool {
    matches!(name, "tr" | "row" | "strow" | "sthead")
}

pub(super) fn is_cell(name: &str) -> bool {
    matches!(name, "td" | "th" | "entry" | "cell" | "stentry")
}

pub(super) fn is_table(name: &str) -> bool {
    matches!(name, "table" | "tgroup" | "informaltable" | "simpletable")
}

pub(super) fn is_code(name: &str) -> bool {
    matches!(
        name,
        "programlisting"
            | "screen"
            | "code-block"
            | "codeblock"
            | "pre"
            | "literallayout"
            | "verbatim"
            | "preformat"
            | "synopsis"
    )
}

/// Text of a line: it belongs to the sentence around it even where nothing else stands beside it.
pub(super) fn is_inline(name: &str) -> bool {
    matches!(
        name,
        "b" | "i"
            | "u"
            | "em"
            | "strong"
            | "bold"
            | "italic"
            | "emphasis"
            | "sub"
            | "sup"
            | "span"
            | "a"
            | "xref"
            | "ext-link"
            | "link"
            | "ulink"
            | "code"
            | "tt"
            | "monospace"
            | "sc"
            | "hi"
            | "q"
            | "quote"
            | "ph"
            | "term"
            | "tspan"
            | "label"
            | "style"
    )
}

/// Elements that hold no text for people: data of pictures, programs.
pub(super) fn is_left_out(name: &str) -> bool {
    matches!(name, "script" | "binary" | "binData" | "tex-math" | "object-id" | "stylesheet" | "defs")
}

/// Attributes that hold text for people.
pub(super) fn is_said(name: &str) -> bool {
    matches!(
        name,
        "title"
            | "alt"
            | "label"
            | "name"
            | "value"
            | "text"
            | "description"
            | "content"
            | "summary"
            | "caption"
            | "display"
            | "k"
            | "v"
    )
}
