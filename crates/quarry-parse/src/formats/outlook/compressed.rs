//! The compression of RTF bodies: a dictionary of the last 4,096 bytes that starts with the usual words of a header.

const DICTIONARY: usize = 4_096;

/// What the dictionary holds at the start.
const START: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \
\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/// The document, or what there is of it up to `most` bytes.
pub(super) fn expand(packed: &[u8], most: u64) -> Option<Vec<u8>> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let number = |at: usize| Some(u32::from_le_bytes(packed.get(at..at + 4)?.try_into().ok()?));
    let (size, kind) = (usize::try_from(number(4)?).ok()?.min(most), number(8)?);
    let content = packed.get(16..)?;
    match kind {
        0x414c_454d => Some(content.get(..size).unwrap_or(content).to_vec()),
        0x7546_5a4c => Some(unpack(content, size)),
        _ => None,
    }
}

fn unpack(content: &[u8], size: usize) -> Vec<u8> {
    let mut dictionary = [0_u8; DICTIONARY];
    for (slot, byte) in dictionary.iter_mut().zip(START) {
        *slot = *byte;
    }
    let mut write = START.len();
    let mut document = Vec::new();
    let put = |byte: u8, write: &mut usize, document: &mut Vec<u8>, dictionary: &mut [u8; DICTIONARY]| {
        document.push(byte);
        if let Some(slot) = dictionary.get_mut(*write) {
            *slot = byte;
        }
        *write = (*write + 1) % DICTIONARY;
    };
    let mut bytes = content.iter().copied();
    'all: while let Some(control) = bytes.next() {
        for bit in 0..8 {
            if document.len() >= size {
                break 'all;
            }
            let Some(first) = bytes.next() else { break 'all };
            if control >> bit & 1 == 0 {
                put(first, &mut write, &mut document, &mut dictionary);
                continue;
            }
            let Some(second) = bytes.next() else { break 'all };
            let token = usize::from(first) << 8 | usize::from(second);
            let (mut offset, length) = (token >> 4, (token & 15) + 2);
            // A reference to the place of writing is the end.
            if offset == write {
                break 'all;
            }
            for _ in 0..length {
                let byte = dictionary.get(offset).copied().unwrap_or_default();
                put(byte, &mut write, &mut document, &mut dictionary);
                offset = (offset + 1) % DICTIONARY;
            }
        }
    }
    document
}

#[cfg(test)]
mod tests {
    use super::{START, expand};

    #[test]
    fn the_example_of_the_specification() {
        assert_eq!(START.len(), 207);
        let packed = [
            0x2d, 0, 0, 0, 0x2b, 0, 0, 0, 0x4c, 0x5a, 0x46, 0x75, 0xf1, 0xc5, 0xc7, 0xa7, 0x03, 0x00, 0x0a,
            0x00, 0x72, 0x63, 0x70, 0x67, 0x31, 0x32, 0x35, 0x42, 0x32, 0x0a, 0xf3, 0x20, 0x68, 0x65, 0x6c,
            0x09, 0x00, 0x20, 0x62, 0x77, 0x05, 0xb0, 0x6c, 0x64, 0x7d, 0x0a, 0x80, 0x0f, 0xa0,
        ];
        let document = expand(&packed, 1_000).unwrap_or_default();
        assert_eq!(String::from_utf8_lossy(&document), "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
    }
}
