//! Files as bytes: large ones, and ones that are made to break readers.

use std::fmt::Write as _;

/// A PDF of so many pages with a few lines each: work for a parser, and too much for the lane of small documents.
pub(crate) fn book(pages: usize) -> Vec<u8> {
    let page = |number: usize| {
        (0..8).fold(String::new(), |mut page, line| {
            let text =
                format!("Page {number}, line {line}: wind, tide and the names of all ships that came in.");
            write!(page, "BT /F1 10 Tf 1 0 0 1 50 {} Tm ({text}) Tj ET ", 700 - 14 * line).unwrap();
            page
        })
    };
    pdf(&(1..=pages).map(page).collect::<Vec<_>>(), "")
}

/// A PDF with these operators on its pages, and one more object behind the others.
pub(crate) fn pdf(pages: &[String], more: &str) -> Vec<u8> {
    let kids: Vec<String> = (0..pages.len()).map(|page| format!("{} 0 R", 4 + page * 2)).collect();
    let last = 4 + pages.len() * 2;
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), pages.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    for (index, content) in pages.iter().enumerate() {
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> /XObject << /X \
             {last} 0 R >> >> /Contents {} 0 R >>",
            5 + index * 2
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len() + 1));
    }
    if !more.is_empty() {
        objects.push(more.replace("LAST", &last.to_string()));
    }
    let mut file = "%PDF-1.4\n".to_owned();
    let mut places = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        places.push(file.len());
        write!(file, "{} 0 obj\n{object}\nendobj\n", index + 1).unwrap();
    }
    let start = file.len();
    let count = objects.len() + 1;
    write!(file, "xref\n0 {count}\n0000000000 65535 f \n").unwrap();
    places.iter().for_each(|place| writeln!(file, "{place:010} 00000 n ").unwrap());
    write!(file, "trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n").unwrap();
    file.into_bytes()
}

/// A PDF whose page draws a form that draws itself.
pub(crate) fn endless_pdf() -> Vec<u8> {
    let form = "<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X LAST 0 R >> >> /Length 12 \
                >>\nstream\n/X Do /X Do\nendstream";
    pdf(&["/X Do".to_owned()], form)
}

/// A PDF whose page is operators without end.
pub(crate) fn busy_pdf() -> Vec<u8> {
    pdf(&["q 1 0 0 1 0 0 cm 0 0 m 1 1 l S Q ".repeat(60_000)], "")
}

/// A PDF whose cross-reference table points nowhere.
pub(crate) fn broken_pdf() -> Vec<u8> {
    let whole = String::from_utf8(pdf(&["BT /F1 10 Tf (Hello) Tj ET".to_owned()], "")).unwrap();
    whole.replace(" 00000 n", " 00007 n").replace("startxref\n", "startxref\n9").into_bytes()
}

/// A Word document whose text expands to so many megabytes of blanks.
pub(crate) fn bomb(megabytes: usize) -> Vec<u8> {
    let size = megabytes << 20;
    zip("word/document.xml", &blanks(size), u32::try_from(size).unwrap())
}

/// A Word document whose text says it has two gigabytes, and has few bytes.
pub(crate) fn liar() -> Vec<u8> {
    zip("word/document.xml", &blanks(1_000), 2 << 30)
}

/// An Office document of which only its encryption can be seen.
pub(crate) fn encrypted() -> Vec<u8> {
    let mut file = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    file.resize(512, 0);
    file.extend("EncryptedPackage\0".encode_utf16().flat_map(u16::to_le_bytes));
    file.resize(1024, 0);
    file
}

/// Bytes that are no format's.
pub(crate) fn noise() -> Vec<u8> {
    let byte = |number: u32| number.wrapping_mul(2_654_435_761).to_le_bytes()[3];
    (0..4_000).map(byte).collect()
}

/// A ZIP container with one deflated entry, whose size is whatever is said.
fn zip(name: &str, packed: &[u8], size: u32) -> Vec<u8> {
    let short = |number: u16| number.to_le_bytes().to_vec();
    let long = |number: usize| u32::try_from(number).unwrap().to_le_bytes().to_vec();
    // No checksum: whoever gets as far as comparing it has expanded too much.
    let about = [short(20), short(0), short(8), short(0), short(0), long(0), long(packed.len())].concat();
    let about =
        [about, size.to_le_bytes().to_vec(), short(u16::try_from(name.len()).unwrap()), short(0)].concat();
    let local = [b"PK\x03\x04".to_vec(), about.clone(), name.as_bytes().to_vec(), packed.to_vec()].concat();
    let tail = [short(0), short(0), short(0), long(0), long(0)].concat();
    let central = [b"PK\x01\x02".to_vec(), short(20), about, tail, name.as_bytes().to_vec()].concat();
    let end =
        [short(0), short(0), short(1), short(1), long(central.len()), long(local.len()), short(0)].concat();
    [local, central, b"PK\x05\x06".to_vec(), end].concat()
}

/// So many blanks, or a few less, deflated with the fixed codes: 13 bits for each 258 of them.
fn blanks(size: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    // The last block, of the kind with fixed codes; numbers come with their lowest bit first, codes the other way.
    [1, 1, 0].iter().for_each(|bit| bits.put(*bit, 1));
    bits.put(0x30 + 0x20, 8);
    for _ in 0..size / 258 {
        // Length 258, one place back.
        bits.put(0xc5, 8);
        bits.put(0, 5);
    }
    bits.put(0, 7);
    bits.bytes
}

/// Bits that become bytes, the lowest bit of each first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    fn put(&mut self, code: u32, length: u32) {
        for place in (0..length).rev() {
            if self.used == 0 {
                self.bytes.push(0);
            }
            let bit = u8::from((code >> place) & 1 == 1);
            *self.bytes.last_mut().unwrap() |= bit << self.used;
            self.used = (self.used + 1) % 8;
        }
    }
}
