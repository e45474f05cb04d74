//! Arguments and result of Envoy's foreign function `verify_signature`, which verifies signatures with BoringSSL.
//!
//! It takes a protobuf message (hash, key as DER SubjectPublicKeyInfo, signature, text), and supports
//! RSASSA-PKCS1-v1_5, and ECDSA with the signature in DER (`source/extensions/common/wasm/foreign.cc`). It would also
//! accept SHA-1, so the hash of each algorithm is set here.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::ecdsa_der::ecdsa_to_der;
use crate::json::parse_lenient;
use crate::keys::algorithm::Algorithm;
use crate::keys::jwk::VerifyingKey;

/// The arguments for one signature; `None` if the function does not support the algorithm, or if the length is wrong.
pub(super) fn arguments(algorithm: Algorithm, der_key: &[u8], message: &[u8], signature: &[u8]) -> Option<Vec<u8>> {
    let hash = match algorithm {
        Algorithm::Rs256 | Algorithm::Es256 => "sha256",
        Algorithm::Rs384 | Algorithm::Es384 => "sha384",
        Algorithm::Rs512 | Algorithm::Es512 => "sha512",
        Algorithm::Ps256
        | Algorithm::Ps384
        | Algorithm::Ps512
        | Algorithm::EdDsa
        | Algorithm::Hs256
        | Algorithm::Hs384
        | Algorithm::Hs512 => return None,
    };
    let signature = match algorithm {
        Algorithm::Rs256 | Algorithm::Rs384 | Algorithm::Rs512 => Cow::Borrowed(signature),
        _ => Cow::Owned(ecdsa_to_der(algorithm, signature)?),
    };
    let mut bytes = Vec::with_capacity(der_key.len() + signature.len() + message.len() + 32);
    for (number, value) in [(1, hash.as_bytes()), (2, der_key), (3, &signature), (4, message)] {
        put_field(&mut bytes, number, value);
    }
    Some(bytes)
}

/// Whether the result is true: its first field is a bool, which is absent if false.
pub(super) fn is_verified(result: &[u8]) -> bool {
    result.starts_with(&[0x08, 0x01])
}

/// The example of RFC 7515, appendix A.3: a key, a message and its signature.
pub(super) fn known_answer() -> Option<(VerifyingKey, &'static [u8], Vec<u8>)> {
    let key = parse_lenient(
        br#"{
            "kty": "EC",
            "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
        }"#,
    )?;
    let signed = b"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let signature = URL_SAFE_NO_PAD
        .decode("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q")
        .ok()?;
    Some((VerifyingKey::from_jwk(&key).ok()?, signed, signature))
}

/// A length-delimited field (protobuf encoding, wire type 2).
fn put_field(bytes: &mut Vec<u8>, number: u8, value: &[u8]) {
    bytes.push(number << 3 | 2);
    let mut length = value.len();
    while length >= 0x80 {
        bytes.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::signature::{PureRust, SignatureVerifier};

    #[test]
    fn arguments_are_protobuf() {
        let message = [7; 300];
        let bytes = arguments(Algorithm::Rs384, b"key", &message, b"sig").unwrap();
        let mut expected = b"\x0a\x06sha384\x12\x03key\x1a\x03sig\x22\xac\x02".to_vec();
        expected.extend_from_slice(&message);
        assert_eq!(bytes, expected);
    }

    #[test]
    fn only_an_explicit_true_is_verified() {
        for (result, expected) in [(&b"\x08\x01"[..], true), (b"", false), (b"\x08\x00", false), (b"\x12\x01x", false)]
        {
            assert_eq!(is_verified(result), expected, "{result:?}");
        }
    }

    #[test]
    fn the_known_signature_is_valid() {
        let (key, signed, signature) = known_answer().unwrap();
        assert!(PureRust.verify(&key, Algorithm::Es256, signed, &signature));
    }

    #[test]
    fn unsupported_algorithms_and_lengths_have_no_arguments() {
        for algorithm in [Algorithm::Ps256, Algorithm::Ps384, Algorithm::Ps512, Algorithm::EdDsa, Algorithm::Hs256] {
            assert_eq!(arguments(algorithm, b"", b"", b""), None);
        }
        for (algorithm, length) in [(Algorithm::Es256, 63), (Algorithm::Es256, 65), (Algorithm::Es384, 64)] {
            assert_eq!(arguments(algorithm, b"", b"", &vec![1; length]), None);
        }
    }
}
