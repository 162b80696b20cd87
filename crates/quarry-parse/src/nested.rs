//! Files inside a document: each is read like a document of its own and becomes a section under its name.

use crate::{
    Block, BlockKind, Limits, Member, ParseError, Parsed, Source,
    formats::Input,
    reader::parse_within,
    sniff::{extension, sniff},
    writer::Writer,
};

/// Where files inside a document are written to.
pub(crate) struct Members<'w, 'l> {
    input: &'w Input<'l>,
    writer: &'w mut Writer<'l>,
    /// The level of the headings that name the files.
    level: u8,
    found: Vec<Member>,
    warnings: Vec<String>,
    scans: Vec<crate::Scan>,
    /// The last limit that kept a file from being read.
    limit: Option<ParseError>,
}

impl<'w, 'l> Members<'w, 'l> {
    pub fn new(input: &'w Input<'l>, writer: &'w mut Writer<'l>, level: u8) -> Self {
        Self { input, writer, level, found: Vec::new(), warnings: Vec::new(), scans: Vec::new(), limit: None }
    }

    /// Reads a file and writes it. What is wrong with it is noted and costs nothing but itself; only a limit that
    /// all files share ends the reading.
    pub fn add(&mut self, name: &str, bytes: &[u8], media_type: Option<&str>) -> Result<(), ParseError> {
        let name = clean_name(name);
        let media = sniff(bytes, &name).media_type;
        let opens = self.input.depth < self.input.limits.file_nesting || !is_container(bytes, &name);
        let too_deep = || ParseError::over("levels of files in files", self.input.limits.file_nesting);
        let source = Source { bytes, name: &name, media_type, password: self.input.password };
        let read = |inner: &Input<'_>| {
            if opens {
                parse_within(&source, inner.limits, inner.budget, inner.depth)
            } else {
                Err(too_deep())
            }
        };
        let limits = self.limits();
        let result = read(&self.input.inside(&limits));
        self.take(&name, media, bytes.len(), result)
    }

    /// Adds a file that is no file of its own in the container, but can be read all the same.
    pub fn add_with(
        &mut self,
        name: &str,
        media_type: &'static str,
        read: impl FnOnce(&Input<'_>) -> Result<Parsed, ParseError>,
    ) -> Result<(), ParseError> {
        let limits = self.limits();
        let result = if self.input.depth < self.input.limits.file_nesting {
            read(&self.input.inside(&limits))
        } else {
            Err(ParseError::over("levels of files in files", self.input.limits.file_nesting))
        };
        self.take(&clean_name(name), media_type, 0, result)
    }

    fn take(
        &mut self,
        name: &str,
        media_type: &str,
        bytes: usize,
        result: Result<Parsed, ParseError>,
    ) -> Result<(), ParseError> {
        let place = self.found.len();
        let media_type = media_type.to_owned();
        self.found.push(Member { name: name.to_owned(), media_type, bytes: bytes as u64, problem: None });
        match result.and_then(|parsed| self.write(name, parsed)) {
            Ok(problem) => self.note(place, problem),
            Err(error) => {
                let exhausted = self.writer.is_full() || self.input.budget.bytes_left() == 0;
                self.note(place, Some(sentence(&error)));
                if matches!(error, ParseError::OverLimit { .. }) {
                    self.limit = Some(error.clone());
                    return if exhausted { Err(error) } else { Ok(()) };
                }
            }
        }
        Ok(())
    }

    /// What files may still cost.
    fn limits(&self) -> Limits {
        let (text_chars, table_rows) = self.writer.room();
        Limits { text_chars, table_rows, ..*self.input.limits }
    }

    /// Notes a file that could not even be taken out.
    pub fn unreadable(&mut self, name: &str, bytes: u64, problem: String) {
        let name = clean_name(name);
        let promised = crate::format::by_extension(&extension(&name));
        let media_type = promised.map_or("application/octet-stream", crate::Format::media_type).to_owned();
        self.found.push(Member { name, media_type, bytes, problem: Some(problem) });
    }

    pub fn warn(&mut self, warning: String) {
        // A thousand bad files do not need a sentence each here; `members` has them.
        const MOST: usize = 50;
        if self.warnings.len() < MOST && !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Whether nothing of what was found could be read.
    pub fn all_failed(&self) -> bool {
        self.found.iter().all(|member| member.problem.is_some())
    }

    /// The limit that kept a file from being read, if one did.
    pub fn limit(&self) -> Option<ParseError> {
        self.limit.clone()
    }

    /// Writes the names and what is wrong, for a container that holds nothing readable: its list is all it says.
    pub fn list(&mut self) -> Result<(), ParseError> {
        const MOST: usize = 1_000;
        self.found.iter().take(MOST).try_for_each(|member| {
            let problem = member.problem.as_deref().unwrap_or_default();
            self.writer.push(BlockKind::ListItem, &format!("- {}: {problem}", member.name))
        })
    }

    /// Hands over what was found beside the text.
    pub fn finish(self) -> Found {
        Found { members: self.found, warnings: self.warnings, scans: self.scans }
    }

    /// Writes a file that was read; what is still missing of it comes back as a sentence.
    fn write(&mut self, name: &str, parsed: Parsed) -> Result<Option<String>, ParseError> {
        for member in &parsed.members {
            let name = format!("{name}/{}", member.name);
            self.found.push(Member { name, ..member.clone() });
        }
        for warning in &parsed.warnings {
            self.warn(format!("{name}: {warning}"));
        }
        let only_pictures = parsed.text.trim().is_empty();
        // The pages of a file inside are not those of the document.
        self.scans.extend(parsed.scans.iter().cloned().map(|scan| crate::Scan { page: None, ..scan }));
        if only_pictures {
            return Ok(Some("its text stands in pictures".to_owned()));
        }
        self.writer.push(BlockKind::Heading(self.level), name)?;
        self.writer.append(&parsed, self.level)?;
        Ok(None)
    }

    fn note(&mut self, place: usize, problem: Option<String>) {
        if let (Some(member), Some(problem)) = (self.found.get_mut(place), problem) {
            member.problem = Some(problem);
        }
    }
}

/// What is wrong with a file. What could be read instead is said elsewhere.
pub(crate) fn sentence(error: &ParseError) -> String {
    match error {
        ParseError::Unsupported { found } => format!("{found} cannot be read"),
        other => other.to_string(),
    }
}

/// What stands beside the text of files inside a document.
#[derive(Default)]
pub(crate) struct Found {
    pub members: Vec<Member>,
    pub warnings: Vec<String>,
    pub scans: Vec<crate::Scan>,
}

impl Found {
    /// Puts it into the document.
    pub fn put_into(self, parsed: &mut Parsed) {
        parsed.members.extend(self.members);
        parsed.warnings.extend(self.warnings);
        parsed.scans.extend(self.scans);
    }
}

/// Whether a file may hold others, so that reading it could go on without end.
fn is_container(bytes: &[u8], name: &str) -> bool {
    use crate::Format;
    matches!(
        sniff(bytes, name).format,
        Some(Format::Zip | Format::Tar | Format::Gzip | Format::Mail | Format::Outlook)
    )
}

/// A name on one line, of bearable length, without the parts that climb out of a folder.
fn clean_name(name: &str) -> String {
    const LONGEST: usize = 300;
    let parts = name.split(['/', '\\']).filter(|part| !matches!(part.trim(), "" | "." | ".."));
    let name: String = parts.collect::<Vec<_>>().join("/");
    let line = crate::writer::one_line(&name);
    if line.is_empty() {
        return "unnamed".to_owned();
    }
    if line.chars().count() <= LONGEST {
        return line;
    }
    // The end of a name has its extension.
    let ending = extension(&line);
    let start: String = line.chars().take(LONGEST).collect();
    format!("{start}….{}", ending.chars().take(10).collect::<String>())
}

impl Writer<'_> {
    /// Writes another document's blocks behind those that are there, its headings below `level`.
    pub fn append(&mut self, parsed: &Parsed, level: u8) -> Result<(), ParseError> {
        const LOWEST: u8 = 9;
        let mut tables: Option<(u32, u32)> = None;
        for Block { kind, range, page } in &parsed.blocks {
            let kind = match *kind {
                BlockKind::Heading(own) => BlockKind::Heading(own.saturating_add(level).clamp(1, LOWEST)),
                BlockKind::TableRow { table, header } => {
                    let number = match tables {
                        Some((from, to)) if from == table => to,
                        _ => self.next_table(),
                    };
                    tables = Some((table, number));
                    BlockKind::TableRow { table: number, header }
                }
                other => other,
            };
            let outer = self.page;
            self.page = outer.or(*page);
            let result = self.push(kind, parsed.text.get(range.clone()).unwrap_or_default());
            self.page = outer;
            result?;
        }
        Ok(())
    }
}
