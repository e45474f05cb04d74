//! A request's headers in the buffer that the host passes. Names and values are read from the buffer each time, without
//! copies.

use std::fmt;

/// Header names and values in the order of the request. Envoy passes names in lower case.
#[derive(Clone, Default)]
pub struct Headers {
    bytes: Vec<u8>,
    /// The offset of the first name.
    texts: usize,
}

/// The size of the number of pairs, which comes first.
const COUNT_BYTES: usize = 4;

impl Headers {
    /// Reads a map as a proxy-wasm host serializes it: the number of pairs, the lengths of each name and value, then the
    /// names and values themselves, each followed by a NUL. Numbers have 32 bits and are little-endian. `None` if the
    /// lengths do not fit the bytes.
    pub fn from_host(bytes: Vec<u8>) -> Option<Self> {
        if bytes.is_empty() {
            return Some(Self::default());
        }
        let count = usize::try_from(u32::from_le_bytes(*bytes.first_chunk()?)).ok()?;
        let texts = count.checked_mul(8)?.checked_add(COUNT_BYTES).filter(|texts| *texts <= bytes.len())?;
        let lengths = bytes.get(COUNT_BYTES..texts)?.as_chunks().0;
        let needed: u64 = lengths.iter().map(|length| u64::from(u32::from_le_bytes(*length)).saturating_add(1)).sum();
        // The last NUL may be missing.
        let available = u64::try_from(bytes.len().checked_sub(texts)?).ok()?.saturating_add(1);
        (needed <= available).then_some(Self { bytes, texts })
    }

    /// The bytes in that form.
    pub fn as_host_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether Envoy answers the request with a gRPC status: its content type is `application/grpc`, or begins with
    /// `application/grpc+`.
    pub fn is_grpc(&self) -> bool {
        let mut types = self.iter().filter(|(name, _)| *name == b"content-type").map(|(_, value)| value);
        let rest = types.next().and_then(|value| value.strip_prefix(b"application/grpc"));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"+"))
    }

    /// Names and values.
    pub fn iter(&self) -> Iter<'_> {
        let lengths = self.bytes.get(COUNT_BYTES..self.texts).unwrap_or_default();
        Iter {
            lengths: lengths.as_chunks().0.as_chunks().0.iter(),
            texts: self.bytes.get(self.texts..).unwrap_or_default(),
        }
    }
}

/// An iterator over names and values. It runs several times for each request.
#[derive(Clone, Debug)]
pub struct Iter<'h> {
    lengths: std::slice::Iter<'h, [[u8; 4]; 2]>,
    texts: &'h [u8],
}

impl<'h> Iterator for Iter<'h> {
    type Item = (&'h [u8], &'h [u8]);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let [name, value] = self.lengths.next()?;
        Some((take(&mut self.texts, *name)?, take(&mut self.texts, *value)?))
    }
}

#[inline(always)]
fn take<'h>(texts: &mut &'h [u8], length: [u8; 4]) -> Option<&'h [u8]> {
    let (text, rest) = texts.split_at_checked(usize::try_from(u32::from_le_bytes(length)).ok()?)?;
    *texts = rest.get(1..).unwrap_or_default();
    Some(text)
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let (mut lengths, mut texts, mut count) = (Vec::new(), Vec::new(), 0_u32);
        for (name, value) in pairs {
            count = count.saturating_add(1);
            for text in [name.as_ref(), value.as_ref()] {
                lengths.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
                texts.extend_from_slice(text);
                texts.push(0);
            }
        }
        Self::from_host([&count.to_le_bytes()[..], &lengths, &texts].concat()).unwrap_or_default()
    }
}

/// Prints no values, because one of them is the token.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Headers({} pairs)", self.iter().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(headers: &Headers) -> Vec<(&[u8], &[u8])> {
        headers.iter().collect()
    }

    #[test]
    fn pairs_are_read_from_the_buffer() {
        let bytes = b"\x02\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\0\0\0\0a\0b\xff\0abc\0\0";
        let expected: [(&[u8], &[u8]); 2] = [(b"a", b"b\xff"), (b"abc", b"")];
        for end in [bytes.len(), bytes.len() - 1] {
            assert_eq!(pairs(&Headers::from_host(bytes[..end].to_vec()).unwrap()), expected, "{end}");
        }
        for end in 1..bytes.len() - 1 {
            assert!(Headers::from_host(bytes[..end].to_vec()).is_none(), "{end}");
        }
        let written: Headers = expected.into_iter().collect();
        assert_eq!(written.as_host_bytes(), bytes);
        assert_eq!(pairs(&written), expected);
        assert!(pairs(&Headers::from_host(Vec::new()).unwrap()).is_empty());
    }

    #[test]
    fn wrong_lengths_are_refused() {
        for bytes in
            [&b"\xff\xff\xff\xff"[..], b"\x01\0\0\0\xff\xff\xff\xff\0\0\0\0", b"\x01\0\0\0\0\0\0\0\xff\xff\xff\xff\0"]
        {
            assert!(Headers::from_host(bytes.to_vec()).is_none(), "{bytes:?}");
        }
    }

    #[test]
    fn grpc_is_told_by_its_content_type() {
        for (value, expected) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("application/grpc-web", false),
            ("application/grpc;x", false),
            ("application/json", false),
            ("", false),
        ] {
            let headers: Headers = [(":path", "application/grpc"), ("content-type", value)].into_iter().collect();
            assert_eq!(headers.is_grpc(), expected, "{value}");
        }
        assert!(!Headers::default().is_grpc());
    }

    #[test]
    fn values_are_not_printed() {
        let headers: Headers = [("authorization", "Bearer secret")].into_iter().collect();
        assert_eq!(format!("{headers:?}"), "Headers(1 pairs)");
    }
}
