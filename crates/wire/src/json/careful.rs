//! JSON in full: space, escapes, values of any shape. It is slow and seldom needed: the short ways are tried first.

use reading::Reason;

/// How deep a value of an unknown field may nest. Each level is one bit of a word, so that no line can exhaust the
/// stack.
const DEEPEST: u32 = 64;

/// A place in a line.
pub(super) struct Careful<'a> {
    block: &'a [u8],
    line: &'a [u8],
    at: usize,
}

/// The text between two quotes.
#[derive(Clone, Copy)]
pub(super) struct Quoted<'a> {
    written: &'a [u8],
    /// How many bytes of the block are left at its first letter.
    left: usize,
    escaped: bool,
}

impl<'a> Quoted<'a> {
    /// How many bytes of the block are left at its first letter, if it stands there without escapes.
    pub(super) fn left(self) -> Option<usize> {
        (!self.escaped).then_some(self.left)
    }

    /// The text without its escapes, in `room` if it has any. Nothing if it needs more room or an escape stands for a
    /// letter beyond ASCII: no known name is such a text.
    pub(super) fn text<'r>(self, room: &'r mut [u8]) -> Option<&'r [u8]>
    where
        'a: 'r,
    {
        if !self.escaped {
            return Some(self.written);
        }
        let mut len = 0;
        let mut rest = self.written;
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            let mut plain = byte;
            if byte == b'\\' {
                let (&kind, after) = rest.split_first()?;
                rest = after;
                plain = match kind {
                    b'b' => 8,
                    b'f' => 12,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'u' => {
                        let (digits, after) = rest.split_at_checked(4)?;
                        rest = after;
                        u8::try_from(hex(digits)?).ok().filter(u8::is_ascii)?
                    }
                    other => other,
                };
            }
            *room.get_mut(len)? = plain;
            len += 1;
        }
        room.get(..len)
    }
}

impl<'a> Careful<'a> {
    /// Starts at the front of `block`, whose last `beyond` bytes belong to later lines.
    pub(super) fn new(block: &'a [u8], beyond: usize) -> Self {
        let line = block.len().checked_sub(beyond).and_then(|length| block.get(..length));
        Self { block, line: line.unwrap_or_default(), at: 0 }
    }

