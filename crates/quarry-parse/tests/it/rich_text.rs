//! RTF as its many writers write it.

use crate::support::{outline, read};

fn rtf(body: &str) -> String {
    format!(
        "{{\\rtf1\\ansi\\ansicpg1252\\deff0{{\\fonttbl{{\\f0\\fcharset0 Times;}}{{\\f1\\fcharset204 Cyr;}}{{\\f2\\fcharset128 Jp;}}}}\
         {{\\stylesheet{{\\s0 Normal;}}{{\\s1\\outlinelevel0 heading 1;}}{{\\s5 Title;}}}}\
         {{\\info{{\\title Stated}}{{\\author Ada}}{{\\creatim\\yr2020\\mo2\\dy3}}}}{body}}}"
    )
}

#[test]
fn rich_text_becomes_blocks() {
    let body = "\\pard\\s5 The title\\par\\pard\\s1 A head\\par\\pard Plain \\b bold\\b0 , caf\\'e9 \\u8211?dash \\f1 \\'cf\\'f0\\'e8 \\f2 \\'93\\'fa\\'96\\'7b\\f0{\\v hidden}\\par \
        {\\listtext\\'b7\\tab}item\\par{\\field{\\*\\fldinst HYPERLINK \"x\"}{\\fldrslt a link}}{\\footnote\\chftn the note}\\par \
        {\\pict\\pngblip 89504e47}{\\*\\unknown nothing}{\\*\\shppict{\\pict 00}}\
        \\trowd\\intbl Name\\cell Age\\cell\\row\\trowd\\intbl Bo\\par Jr\\cell 3\\cell\\row\\pard After \\u-10179?\\u-8704?\\par";
    let parsed = read("a.rtf", rtf(body).as_bytes()).unwrap();
    let expected = "Heading(1): The title\nHeading(1): A head\nParagraph: Plain bold, café –dash При 日本\nListItem: - item\n\
        Paragraph: a link\nParagraph: [1] the note\nTableRow { table: 1, header: true }: Name | Age\n\
        TableRow { table: 1, header: false }: Bo Jr | 3\nParagraph: After 😀";
    assert_eq!(outline(&parsed), expected);
    assert_eq!(parsed.title.as_deref(), Some("The title"));
    assert_eq!(
        (parsed.metadata["author"].as_str(), parsed.metadata["created"].as_str()),
        ("Ada", "2020-02-03")
    );
}

#[test]
fn raw_bytes_are_skipped_and_deleted_text_is_left_out() {
    let body = "\\bin5 }}}{{kept{\\deleted gone}\\par";
    assert_eq!(read("a.rtf", rtf(body).as_bytes()).unwrap().text, "kept");
}
