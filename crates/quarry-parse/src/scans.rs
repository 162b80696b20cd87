//! Text that is recognised in pictures, put where it belongs, and the answer when nothing recognises it.
//!
//! Reading gives [`Parsed::scans`]; a caller that can recognise text calls [`Parsed::recognised`]; every caller ends
//! with [`Parsed::or_needs_ocr`]. Recognising itself happens elsewhere.

use crate::{Block, BlockKind, ParseError, Parsed, error::page_list, format::label_of, reader::no_text};

impl Parsed {
    /// Puts recognised text where its page is, as paragraphs, one for each run of lines without a blank line. Text
    /// without a page goes to the end.
    ///
    /// Contract, checked in `tests/it/scans.rs`: pages may come in any order and in parts, several texts of one page
    /// keep their order, the text that was there stays, blocks stay in order, and the scans of the pages given are
    /// gone, those of blank texts too: they were looked at and hold nothing, which a warning says.
    #[must_use]
    pub fn recognised(mut self, mut pages: Vec<(Option<u32>, String)>) -> Self {
        self.scans.retain(|scan| !pages.iter().any(|(page, _)| *page == scan.page));
        pages.sort_by_key(|(page, _)| page.unwrap_or(u32::MAX));
        self.warnings.extend(blank_warning(&pages));
        pages.retain(|(_, text)| !text.trim().is_empty());
        let old = std::mem::take(&mut self.text);
        let mut rebuilt = Rebuilt::default();
        let mut pages = pages.into_iter().peekable();
        let last_paged = self.blocks.iter().rposition(|block| block.page.is_some());
        for (index, block) in std::mem::take(&mut self.blocks).into_iter().enumerate() {
            // Blocks without a page behind all pages, such as notes, stay behind what is recognised.
            let here = block.page.or_else(|| (last_paged < Some(index)).then_some(u32::MAX));
            while let Some((page, text)) =
                pages.next_if(|(page, _)| page.zip(here).is_some_and(|(page, here)| page < here))
            {
                rebuilt.add(page, &text);
            }
            rebuilt.keep(&old, block);
        }
        rebuilt.rest(&old);
        pages.for_each(|(page, text)| rebuilt.add(page, &text));
        self.text = rebuilt.text;
        self.blocks = rebuilt.blocks;
        self
    }

    /// The document when it has text, with a warning that names the pages whose pictures nobody read.
    ///
    /// # Errors
    /// [`ParseError::NeedsOcr`] when all there is are pictures, [`ParseError::NoText`] when there is nothing at all.
    pub fn or_needs_ocr(mut self) -> Result<Self, ParseError> {
        let mut pages: Vec<u32> = self.scans.iter().filter_map(|scan| scan.page).collect();
        pages.sort_unstable();
        pages.dedup();
        match (self.text.trim().is_empty(), self.scans.is_empty()) {
            (true, false) => Err(ParseError::NeedsOcr { format: label_of(&self.media_type).into(), pages }),
            (true, true) => Err(no_text(label_of(&self.media_type), &self)),
            (false, _) => {
                if !pages.is_empty() {
                    self.warnings.push(format!("pictures without text need OCR: {}", page_list(&pages)));
                }
                Ok(self)
            }
        }
    }
}

fn blank_warning(pages: &[(Option<u32>, String)]) -> Option<String> {
    let blank = || pages.iter().filter(|(_, text)| text.trim().is_empty());
    let numbers: Vec<u32> = blank().filter_map(|(page, _)| *page).collect();
    blank().next()?;
    let place = if numbers.is_empty() { String::new() } else { format!(" of {}", page_list(&numbers)) };
    Some(format!("no text was recognised in the picture{place}"))
}

/// A text that is put together again.
#[derive(Default)]
struct Rebuilt {
    text: String,
    blocks: Vec<Block>,
    /// How far the old text is copied.
    copied: usize,
    /// Whether the last thing written was recognised text.
    added: bool,
}

impl Rebuilt {
    /// Copies a block with the white space before it.
    fn keep(&mut self, old: &str, block: Block) {
        let lead = old.get(self.copied..block.range.start).unwrap_or_default();
        if self.added && !lead.contains('\n') {
            self.text.push_str("\n\n");
        }
        self.added = false;
        self.text.push_str(lead);
        let start = self.text.len();
        self.text.push_str(old.get(block.range.clone()).unwrap_or_default());
        self.copied = block.range.end;
        self.blocks.push(Block { range: start..self.text.len(), ..block });
    }

    fn rest(&mut self, old: &str) {
        self.text.push_str(old.get(self.copied..).unwrap_or_default());
    }

    fn add(&mut self, page: Option<u32>, text: &str) {
        let text = text.replace("\r\n", "\n").replace(['\r', '\u{c}'], "\n");
        let mut paragraph = String::new();
        for line in text.lines().chain([""]) {
            if !line.trim().is_empty() {
                if !paragraph.is_empty() {
                    paragraph.push('\n');
                }
                paragraph.push_str(line.trim());
            } else if !paragraph.is_empty() {
                if !self.text.is_empty() {
                    self.text.push_str("\n\n");
                }
                let start = self.text.len();
                self.text.push_str(&std::mem::take(&mut paragraph));
                let range = start..self.text.len();
                self.blocks.push(Block { kind: BlockKind::Paragraph, range, page });
                self.added = true;
            }
        }
    }
}
