//! Messages and what is attached to them.

use quarry_parse::Parsed;

use crate::support::{OleEntry, ole, outline, read, zipped};

fn names(parsed: &Parsed) -> Vec<&str> {
    parsed.members.iter().map(|member| member.name.as_str()).collect()
}

#[test]
fn a_message_gives_its_head_its_body_once_and_its_attachments() {
    let inner = zipped(&[("notes/list.txt", b"in the archive")]);
    let packed = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(inner)
    };
    let mail = format!(
        "From: Ada <ada@example.org>\r\nTo: Bo <bo@example.org>, cy@example.org\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\
         Date: Thu, 22 Feb 2007 11:20:31 -0700\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
         --x\r\nContent-Type: multipart/alternative; boundary=y\r\n\r\n--y\r\nContent-Type: text/plain; charset=windows-1251\r\n\
         Content-Transfer-Encoding: quoted-printable\r\n\r\n=CF=F0=E8=E2=E5=F2, this is the body of the message.\r\n--y\r\nContent-Type: text/html\r\n\r\n\
         <p>Hello, this is the body of the message.</p>\r\n--y--\r\n\
         --x\r\nContent-Type: application/zip; name=\"files.zip\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{packed}\r\n\
         --x\r\nContent-Type: message/rfc822\r\n\r\nFrom: Cy <cy@example.org>\r\nSubject: Inner\r\n\r\nThe inner text.\r\n\
         --x\r\nContent-Type: image/png; name=\"a.png\"\r\n\r\n\u{1}\u{2}\r\n--x--\r\n"
    );
    let parsed = read("a.eml", mail.as_bytes()).unwrap();
    let expected = "Heading(1): Grüße\nParagraph: From: Ada <ada@example.org>\nTo: Bo <bo@example.org>, cy@example.org\nDate: 2007-02-22T11:20:31-07:00\n\
        Paragraph: Привет, this is the body of the message.\nHeading(2): files.zip\nHeading(3): notes/list.txt\nParagraph: in the archive\n\
        Heading(2): Inner.eml\nHeading(3): Inner\nParagraph: From: Cy <cy@example.org>\nParagraph: The inner text.";
    assert_eq!(outline(&parsed), expected);
    assert_eq!(names(&parsed), ["files.zip", "files.zip/notes/list.txt", "Inner.eml", "a.png"]);
    assert!(parsed.members[3].problem.is_some() && parsed.members[0].problem.is_none());
    assert_eq!(
        (parsed.title.as_deref(), parsed.metadata["author"].as_str()),
        (Some("Grüße"), "Ada <ada@example.org>")
    );
}

#[test]
fn a_message_is_known_by_its_headers() {
    let mail =
        b"Return-Path: <a@b.c>\nFrom: a@b.c\nTo: d@e.f\nSubject: Hi\nMessage-ID: <1@b.c>\n\nThe text.\n";
    assert_eq!(read("noname", mail).unwrap().media_type, "message/rfc822");
    assert_eq!(read("notes.txt", b"From: here\nto there: it is far.\n").unwrap().media_type, "text/plain");
    let bare = b"Subject: \xcf\xf0\xe8\xe2\xe5\xf2 \xe2\xf1\xe5\xec, \xea\xe0\xea \xe4\xe5\xeb\xe0\nFrom: a@b.c\n\n\xd2\xe5\xea\xf1\xf2 \xef\xe8\xf1\xfc\xec\xe0 \xed\xe0 \xf0\xf3\xf1\xf1\xea\xee\xec \xff\xe7\xfb\xea\xe5.\n";
    let parsed = read("old.eml", bare).unwrap();
    assert!(parsed.text.contains("Текст письма на русском языке."), "{}", parsed.text);
    assert_eq!(parsed.title.as_deref(), Some("Привет всем, как дела"));
}

fn utf16(text: &str) -> Option<Vec<u8>> {
    Some(text.encode_utf16().flat_map(u16::to_le_bytes).collect())
}