    /// The rest of the line.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.line.get(self.at..).unwrap_or_default()
    }

    /// The rest of the block.
    pub(super) fn block(&self) -> &'a [u8] {
        self.block.get(self.at..).unwrap_or_default()
    }

    /// Steps over so many bytes.
    pub(super) fn step(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// The next byte; at the end of the line, the text is torn.
    pub(super) fn peek(&self) -> Result<u8, Reason> {
        self.line.get(self.at).copied().ok_or(Reason::Torn)
    }

    /// The reason to refuse the line where another byte had to come: the line is no JSON, or ends too soon.
    pub(super) fn unexpected(&self) -> Reason {
        if self.at < self.line.len() { Reason::NotJson } else { Reason::Torn }
    }

    /// Steps over this byte if it is next.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let next = self.peek() == Ok(byte);
        self.at += usize::from(next);
        next
    }

    /// Steps over this byte, which must be next.
    pub(super) fn expect(&mut self, byte: u8) -> Result<(), Reason> {
        if self.take(byte) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Steps over this word, which must be next.
    pub(super) fn literal(&mut self, word: &[u8]) -> Result<(), Reason> {
        word.iter().try_for_each(|&byte| self.expect(byte))
    }

    /// Steps over white space.
    pub(super) fn space(&mut self) {
        let rest = self.rest();
        let space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += rest.iter().position(|byte| !space(byte)).unwrap_or(rest.len());
    }

    /// A string, checked in full: quotes, escapes, UTF-8.
    pub(super) fn string(&mut self) -> Result<Quoted<'a>, Reason> {
        self.expect(b'"')?;
        let at = self.at;
        let mut escaped = false;
        let mut ascii = true;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    self.escape()?;
                }
                0..0x20 => return Err(Reason::NotJson),
                byte => {
                    ascii &= byte.is_ascii();
                    self.at += 1;
                }
            }
        }
        let written = &self.line[at..self.at];
        self.at += 1;
        if !ascii && core::str::from_utf8(written).is_err() {
            return Err(Reason::NotUtf8);
        }
        Ok(Quoted { written, left: self.block.len() - at, escaped })
    }

    fn escape(&mut self) -> Result<(), Reason> {
        self.expect(b'\\')?;
        match self.peek()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 1,
            b'u' => {
                // RFC 8259, section 7: beyond the first plane, a character is a pair of surrogates.
                match self.unicode()? {
                    0xd800..0xdc00 => {
                        self.expect(b'\\')?;
                        if !(0xdc00..0xe000).contains(&self.unicode()?) {
                            return Err(Reason::NotJson);
                        }
                    }
                    0xdc00..0xe000 => return Err(Reason::NotJson),
                    _ => {}
                }
            }
            _ => return Err(Reason::NotJson),
        }
        Ok(())
    }

    fn unicode(&mut self) -> Result<u32, Reason> {
        self.expect(b'u')?;
        let digits = self.rest();
        let digits = digits.get(..4).unwrap_or(digits);
        let Some(code) = hex(digits) else { return Err(Reason::NotJson) };
        if digits.len() < 4 {
            return Err(Reason::Torn);
        }
        self.at += 4;
        Ok(code)
    }

    /// Steps over a value of any shape.
    pub(super) fn skip(&mut self) -> Result<(), Reason> {
        // The innermost level in the lowest bit: 1 for an object, 0 for an array.
        let mut levels = 0_u64;
        let mut depth = 0;
        loop {
            self.space();
            let opened = self.peek()?;
            match opened {
                b'{' | b'[' => {
                    self.at += 1;
                    self.space();
                    let close = if opened == b'{' { b'}' } else { b']' };
                    if !self.take(close) {
                        // Beyond it the outermost level would fall out of the word.
                        if depth == DEEPEST {
                            return Err(Reason::NotJson);
                        }
                        levels = levels << 1 | u64::from(opened == b'{');
                        depth += 1;
                        if opened == b'{' {
                            self.name()?;
                        }
                        continue;
                    }
                }
                b'"' => self.string().map(drop)?,
                b't' => self.literal(b"true")?,
                b'f' => self.literal(b"false")?,
                b'n' => self.literal(b"null")?,
                b'-' | b'0'..=b'9' => self.skip_number()?,
                _ => return Err(Reason::NotJson),
            }
            // A value has ended: close what ends with it, until another one follows.
            loop {
                if depth == 0 {
                    return Ok(());
                }
                self.space();
                let object = levels & 1 == 1;
                if self.take(b',') {
                    if object {
                        self.name()?;
                    }
                    break;
                }
                self.expect(if object { b'}' } else { b']' })?;
                levels >>= 1;
                depth -= 1;
            }
        }
    }

    /// Makes sure that the line holds nothing more.
    pub(super) fn end(&mut self) -> Result<(), Reason> {
        self.space();
        if self.rest().is_empty() { Ok(()) } else { Err(Reason::NotJson) }
    }

    /// A name and its colon.
    pub(super) fn name(&mut self) -> Result<Quoted<'a>, Reason> {
        self.space();
        let name = self.string()?;
        self.space();
        self.expect(b':')?;
        Ok(name)
    }

    /// The reason to refuse a value of a type that the field does not hold. A value that is torn or no JSON has that
    /// reason instead.
    pub(super) fn refuse(&mut self) -> Reason {
        self.skip().err().unwrap_or(Reason::FieldType)
    }
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |sum, &byte| Some(sum << 4 | char::from(byte).to_digit(16)?))
}
