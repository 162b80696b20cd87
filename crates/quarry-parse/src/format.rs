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
    /// PowerPoint 2007 and later.
    Pptx,
    /// OpenDocument text.
    Odt,
    /// OpenDocument presentation or drawing.
    Odp,
    /// Rich Text Format.
    Rtf,
    /// Word 97.
    Doc,
    /// PowerPoint 97.
    Ppt,
    /// A book.
    Epub,
    /// An Internet message.
    Mail,
    /// A message saved by Outlook.
    Outlook,
    /// Any XML.
    Xml,
    /// A Jupyter notebook.
    Notebook,
    /// Subtitles with their times, SRT or WebVTT.
    Subtitles,
    /// A ZIP archive.
    Zip,
    /// A tar archive.
    Tar,
    /// A gzip file: one file, or a tar archive.
    Gzip,
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
            Self::Pptx | Self::Ppt => "PowerPoint presentation",
            Self::Odt => "OpenDocument text",
            Self::Odp => "OpenDocument presentation",
            Self::Rtf => "RTF document",
            Self::Doc => "Word 97 document",
            Self::Epub => "EPUB book",
            Self::Mail => "e-mail message",
            Self::Outlook => "Outlook message",
            Self::Xml => "XML document",
            Self::Notebook => "Jupyter notebook",
            Self::Subtitles => "subtitles",
            Self::Zip => "ZIP archive",
            Self::Tar => "tar archive",
            Self::Gzip => "gzip archive",
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
            Self::Pptx => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            Self::Odt => "application/vnd.oasis.opendocument.text",
            Self::Odp => "application/vnd.oasis.opendocument.presentation",
            Self::Rtf => "application/rtf",
            Self::Doc => "application/msword",
            Self::Ppt => "application/vnd.ms-powerpoint",
            Self::Epub => "application/epub+zip",
            Self::Mail => "message/rfc822",
            Self::Outlook => "application/vnd.ms-outlook",
            Self::Xml => "application/xml",
            Self::Notebook => "application/x-ipynb+json",
            Self::Subtitles => "text/vtt",
            Self::Zip => "application/zip",
            Self::Tar => "application/x-tar",
            Self::Gzip => "application/gzip",
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
            Self::Pptx => "a PowerPoint presentation",
            Self::Odt => "an OpenDocument text",
            Self::Odp => "an OpenDocument presentation",
            Self::Rtf => "an RTF document",
            Self::Doc => "a Word 97 document",
            Self::Ppt => "a PowerPoint 97 presentation",
            Self::Epub => "an EPUB book",
            Self::Mail => "an e-mail message",
            Self::Outlook => "an Outlook message",
            Self::Xml => "XML",
            Self::Notebook => "a Jupyter notebook",
            Self::Subtitles => "subtitles",
            Self::Zip => "a ZIP archive",
            Self::Tar => "a tar archive",
            Self::Gzip => "a gzip archive",
        }
    }

    /// Whether it only packs other files.
    pub(crate) const fn is_archive(self) -> bool {
        matches!(self, Self::Zip | Self::Tar | Self::Gzip)
    }

    /// Whether it is text on its own, without a container.
    pub(crate) const fn is_text(self) -> bool {
        let container =
            matches!(self, Self::Epub | Self::Outlook | Self::Zip | Self::Tar | Self::Gzip | Self::Rtf);
        let office = matches!(self, Self::Pptx | Self::Odt | Self::Odp | Self::Doc | Self::Ppt);
        let sheet = matches!(self, Self::Xlsx | Self::Xls | Self::Ods);
        !container && !office && !sheet && !matches!(self, Self::Pdf | Self::Docx | Self::Image)
    }
}

/// The extensions of source code and of settings, parted by spaces.
const CODE: &str = "rs py pyi pyx js mjs cjs ts mts cts jsx tsx java kt kts c h cc cxx cpp hpp hh hxx ino cu cuh cs csx \
    fs fsx vb vbs bas go rb rake php phtml swift scala sc sbt groovy gradle sh bash zsh fish ksh ps1 \
    psm1 bat cmd awk sed tcl sql psql ddl r rmd jl lua pl pm t hs lhs ml mli ex exs erl hrl clj cljs \
    cljc edn el lisp lsp scm rkt dart zig nim cr d v sv svh vhd vhdl vue svelte astro css scss sass less \
    styl toml yaml yml ini cfg conf properties env editorconfig proto thrift graphql gql tf tfvars hcl \
    nix bzl bazel cmake mk mak dockerfile m mm f for f77 f90 f95 f03 f08 cob cbl cpy ada adb ads pas dpr \
    pp asm s wat sol move glsl hlsl wgsl vert frag metal pro prolog coffee hx as abap cls trigger ejs \
    hbs jinja j2 twig erb haml pug diff patch";

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
        "pptx" | "pptm" | "ppsx" | "ppsm" | "potx" => Format::Pptx,
        "odt" | "ott" | "fodt" => Format::Odt,
        "odp" | "otp" | "fodp" | "odg" => Format::Odp,
        "rtf" => Format::Rtf,
        "doc" | "dot" => Format::Doc,
        "ppt" | "pps" | "pot" => Format::Ppt,
        "epub" => Format::Epub,
        "eml" | "mht" | "mhtml" => Format::Mail,
        "msg" => Format::Outlook,
        "xml" | "xsd" | "xsl" | "xslt" | "rss" | "atom" | "dita" | "fb2" | "tei" | "nxml" | "svg"
        | "opml" | "kml" | "gpx" | "wsdl" | "xliff" | "xlf" | "tmx" | "plist" | "dbk" => Format::Xml,
        "ipynb" => Format::Notebook,
        "srt" | "vtt" => Format::Subtitles,
        "zip" => Format::Zip,
        "tar" => Format::Tar,
        "gz" | "tgz" => Format::Gzip,
        _ if CODE.split(' ').any(|known| known == extension) => Format::Code,
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
        "text/xml" | "application/xml" => Format::Xml,
        "message/rfc822" | "multipart/related" => Format::Mail,
        "application/x-ipynb+json" => Format::Notebook,
        "text/vtt" | "application/x-subrip" => Format::Subtitles,
        _ if essence.ends_with("+xml") => Format::Xml,
        _ => return None,
    })
}
