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
}

impl<const N: usize> Default for Chunk<N> {
    fn default() -> Self {
        Self::new(b"")
    }
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
