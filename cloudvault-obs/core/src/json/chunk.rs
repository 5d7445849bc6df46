//! Bytes that are appended again and again.

/// Bytes of which most copies have at most `N`: they are copied with a length
/// that the compiler knows, in a few instructions and without a call, and what is
/// too much is taken back.
#[derive(Debug, Clone)]
pub struct Chunk<const N: usize> {
    /// Empty where all fits.
    long: Box<[u8]>,
    short: [u8; N],
    length: usize,
}

impl<const N: usize> Chunk<N> {
    /// A chunk of `bytes`.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        let (mut long, mut short) = (Box::default(), [0; N]);
        match short.get_mut(..bytes.len()) {
            Some(front) => front.copy_from_slice(bytes),
            None => long = bytes.into(),
        }
        let length = bytes.len();
        Self {
            long,
            short,
            length,
        }
    }

    /// The bytes.
    #[must_use]
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        self.short.get(..self.length).unwrap_or(&self.long)
    }

    /// How many they are.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// The bytes, to change some of them.
    pub fn as_mut_bytes(&mut self) -> &mut [u8] {
        self.short.get_mut(..self.length).unwrap_or(&mut self.long)
    }

    /// Appends the bytes.
    #[inline]
    pub fn append(&self, out: &mut Vec<u8>) {
        if self.length <= N {
            let end = out.len() + self.length;
            out.extend_from_slice(&self.short);
            out.truncate(end);
        } else {
            out.extend_from_slice(&self.long);
        }
    }

    /// Puts the bytes in front of `window` and answers how many they are, if they are
    /// short and the window holds `N`.
    #[inline(always)]
    pub fn place(&self, window: &mut [u8]) -> Option<usize> {
        let front = window.first_chunk_mut()?;
        if self.length > N {
            return None;
        }
        *front = self.short;
        Some(self.length)
    }
}

impl<const N: usize> Default for Chunk<N> {
    fn default() -> Self {
        Self::new(b"")
    }
}

/// Appends `N` bytes to be written to and then cut with [`close`], if there is room for
/// them: one look for it does for all that is written, and there is no way to where
/// memory grows.
#[inline(always)]
pub fn open<const N: usize>(out: &mut Vec<u8>) -> Option<&mut [u8; N]> {
    if out.capacity() - out.len() < N {
        return None;
    }
    out.extend_from_slice(&[0; N]);
    out.last_chunk_mut()
}

/// Keeps the bytes up to `end` of those that were opened at `start`, none where writing
/// them did not go well; says whether it did.
#[inline(always)]
pub fn close(out: &mut Vec<u8>, start: usize, end: Option<usize>) -> bool {
    out.truncate(start + end.unwrap_or(0));
    end.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_bytes_are_appended_whole() {
        for length in 0..10 {
            let bytes = &b"0123456789"[..length];
            let chunk = Chunk::<4>::new(bytes);
            let mut out = b"in front: ".to_vec();
            chunk.append(&mut out);
            assert_eq!(out, [b"in front: ", bytes].concat());
            assert_eq!(chunk.as_bytes(), bytes);
        }
    }
}
