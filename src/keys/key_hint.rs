//! What a token says about the key that signed it, and which keys that can be.

use super::algorithm::Algorithm;
use super::jwk::{VerifyingKey, unpadded};

/// What a token says about the key that signed it (RFC 7515 §4.1). Not verified: it only chooses the keys to try.
#[derive(Clone, Copy, Debug)]
pub struct KeyHint<'t> {
    /// `alg`.
    pub algorithm: Algorithm,
    /// `kid`.
    pub id: Option<&'t str>,
    /// `x5t#S256` and `x5t`: thumbprints of the key's certificate.
    pub thumbprints: [Option<&'t str>; 2],
    /// The length of the signature.
    pub signature_bytes: usize,
}

/// How a key fits the names in a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// The token names this key.
    Named,
    /// Token and key have no name in common: neither names the other, nor rules it out.
    Possible,
    /// The token names another key.
    Excluded,
}

impl KeyHint<'_> {
    /// How a key fits the names in the token. The first kind of name that both have decides.
    pub fn fit(&self, key: &VerifyingKey) -> Fit {
        let ids = (self.id, key.id().map(|id| id.as_str()));
        let [sha256, sha1] = self.thumbprints;
        let [key_sha256, key_sha1] = key.thumbprints();
        let names = [ids, (sha256.map(unpadded), key_sha256), (sha1.map(unpadded), key_sha1)];
        match names.into_iter().find_map(|(ours, theirs)| Some(ours? == theirs?)) {
            Some(true) => Fit::Named,
            Some(false) => Fit::Excluded,
            None => Fit::Possible,
        }
    }

    /// Whether a key of this type and size can have made the signature. If not, trying it would be wasted.
    pub fn can_be_signed_by(&self, key: &VerifyingKey) -> bool {
        key.material().signature_bytes(self.algorithm) == self.signature_bytes
    }
}
