//! A request as text, so that inputs can be read and written by hand: one header for each line, `name: value`.

use jwt_authorizer::forward::Edits;
use jwt_authorizer::request::{Headers, is_token};

/// Names and values, in order. They may be any bytes except a line feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request(pub(crate) Vec<(Vec<u8>, Vec<u8>)>);

/// Envoy sends each of these once.
const DEFAULTS: [(&[u8], &[u8]); 3] = [(b":method", b"GET"), (b":path", b"/"), (b":authority", b"api.example.com")];

impl Request {
    pub(crate) fn from_text(text: &[u8]) -> Self {
        let lines = text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        let mut headers: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        for (name, value) in lines.map(name_and_value) {
            // Envoy answers 400 to any other name, and to a second pseudo-header of one name.
            let is_repeated = name.starts_with(b":") && headers.iter().any(|(known, _)| *known == name);
            if is_name(&name) && !is_repeated {
                headers.push((name, value));
            }
        }
        Self(headers)
    }

    /// With the pseudo-headers that are missing, so that more inputs get past the head.
    pub(crate) fn with_defaults(mut self) -> Self {
        for (name, value) in DEFAULTS {
            if !self.0.iter().any(|(known, _)| known == name) {
                self.0.push((name.to_vec(), value.to_vec()));
            }
        }
        self
    }

    pub(crate) fn headers(&self) -> Headers {
        self.0.iter().map(|(name, value)| (name, value)).collect()
    }

    /// With headers that no policy here reads, before and after the others.
    pub(crate) fn with_unrelated_headers(&self) -> Self {
        let unrelated = |name: &str| (name.as_bytes().to_vec(), b"a=b; c, \"d\" \xff".to_vec());
        let mut headers = vec![unrelated("accept-language"), unrelated("x-unrelated")];
        headers.extend(self.0.iter().cloned());
        headers.push(unrelated("zz"));
        Self(headers)
    }

    /// The request that the upstream gets.
    pub(crate) fn edited(&self, edits: &Edits) -> Self {
        let mut headers = self.0.clone();
        headers.retain(|(name, _)| !edits.remove.iter().any(|removed| removed.as_bytes() == name));
        for (name, value) in edits.set.iter().chain(&edits.replace) {
            headers.retain(|(known, _)| known != name.as_bytes());
            headers.push((name.as_bytes().to_vec(), value.clone()));
        }
        Self(headers)
    }
}

fn is_name(name: &[u8]) -> bool {
    std::str::from_utf8(name.strip_prefix(b":").unwrap_or(name)).is_ok_and(is_token)
}

/// A pseudo-header's name begins with a colon.
fn name_and_value(line: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let colon = line.iter().skip(1).position(|&byte| byte == b':').map_or(line.len(), |colon| colon + 1);
    let (name, value) = line.split_at(colon);
    let value = value.strip_prefix(b":").unwrap_or_default();
    (name.to_ascii_lowercase(), value.strip_prefix(b" ").unwrap_or(value).to_vec())
}
