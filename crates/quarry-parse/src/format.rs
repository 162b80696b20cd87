//! The formats that can be read.

/// A format that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Plain text.
    Text,
    /// Markdown.
    Markdown,
    /// A web page.
    Html,
    /// PDF.
    Pdf,
    /// Word 2007 and later.
    Docx,
    /// Excel 2007 and later.
    Xlsx,
    /// Excel 97.
    Xls,
    /// OpenDocument spreadsheet.
    Ods,
    /// Values separated by commas, semicolons or bars.
    Csv,
    /// Values separated by tabs.
    Tsv,
    /// One JSON value.
    Json,
    /// One JSON value a line.
    JsonLines,
    /// Source code, or another text that is written line by line.
    Code,
    /// A picture, whose text only OCR can read.
    Image,
}

impl Format {
    /// Its name in a sentence.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Markdown => "Markdown",
            Self::Html => "web page",
            Self::Pdf => "PDF",
            Self::Docx => "Word document",
            Self::Xlsx | Self::Xls => "Excel workbook",
            Self::Ods => "OpenDocument spreadsheet",
            Self::Csv => "CSV table",
            Self::Tsv => "TSV table",
            Self::Json => "JSON document",
            Self::JsonLines => "JSON lines document",
            Self::Code => "source code",
            Self::Image => "image",
        }
    }

    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain",
            Self::Markdown => "text/markdown",
            Self::Html => "text/html",
            Self::Pdf => "application/pdf",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Xls => "application/vnd.ms-excel",
            Self::Ods => "application/vnd.oasis.opendocument.spreadsheet",
            Self::Csv => "text/csv",
            Self::Tsv => "text/tab-separated-values",
            Self::Json => "application/json",
            Self::JsonLines => "application/x-ndjson",
            Self::Code => "text/x-source",
            Self::Image => "image/*",
        }
    }

    pub(crate) const fn found(self) -> &'static str {
        match self {
            Self::Text | Self::Markdown | Self::Csv | Self::Tsv | Self::Code => "plain text",
            Self::Html => "a web page",
            Self::Pdf => "a PDF",
            Self::Docx => "a Word document",
            Self::Xlsx | Self::Xls => "an Excel workbook",
            Self::Ods => "an OpenDocument spreadsheet",
            Self::Json | Self::JsonLines => "JSON",
            Self::Image => "an image",
        }
    }

    /// Whether it is text on its own, without a container.
    pub(crate) const fn is_text(self) -> bool {
        !matches!(self, Self::Pdf | Self::Docx | Self::Xlsx | Self::Xls | Self::Ods | Self::Image)
    }
}

/// The format that a file name's extension promises.
pub(crate) fn by_extension(extension: &str) -> Option<Format> {
    Some(match extension {
        "txt" | "text" | "log" => Format::Text,
        "md" | "markdown" | "mdx" | "mkd" => Format::Markdown,
        "html" | "htm" | "xhtml" => Format::Html,
        "pdf" => Format::Pdf,
        "docx" | "docm" | "dotx" => Format::Docx,
        "xlsx" | "xlsm" | "xltx" => Format::Xlsx,
        "xls" => Format::Xls,
        "ods" => Format::Ods,
        "csv" => Format::Csv,
        "tsv" | "tab" => Format::Tsv,
        "json" | "geojson" => Format::Json,
        "jsonl" | "ndjson" => Format::JsonLines,
        "png" | "jpg" | "jpeg" | "tif" | "tiff" | "webp" | "gif" | "bmp" => Format::Image,
        "rs" | "py" | "js" | "ts" | "jsx" | "tsx" | "java" | "kt" | "c" | "h" | "cc" | "cpp" | "hpp"
        | "cs" | "go" | "rb" | "php" | "swift" | "scala" | "sh" | "bash" | "sql" | "r" | "jl" | "lua"
        | "pl" | "hs" | "ml" | "ex" | "exs" | "erl" | "clj" | "dart" | "zig" | "vue" | "css" | "scss"
        | "toml" | "yaml" | "yml" | "ini" | "xml" | "proto" | "graphql" | "tf" | "m" | "f90" => Format::Code,
        _ => return None,
    })
}

/// What to call a document whose media type is all that is known.
pub(crate) fn label_of(media_type: &str) -> &'static str {
    match media_type {
        "application/pdf" => Format::Pdf.label(),
        _ if media_type.starts_with("image/") => Format::Image.label(),
        _ => "document",
    }
}

/// The format that a media type promises.
pub(crate) fn by_media_type(media_type: &str) -> Option<Format> {
    let essence = media_type.split(';').next().unwrap_or(media_type).trim().to_ascii_lowercase();
    Some(match essence.as_str() {
        "text/markdown" | "text/x-markdown" => Format::Markdown,
        "text/html" | "application/xhtml+xml" => Format::Html,
        "text/csv" => Format::Csv,
        "text/tab-separated-values" => Format::Tsv,
        "application/json" => Format::Json,
        "application/x-ndjson" | "application/jsonl" => Format::JsonLines,
        "text/plain" => Format::Text,
        _ => return None,
    })
}
