//! A request's headers as the host hands them over: one buffer, and where in it each name and each value is. Nothing is
//! copied out of it before somebody asks.

use std::fmt;
use std::ops::Range;

/// Header names and values in the order of the request; Envoy writes names in lower case.
#[derive(Clone, Default)]
pub struct Headers {
    bytes: Vec<u8>,
    pairs: Vec<Pair>,
}

#[derive(Clone, Debug)]
struct Pair {
    name: Range<usize>,
    value: Range<usize>,
}

impl Headers {
    /// Reads the form in which a proxy-wasm host passes a map: how many pairs, the lengths of each name and value, then
    /// these themselves with a NUL behind each; numbers are 32 bits, little-endian. `None` if the bytes say otherwise.
    pub fn from_host(bytes: Vec<u8>) -> Option<Self> {
        if bytes.is_empty() {
            return Some(Self::default());
        }
        let (count, lengths) = bytes.split_first_chunk().map(|(count, rest)| (u32::from_le_bytes(*count), rest))?;
        let count = usize::try_from(count).ok()?;
        let lengths = lengths.get(..count.checked_mul(8)?)?;
        let mut next = 4_usize.checked_add(lengths.len())?;
        let mut take = |length: &[u8; 4]| {
            let end = next.checked_add(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
            // The last NUL may be missing, the text before it may not.
            let range = next..(end <= bytes.len()).then_some(end)?;
            next = end.checked_add(1)?;
            Some(range)
        };
        let mut pairs = Vec::with_capacity(count);
        for [name, value] in lengths.as_chunks::<4>().0.as_chunks::<2>().0 {
            pairs.push(Pair { name: take(name)?, value: take(value)? });
        }
        Some(Self { bytes, pairs })
    }

    /// Names and values.
    pub fn iter(&self) -> Iter<'_> {
        Iter { bytes: &self.bytes, pairs: self.pairs.iter() }
    }
}

/// Goes through names and values. Every request does so several times.
#[derive(Clone, Debug)]
pub struct Iter<'h> {
    bytes: &'h [u8],
    pairs: std::slice::Iter<'h, Pair>,
}

impl<'h> Iterator for Iter<'h> {
    type Item = (&'h [u8], &'h [u8]);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let Pair { name, value } = self.pairs.next()?;
        Some((text(self.bytes, name), text(self.bytes, value)))
    }
}

#[inline(always)]
fn text<'h>(bytes: &'h [u8], range: &Range<usize>) -> &'h [u8] {
    bytes.get(range.start..range.end).unwrap_or_default()
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut headers = Self::default();
        let mut append = |text: &[u8]| {
            let start = headers.bytes.len();
            headers.bytes.extend_from_slice(text);
            start..headers.bytes.len()
        };
        let pairs =
            pairs.into_iter().map(|(name, value)| Pair { name: append(name.as_ref()), value: append(value.as_ref()) });
        let pairs = pairs.collect();
        headers.pairs = pairs;
        headers
    }
}

/// Among the values is the token.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Headers({} pairs)", self.pairs.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(headers: &Headers) -> Vec<(&[u8], &[u8])> {
        headers.iter().collect()
    }

    #[test]
    fn pairs_are_read_where_they_are() {
        let bytes = b"\x02\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\0\0\0\0a\0b\xff\0abc\0\0";
        let expected: [(&[u8], &[u8]); 2] = [(b"a", b"b\xff"), (b"abc", b"")];
        for end in [bytes.len(), bytes.len() - 1] {
            assert_eq!(pairs(&Headers::from_host(bytes[..end].to_vec()).unwrap()), expected, "{end}");
        }
        for end in 1..bytes.len() - 2 {
            assert!(Headers::from_host(bytes[..end].to_vec()).is_none(), "{end}");
        }
        assert_eq!(pairs(&expected.into_iter().collect()), expected);
        assert!(pairs(&Headers::from_host(Vec::new()).unwrap()).is_empty());
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        for bytes in
            [&b"\xff\xff\xff\xff"[..], b"\x01\0\0\0\xff\xff\xff\xff\0\0\0\0", b"\x01\0\0\0\0\0\0\0\xff\xff\xff\xff\0"]
        {
            assert!(Headers::from_host(bytes.to_vec()).is_none(), "{bytes:?}");
        }
    }

    #[test]
    fn values_are_not_printed() {
        let headers: Headers = [("authorization", "Bearer secret")].into_iter().collect();
        assert_eq!(format!("{headers:?}"), "Headers(1 pairs)");
    }
}