fn properties(header: usize, values: &[(u32, u64)]) -> Option<Vec<u8>> {
    let mut list = vec![0; header];
    for (tag, value) in values {
        list.extend(tag.to_le_bytes());
        list.extend([0; 4]);
        list.extend(value.to_le_bytes());
    }
    Some(list)
}

#[test]
fn an_outlook_message_gives_the_same() {
    let (big5, ..) = encoding_rs::BIG5.encode("第一屆測試");
    let entries: Vec<OleEntry<'_>> = vec![
        (
            "__properties_version1.0",
            properties(32, &[(0x3ffd_0003, 950), (0x0039_0040, 133_537_248_000_000_000)]),
        ),
        ("__substg1.0_0037001E", Some(big5.to_vec())),
        ("__substg1.0_1000001F", utf16("The body.\r\n\r\nMore of it.")),
        ("__substg1.0_0C1A001F", utf16("Ada")),
        ("__substg1.0_0C1F001F", utf16("ada@example.org")),
        ("__recip_version1.0_#00000000", None),
        ("__recip_version1.0_#00000000/__properties_version1.0", properties(8, &[(0x0c15_0003, 2)])),
        ("__recip_version1.0_#00000000/__substg1.0_3001001F", utf16("Bo")),
        ("__attach_version1.0_#00000000", None),
        ("__attach_version1.0_#00000000/__substg1.0_3707001F", utf16("list.csv")),
        ("__attach_version1.0_#00000000/__substg1.0_37010102", Some(b"a,b\n1,2\n".to_vec())),
        ("__attach_version1.0_#00000001", None),
        ("__attach_version1.0_#00000001/__substg1.0_3001001F", utf16("Inner")),
        ("__attach_version1.0_#00000001/__substg1.0_3701000D", None),
        ("__attach_version1.0_#00000001/__substg1.0_3701000D/__substg1.0_0037001F", utf16("Inner subject")),
        ("__attach_version1.0_#00000001/__substg1.0_3701000D/__substg1.0_1000001F", utf16("Inner body")),
    ];
    let parsed = read("a.msg", &ole(&entries)).unwrap();
    let expected = "Heading(1): 第一屆測試\nParagraph: From: Ada <ada@example.org>\nCc: Bo\nDate: 2024-03-01T00:00:00Z\nParagraph: The body.\nParagraph: More of it.\n\
        Heading(2): list.csv\nTableRow { table: 1, header: true }: a | b\nTableRow { table: 1, header: false }: 1 | 2\n\
        Heading(2): Inner\nHeading(3): Inner subject\nParagraph: Inner body";
    assert_eq!(outline(&parsed), expected);
    assert_eq!(names(&parsed), ["list.csv", "Inner"]);
    assert_eq!(parsed.media_type, "application/vnd.ms-outlook");
}

#[test]
fn a_body_in_rich_text_only_is_expanded() {
    let packed = [
        0x2d, 0, 0, 0, 0x2b, 0, 0, 0, 0x4c, 0x5a, 0x46, 0x75, 0xf1, 0xc5, 0xc7, 0xa7, 0x03, 0x00, 0x0a, 0x00,
        0x72, 0x63, 0x70, 0x67, 0x31, 0x32, 0x35, 0x42, 0x32, 0x0a, 0xf3, 0x20, 0x68, 0x65, 0x6c, 0x09, 0x00,
        0x20, 0x62, 0x77, 0x05, 0xb0, 0x6c, 0x64, 0x7d, 0x0a, 0x80, 0x0f, 0xa0,
    ];
    let entries: Vec<OleEntry<'_>> = vec![
        ("__properties_version1.0", properties(32, &[])),
        ("__substg1.0_10090102", Some(packed.to_vec())),
    ];
    assert_eq!(read("a.msg", &ole(&entries)).unwrap().text, "hello world");
}
