//! Protobuf's wire format, read by borrowing: fields by number, unknown ones
//! skipped ("Encoding", protobuf.dev).

/// A message's bytes do not make sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken;

/// One field's content, by wire type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field<'a> {
    /// Wire type 0.
    Varint(u64),
    /// Wire type 1.
    Fixed64(u64),
    /// Wire type 2: text, bytes, a message, or packed numbers.
    Bytes(&'a [u8]),
    /// Wire type 5.
    Fixed32(u32),
}

impl<'a> Field<'a> {
    /// The bytes; nothing, if it is of another type.
    #[must_use]
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            _ => &[],
        }
    }

    /// The text; broken UTF-8 is replaced.
    #[must_use]
    pub fn text(self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    /// A number of a variable or fixed size; 0, if it is none.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Self::Varint(number) | Self::Fixed64(number) => number,
            Self::Fixed32(number) => u64::from(number),
            Self::Bytes(_) => 0,
        }
    }

    /// A `double`.
    #[must_use]
    pub fn double(self) -> f64 {
        f64::from_bits(self.number())
    }

    /// A `sint32`, in zigzag.
    #[must_use]
    pub fn zigzag(self) -> i32 {
        let number = self.number() as u32;
        (number >> 1).cast_signed() ^ (number & 1).cast_signed().wrapping_neg()
    }
}

/// The fields of a message in their order, until the end or a break.
pub fn fields(message: &[u8]) -> impl Iterator<Item = Result<(u32, Field<'_>), Broken>> {
    let mut rest = message;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let field = field(&mut rest);
        if field.is_none() {
            rest = &[];
        }
        Some(field.ok_or(Broken))
    })
}

fn field<'a>(rest: &mut &'a [u8]) -> Option<(u32, Field<'a>)> {
    let key = varint(rest)?;
    let number = u32::try_from(key >> 3).ok().filter(|&number| number > 0)?;
    let content = match key & 7 {
        0 => Field::Varint(varint(rest)?),
        1 => Field::Fixed64(u64::from_le_bytes(fixed(rest)?)),
        2 => {
            let length = usize::try_from(varint(rest)?).ok()?;
            let (bytes, after) = rest.split_at_checked(length)?;
            *rest = after;
            Field::Bytes(bytes)
        }
        5 => Field::Fixed32(u32::from_le_bytes(fixed(rest)?)),
        // Groups, which nobody has written for fifteen years.
        _ => return None,
    };
    Some((number, content))
}

/// `repeated fixed64` or `double`, packed or one by one.
pub fn push_fixed(numbers: &mut Vec<u64>, field: Field<'_>) {
    match field {
        Field::Bytes(packed) => {
            let (chunks, _) = packed.as_chunks();
            numbers.extend(chunks.iter().map(|chunk| u64::from_le_bytes(*chunk)));
        }
        single => numbers.push(single.number()),
    }
}

/// `repeated uint64`, packed or one by one.
pub fn push_varints(numbers: &mut Vec<u64>, field: Field<'_>) {
    match field {
        Field::Bytes(mut packed) => numbers.extend(std::iter::from_fn(|| varint(&mut packed))),
        single => numbers.push(single.number()),
    }
}

fn fixed<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*bytes)
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_wire_type_is_read_and_the_rest_is_broken() {
        fn read(bytes: &[u8]) -> Vec<Result<(u32, Field<'_>), Broken>> {
            fields(bytes).collect()
        }
        assert_eq!(read(&[0x08, 0x96, 0x01]), [Ok((1, Field::Varint(150)))]);
        assert_eq!(
            read(b"\x12\x02hi\x1d\x01\x00\x00\x00"),
            [Ok((2, Field::Bytes(b"hi"))), Ok((3, Field::Fixed32(1)))]
        );
        assert_eq!(
            read(&[0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]),
            [Ok((1, Field::Fixed64(1f64.to_bits())))]
        );
        for broken in [&[0x08][..], &[0x12, 5, 1], &[0x0b], &[0x00, 0], &[0xff; 11]] {
            assert_eq!(read(broken), [Err(Broken)], "{broken:?}");
        }
        let zigzag = |number| Field::Varint(number).zigzag();
        assert_eq!([zigzag(0), zigzag(1), zigzag(2), zigzag(3)], [0, -1, 1, -2]);
        assert_eq!(zigzag(u64::from(u32::MAX)), i32::MIN);
    }

    proptest! {
        #[test]
        fn any_bytes_come_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(fields(&bytes).count() <= bytes.len());
            let (mut a, mut b) = (Vec::new(), Vec::new());
            push_fixed(&mut a, Field::Bytes(&bytes));
            push_varints(&mut b, Field::Bytes(&bytes));
            prop_assert!(a.len() <= bytes.len() && b.len() <= bytes.len());
        }
    }
}
