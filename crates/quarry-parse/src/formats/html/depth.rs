//! How deep a page nests, found before it is parsed: building a tree costs the square of its depth.

/// Whether more elements than `most` are open at once anywhere. Elements that end by themselves are not counted.
pub(super) fn is_deeper(html: &str, most: usize) -> bool {
    let bytes = html.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(next) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'<')) {
        at += next + 1;
        let rest = bytes.get(at..).unwrap_or_default();
        let closes = rest.first() == Some(&b'/');
        let name = rest.get(usize::from(closes)..).unwrap_or_default();
        let length =
            name.iter().take(20).take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-').count();
        let name = name.get(..length).unwrap_or_default().to_ascii_lowercase();
        if closes {
            depth = depth.saturating_sub(usize::from(counts(&name)));
        } else if counts(&name) {
            depth += 1;
        }
        if depth > most {
            return true;
        }
        // Tags inside a script are text.
        if !closes && matches!(name.as_slice(), b"script" | b"style") {
            let end = [b"</".as_slice(), &name].concat();
            let found = rest.windows(end.len()).position(|window| window.eq_ignore_ascii_case(&end));
            at += found.unwrap_or(rest.len());
        }
    }
    false
}

fn counts(name: &[u8]) -> bool {
    let ends_itself = matches!(
        name,
        b"p" | b"li"
            | b"dt"
            | b"dd"
            | b"tr"
            | b"td"
            | b"th"
            | b"thead"
            | b"tbody"
            | b"tfoot"
            | b"option"
            | b"area"
            | b"base"
            | b"br"
            | b"col"
            | b"embed"
            | b"hr"
            | b"img"
            | b"input"
            | b"link"
            | b"meta"
            | b"param"
            | b"source"
            | b"track"
            | b"wbr"
            | b"path"
    );
    !name.is_empty() && !ends_itself
}

#[cfg(test)]
mod tests {
    use super::is_deeper;

    #[test]
    fn only_open_elements_count() {
        assert!(is_deeper("<div><div><DIV>", 2));
        assert!(!is_deeper("<div></div><div></div><p><p><p><br><br>", 1));
        assert!(!is_deeper("<script>'<div><div>'</script><b>x</b>", 1));
    }
}
