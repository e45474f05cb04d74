//! The public key of an X.509 certificate (RFC 5280 §4.1), for documents that name certificates instead of JWKs.
//!
//! Only the key is read. The issuer publishes the certificate over TLS as it would publish a JWK, and withdraws it in the
//! same way; its names, dates and signature say nothing more.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use p521::pkcs8::der::asn1::UintRef;
use p521::pkcs8::der::{Decode, Error, Reader, SliceReader};
use p521::pkcs8::{ObjectIdentifier, SubjectPublicKeyInfoRef};

use super::jwk_error::JwkError;
use super::material::KeyMaterial;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The tag of the version, `[0]`.
const VERSION: u8 = 0xa0;
/// The first byte of a point with both coordinates (SEC 1 §2.3.3).
const UNCOMPRESSED: u8 = 4;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// Whether a text begins as a certificate in PEM (RFC 7468 §5).
pub(super) fn is_certificate(text: &str) -> bool {
    text.trim_start().starts_with(BEGIN)
}

/// The public key of a certificate in PEM; of the first one, if there are several.
pub(super) fn public_key(pem: &str) -> Result<KeyMaterial, JwkError> {
    let der = from_pem(pem).ok_or(JwkError::Certificate)?;
    let info = subject_public_key_info(&der).map_err(|_| JwkError::Certificate)?;
    let bits = info.subject_public_key.as_bytes().ok_or(JwkError::Certificate)?;
    let curve = || info.algorithm.parameters_oid().map_err(|_| JwkError::Certificate);
    match info.algorithm.oid {
        RSA => {
            let (n, e) = rsa_numbers(bits).map_err(|_| JwkError::Certificate)?;
            KeyMaterial::rsa(n, e)
        }
        ED25519 => KeyMaterial::ed25519(bits),
        EC => {
            let [UNCOMPRESSED, coordinates @ ..] = bits else { return Err(JwkError::Point) };
            let (x, y) = coordinates.split_at_checked(coordinates.len() / 2).ok_or(JwkError::Point)?;
            match curve()? {
                P256 => KeyMaterial::p256(x, y),
                P384 => KeyMaterial::p384(x, y),
                P521 => KeyMaterial::p521(x, y),
                _ => Err(JwkError::Unsupported("the curve")),
            }
        }
        _ => Err(JwkError::Unsupported("the type of key")),
    }
}

fn from_pem(pem: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once(BEGIN)?;
    let (text, _) = rest.split_once(END)?;
    let text: String = text.chars().filter(|char| !char.is_ascii_whitespace()).collect();
    STANDARD.decode(text).ok()
}

/// The seventh field of `tbsCertificate`, or the sixth if the version is left out.
fn subject_public_key_info(der: &[u8]) -> Result<SubjectPublicKeyInfoRef<'_>, Error> {
    let mut certificate = SliceReader::new(der)?;
    certificate.sequence(|fields| {
        let info = fields.sequence(|fields| {
            if fields.peek_byte() == Some(VERSION) {
                fields.tlv_bytes()?;
            }
            // Serial number, signature algorithm, issuer, validity and subject.
            for _ in 0..5 {
                fields.tlv_bytes()?;
            }
            let info = SubjectPublicKeyInfoRef::decode(fields)?;
            skip(fields)?;
            Ok::<_, Error>(info)
        })?;
        skip(fields)?;
        Ok(info)
    })
}

fn skip<'d>(fields: &mut SliceReader<'d>) -> Result<(), Error> {
    while !fields.is_finished() {
        fields.tlv_bytes()?;
    }
    Ok(())
}

/// Modulus and exponent (RFC 8017 §A.1.1).
fn rsa_numbers(der: &[u8]) -> Result<(&[u8], &[u8]), Error> {
    SliceReader::new(der)?.sequence(|numbers| {
        let [n, e] = [UintRef::decode(numbers)?, UintRef::decode(numbers)?];
        Ok((n.as_bytes(), e.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use jwt_authorizer_test_support::Key;

    use super::*;
    use crate::json::parse_lenient;
    use crate::keys::jwk::VerifyingKey;

    #[test]
    fn the_key_of_a_certificate_is_that_of_the_jwk() {
        for algorithm in ["RS256", "ES256", "ES384", "ES512", "EdDSA"] {
            let key = Key::of(algorithm);
            let jwk = VerifyingKey::from_jwk(&parse_lenient(key.jwk().to_string().as_bytes()).unwrap()).unwrap();
            for pem in
                [key.certificate().to_owned(), format!("\n{}{}", key.certificate(), Key::other("RS256").certificate())]
            {
                assert!(is_certificate(&pem), "{algorithm}");
                assert_eq!(public_key(&pem).unwrap().to_der().unwrap(), jwk.der(), "{algorithm}");
            }
        }
    }

    #[test]
    fn anything_else_is_an_error_without_a_panic() {
        let pem = Key::of("ES256").certificate();
        let der = from_pem(pem).unwrap();
        let encode = |der: &[u8]| format!("{BEGIN}\n{}\n{END}", STANDARD.encode(der));
        assert!(public_key(&encode(&der)).is_ok());
        for length in 0..der.len() {
            assert_eq!(public_key(&encode(&der[..length])).unwrap_err(), JwkError::Certificate, "{length}");
        }
        for index in 0..der.len() {
            let mut changed = der.clone();
            changed[index] ^= 0x80;
            // Some bytes don't matter, and none makes it another key.
            if let Ok(key) = public_key(&encode(&changed)) {
                assert_eq!(key.to_der(), public_key(pem).unwrap().to_der(), "{index}");
            }
        }
        for text in ["", BEGIN, &pem.replace(END, ""), &pem.replace('M', "-")] {
            assert_eq!(public_key(text).unwrap_err(), JwkError::Certificate, "{text}");
        }
        assert!(!is_certificate("-----BEGIN PUBLIC KEY-----"));
    }
}
