//! A cursor over JSON text that reads what it is asked for and steps over the
//! rest, without recursion and without allocating for text that has no escapes.

use std::borrow::Cow;

/// The text is not JSON from here on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

pub(super) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { rest: text }
    }

    /// Calls `each` with every key of the object that comes next; `each` has to
    /// consume the value, and ends the walk by answering false.
    pub(super) fn object(
        &mut self,
        mut each: impl FnMut(&str, &mut Self) -> Result<bool, Malformed>,
    ) -> Result<(), Malformed> {
        self.expect(b'{')?;
        if self.peek() == Some(b'}') {
            return self.expect(b'}');
        }
        loop {
            let key = self.string()?;
            self.expect(b':')?;
            if !each(&key, self)? {
                return Ok(());
            }
            match self.peek() {
                Some(b',') => self.expect(b',')?,
                _ => return self.expect(b'}'),
            }
        }
    }

    /// The same, or a step over a value that is no object.
    pub(super) fn object_or_skip(
        &mut self,
        each: impl FnMut(&str, &mut Self) -> Result<bool, Malformed>,
    ) -> Result<(), Malformed> {
        match self.peek() {
            Some(b'{') => self.object(each),
            _ => self.skip(),
        }
    }

    /// Calls `each` with the first element of an array and does not look at the
    /// others: whoever asks for it wants nothing behind the array.
    pub(super) fn first_element(
        &mut self,
        each: impl FnOnce(&mut Self) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        if self.peek() != Some(b'[') {
            return self.skip();
        }
        self.expect(b'[')?;
        match self.peek() {
            Some(b']') => self.expect(b']'),
            _ => each(self),
        }
    }

    /// The next value when it is text; any other value is stepped over.
    pub(super) fn text(&mut self) -> Result<Option<Cow<'a, str>>, Malformed> {
        match self.peek() {
            Some(b'"') => self.string().map(Some),
            _ => self.skip().map(|()| None),
        }
    }

    /// Steps over one value of any kind and depth.
    pub(super) fn skip(&mut self) -> Result<(), Malformed> {
        let mut depth = 0usize;
        loop {
            match self.peek().ok_or(Malformed)? {
                b'"' => drop(self.raw_string()?),
                b'{' | b'[' => {
                    depth += 1;
                    self.advance(1);
                    continue;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1).ok_or(Malformed)?;
                    self.advance(1);
                }
                b',' | b':' if depth > 0 => {
                    self.advance(1);
                    continue;
                }
                _ => self.scalar()?,
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    fn scalar(&mut self) -> Result<(), Malformed> {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        let length = self.rest.iter().take_while(|byte| plain(byte)).count();
        if length == 0 {
            return Err(Malformed);
        }
        self.advance(length);
        Ok(())
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Malformed> {
        let (raw, escaped) = self.raw_string()?;
        if escaped {
            // Rare; the quotes belong to the slice, so serde_json can undo the escapes.
            return serde_json::from_slice(raw)
                .map(Cow::Owned)
                .map_err(|_| Malformed);
        }
        std::str::from_utf8(&raw[1..raw.len() - 1])
            .map(Cow::Borrowed)
            .map_err(|_| Malformed)
    }

    /// The next string with its quotes, and whether it has escapes.
    fn raw_string(&mut self) -> Result<(&'a [u8], bool), Malformed> {
        if self.peek() != Some(b'"') {
            return Err(Malformed);
        }
        let (mut index, mut escaped) = (1, false);
        loop {
            match self.rest.get(index).ok_or(Malformed)? {
                b'"' => {
                    let raw = &self.rest[..=index];
                    self.advance(index + 1);
                    return Ok((raw, escaped));
                }
                b'\\' => {
                    escaped = true;
                    index += 2;
                }
                _ => index += 1,
            }
        }
    }

    /// The next byte that is not a blank.
    fn peek(&mut self) -> Option<u8> {
        let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        let blanks = self.rest.iter().take_while(|byte| blank(byte)).count();
        self.advance(blanks);
        self.rest.first().copied()
    }

    fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.peek() != Some(byte) {
            return Err(Malformed);
        }
        self.advance(1);
        Ok(())
    }

    fn advance(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }
}
