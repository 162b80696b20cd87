//! Web pages: the main content where there is one, the whole page otherwise.

mod about;
mod depth;
mod furniture;
mod table;
mod walk;

use dom_query::Document;
use dom_smoothie::{Config, Readability};
use encoding_rs::Encoding;

use super::Input;
use crate::{Block, BlockKind, ParseError, Parsed, decode::decode};

/// Less text than this on a page is suspicious.
const LITTLE: usize = 200;

/// Reads a page.
pub(super) fn read(input: &Input<'_>) -> Result<Parsed, ParseError> {
    let html = decode(input.bytes, declared_encoding(input.bytes));
    // Careless pages leave elements open, which is not yet an attack.
    let most = input.limits.nesting.saturating_mul(20);
    if depth::is_deeper(&html, most) {
        return Err(ParseError::over("levels of nesting", most));
    }
    let document = Document::from(html.as_str());
    let page = walk::walk(&document, input, walk::Scope::Page)?;
    let page = if page.text.len() < LITTLE { fuller(page, &document, input)? } else { page };
    // A short page has nothing to find the main content by, and little around it.
    const SHORT: usize = 1_500;
    let mut about = Parsed::default();
    about::read(&document, &mut about);
    let article = if page.text.len() < SHORT { None } else { article(document, input)? };
    let mut parsed = match article {
        Some(article) if keeps_enough(&article, &page) => with_main_heading(article, &page),
        _ => page,
    };
    parsed.title = about.title.or(parsed.title);
    parsed.metadata = about.metadata;
    Ok(parsed)
}

/// A page of which next to nothing is left without its furniture is all furniture: it counts with it.
fn fuller(page: Parsed, document: &Document, input: &Input<'_>) -> Result<Parsed, ParseError> {
    const TIMES: usize = 5;
    let whole = walk::walk(document, input, walk::Scope::Article)?;
    Ok(if whole.text.len() > page.text.len() * TIMES { whole } else { page })
}

/// The main content as a readability algorithm sees it. It gives up on pages that are no articles.
fn article(document: Document, input: &Input<'_>) -> Result<Option<Parsed>, ParseError> {
    // It drops every remark beside the text; those that belong to the text are made parts of it.
    for aside in document.select("aside").nodes() {
        if !furniture::is_furniture(aside, "aside") {
            aside.rename("div");
        }
    }
    // Scoring candidates costs more than linear time; a page of this many elements is a listing anyway.
    let config = Config { max_elements_to_parse: 50_000, ..Config::default() };
    let Ok(mut readability) = Readability::with_document(document, None, Some(config)) else {
        return Ok(None);
    };
    let Ok(article) = readability.parse() else { return Ok(None) };
    let content = Document::from(article.content);
    walk::walk(&content, input, walk::Scope::Article).map(Some)
}

/// The algorithm drops the page's main heading, which the sections below need above them.
fn with_main_heading(mut article: Parsed, page: &Parsed) -> Parsed {
    let is_main = |block: &&Block| block.kind == BlockKind::Heading(1);
    if article.blocks.iter().any(|block| is_main(&block)) {
        return article;
    }
    let Some(heading) = page.blocks.iter().find(is_main).and_then(|block| page.text.get(block.range.clone()))
    else {
        return article;
    };
    // Or it makes it one of the others.
    if let Some(first) =
        article.blocks.first_mut().filter(|first| matches!(first.kind, BlockKind::Heading(_)))
        && article.text.get(first.range.clone()) == Some(heading)
    {
        first.kind = BlockKind::Heading(1);
        return article;
    }
    let shift = heading.len() + 2;
    article.text = format!("{heading}\n\n{}", article.text);
    for block in &mut article.blocks {
        block.range = block.range.start + shift..block.range.end + shift;
    }
    article.blocks.insert(0, Block { kind: BlockKind::Heading(1), range: 0..heading.len(), page: None });
    article.title = Some(heading.to_owned());
    article
}

/// Whether the article holds most of the page's running text, and all but a few of its table rows and code.
fn keeps_enough(article: &Parsed, page: &Parsed) -> bool {
    let sum = |parsed: &Parsed, weight: fn(&Block) -> usize| parsed.blocks.iter().map(weight).sum::<usize>();
    let keeps =
        |weight: fn(&Block) -> usize, share: usize| sum(article, weight) * 100 >= sum(page, weight) * share;
    // Lines of menus are short, so what is left of them on the page does not count against the article.
    let prose = |block: &Block| match block.kind {
        BlockKind::Paragraph | BlockKind::Quote | BlockKind::ListItem if block.range.len() > 80 => {
            block.range.len()
        }
        _ => 0,
    };
    let rows = |block: &Block| usize::from(matches!(block.kind, BlockKind::TableRow { .. }));
    let code = |block: &Block| if block.kind == BlockKind::Code { block.range.len() } else { 0 };
    let headings = |block: &Block| usize::from(matches!(block.kind, BlockKind::Heading(_)));
    article.text.len() * 3 >= page.text.len()
        && keeps(prose, 70)
        && keeps(rows, 80)
        && keeps(code, 90)
        && keeps(headings, 40)
}

/// The encoding that the page declares: `charset=` in its first bytes, or the `encoding=` of XHTML.
fn declared_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.get(..2048).unwrap_or(bytes).to_ascii_lowercase();
    let behind = |mark: &[u8]| Some(head.windows(mark.len()).position(|window| window == mark)? + mark.len());
    let xml = || head.starts_with(b"<?xml").then(|| behind(b"encoding=")).flatten();
    let rest = head.get(behind(b"charset=").or_else(xml)?..)?;
    let label =
        rest.trim_ascii_start().strip_prefix(b"\"").or_else(|| rest.strip_prefix(b"'")).unwrap_or(rest);
    let end = label.iter().position(|byte| !byte.is_ascii_alphanumeric() && !b"-_:".contains(byte));
    Encoding::for_label(label.get(..end.unwrap_or(label.len()))?)
}

/// The whole of a page that is nothing but content: a chapter of a book, the body of a message.
pub(super) fn read_whole(input: &Input<'_>) -> Result<Parsed, ParseError> {
    let html = decode(input.bytes, declared_encoding(input.bytes));
    let most = input.limits.nesting.saturating_mul(20);
    if depth::is_deeper(&html, most) {
        return Err(ParseError::over("levels of nesting", most));
    }
    walk::walk(&Document::from(html.as_str()), input, walk::Scope::Article)
}
