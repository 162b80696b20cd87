//! The state that groups inherit from the group around them, and what a group is there for.

/// What the text of a group is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    Body,
    /// Not part of the document.
    Skipped,
    Fonts,
    Styles,
    /// The number or bullet before a list item.
    Mark,
    Info,
    /// One property of the document, by its name.
    Property(&'static str),
    Footnote,
    /// The head or foot of pages.
    Furniture,
}

/// The state of a group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    pub destination: Destination,
    pub font: Option<i32>,
    /// How many bytes follow a Unicode letter for readers that cannot show it.
    pub fallback: usize,
    pub hidden: bool,
    pub deleted: bool,
    /// Whether the group began with `\*`: its first word decides, and an unknown one skips it.
    pub starred: bool,
    /// Whether nothing of the group was read yet but that sign.
    pub fresh: bool,
}

impl Group {
    pub fn outermost() -> Self {
        Self {
            destination: Destination::Body,
            font: None,
            fallback: 1,
            hidden: false,
            deleted: false,
            starred: false,
            fresh: true,
        }
    }

    /// A group inside this one.
    pub fn inner(&self) -> Self {
        Self { starred: false, fresh: true, ..*self }
    }

    /// What the first word of a group makes of it; `None` when the word says nothing about that.
    pub fn destination_of(word: &str) -> Option<Destination> {
        const PROPERTIES: &[(&str, &str)] = &[
            ("title", "title"),
            ("author", "author"),
            ("subject", "subject"),
            ("keywords", "keywords"),
            ("creatim", "created"),
            ("revtim", "modified"),
        ];
        if let Some((_, name)) = PROPERTIES.iter().find(|(from, _)| *from == word) {
            return Some(Destination::Property(name));
        }
        Some(match word {
            "fonttbl" => Destination::Fonts,
            "stylesheet" => Destination::Styles,
            "info" => Destination::Info,
            "listtext" | "pntext" => Destination::Mark,
            "footnote" => Destination::Footnote,
            "header" | "headerl" | "headerr" | "headerf" | "footer" | "footerl" | "footerr" | "footerf" => {
                Destination::Furniture
            }
            "colortbl" | "pict" | "fldinst" | "nonshppict" | "shprslt" | "objdata" | "objclass"
            | "objname" | "themedata" | "colorschememapping" | "datastore" | "listtable"
            | "listoverridetable" | "rsidtbl" | "revtbl" | "filetbl" | "xmlnstbl" | "generator"
            | "latentstyles" | "pnseclvl" | "pntxta" | "pntxtb" | "bkmkstart" | "bkmkend" | "annotation"
            | "atnid" | "atnauthor" | "atrfstart" | "atrfend" | "private" | "template" | "operator"
            | "comment" | "doccomm" | "xe" | "tc" | "tcn" | "ftnsep" | "ftnsepc" | "ftncn" | "aftnsep"
            | "aftnsepc" | "aftncn" | "sp" | "do" | "mmathPr" | "panose" | "falt" | "wgrffmtfilter"
            | "protusertbl" | "userprops" | "docvar" | "htmltag" | "mhtmltag" => Destination::Skipped,
            _ => return None,
        })
    }

    /// Groups that begin with `\*` and hold text all the same: text boxes, the Unicode form of a text, the result
    /// of an object.
    pub fn is_read_though_starred(word: &str) -> bool {
        matches!(
            word,
            "shpinst"
                | "shptxt"
                | "ud"
                | "shppict"
                | "txfieldtext"
                | "objresult"
                | "result"
                | "footnote"
                | "pntext"
        )
    }
}
