//! The tokens of RTF: groups, control words with their numbers, and bytes of text.

/// One token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Open,
    Close,
    Word(&'a str, Option<i32>),
    /// A sign after a backslash, such as `~` or `*`.
    Symbol(u8),
    /// One byte of text, in the encoding of the font.
    Byte(u8),
    /// A run of plain bytes.
    Text(&'a [u8]),
}

/// Cuts RTF into tokens. Never fails: what makes no sense is skipped.
pub(super) struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|byte| !wanted(*byte)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    fn control(&mut self) -> Option<Token<'a>> {
        let first = self.peek()?;
        if !first.is_ascii_alphabetic() {
            self.at += 1;
            return Some(match first {
                b'\'' => {
                    let digits = self.bytes.get(self.at..self.at + 2).unwrap_or_default();
                    let byte = std::str::from_utf8(digits)
                        .ok()
                        .and_then(|digits| u8::from_str_radix(digits, 16).ok());
                    if byte.is_some() {
                        self.at += 2;
                    }
                    byte.map_or(Token::Symbol(b'\''), Token::Byte)
                }
                b'\\' | b'{' | b'}' => Token::Byte(first),
                // A line end after a backslash ends a paragraph.
                b'\n' | b'\r' => Token::Word("par", None),
                _ => Token::Symbol(first),
            });
        }
        let word = std::str::from_utf8(self.take_while(|byte| byte.is_ascii_alphabetic())).ok()?;
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let digits = self.take_while(|byte| byte.is_ascii_digit());
        let number = if digits.is_empty() {
            self.at = start;
            None
        } else {
            let text = std::str::from_utf8(self.bytes.get(start..self.at)?).ok()?;
            Some(text.parse::<i32>().unwrap_or(i32::MAX))
        };
        if self.peek() == Some(b' ') {
            self.at += 1;
        }
        if word == "bin" {
            // Raw bytes follow, which may look like anything.
            self.at = self.at.saturating_add(usize::try_from(number.unwrap_or(0)).unwrap_or(0));
        }
        Some(Token::Word(word, number))
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let byte = self.peek()?;
            match byte {
                b'{' | b'}' => {
                    self.at += 1;
                    return Some(if byte == b'{' { Token::Open } else { Token::Close });
                }
                b'\\' => {
                    self.at += 1;
                    return self.control();
                }
                // Line ends only make the file readable.
                b'\r' | b'\n' | 0 => self.at += 1,
                _ => {
                    return Some(Token::Text(
                        self.take_while(|byte| !matches!(byte, b'{' | b'}' | b'\\' | b'\r' | b'\n' | 0)),
                    ));
                }
            }
        }
    }
}
