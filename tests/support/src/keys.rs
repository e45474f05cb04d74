//! Key pairs for every algorithm. They are fixed because RSA keys are slow to generate and failures should be
//! reproducible. The PEM files were generated for these tests and protect nothing.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer;
use serde_json::{Value, json};
use superboring::hash::MessageDigest;
use superboring::pkey::{PKey, Private};
use superboring::rsa::{Padding, Rsa};
use superboring::sign::Signer as RsaSigner;

/// Every supported signature algorithm.
pub const ALGORITHMS: [&str; 10] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];

/// Every supported HMAC algorithm.
pub const SECRET_ALGORITHMS: [&str; 3] = ["HS256", "HS384", "HS512"];

/// A private key for one algorithm.
#[derive(Clone)]
pub struct Key {
    /// Its `kid`.
    pub id: String,
    /// Its `alg`.
    pub algorithm: &'static str,
    pair: Pair,
}

#[derive(Clone)]
enum Pair {
    Rsa(Rsa<Private>),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    P521(p521::ecdsa::SigningKey),
    Ed25519(ed25519_compact::KeyPair),
    Secret(Vec<u8>),
}

/// Who holds the private key. An owner has one key pair for each key type.
#[derive(Clone, Copy)]
enum Owner {
    Issuer = 1,
    Other = 2,
}

/// Without the private key.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl Key {
    /// The issuer's key for an algorithm; its `kid` is the algorithm's name.
    pub fn of(algorithm: &'static str) -> Self {
        Self { id: algorithm.to_owned(), algorithm, pair: Pair::of(algorithm, Owner::Issuer) }
    }

    /// A key that is not the issuer's, with the same `kid`.
    pub fn other(algorithm: &'static str) -> Self {
        Self { id: algorithm.to_owned(), algorithm, pair: Pair::of(algorithm, Owner::Other) }
    }

    /// One of any number of keys on a curve; none of them is the issuer's.
    pub fn numbered(algorithm: &'static str, number: u8) -> Self {
        Self { id: algorithm.to_owned(), algorithm, pair: Pair::on_curve(algorithm, u16::from(number)) }
    }

    /// A key on a curve of which this coordinate (`x` or `y`) begins with a zero byte.
    pub fn with_leading_zero(algorithm: &'static str, coordinate: &str) -> Self {
        let keys = (1..).map(|n: u16| Self { id: algorithm.to_owned(), algorithm, pair: Pair::on_curve(algorithm, n) });
        let begins_with_zero = |key: &Self| key.coordinate(coordinate).starts_with(&[0]);
        keys.into_iter().find(begins_with_zero).expect("one in 256 keys is such")
    }

    /// A coordinate (`x` or `y`) of the public key.
    pub fn coordinate(&self, name: &str) -> Vec<u8> {
        let jwk = self.jwk();
        URL_SAFE_NO_PAD.decode(jwk[name].as_str().expect("a coordinate")).expect("base64url")
    }

    /// An HMAC secret of any length.
    pub fn secret(algorithm: &'static str, secret: &[u8]) -> Self {
        Self { id: algorithm.to_owned(), algorithm, pair: Pair::Secret(secret.to_vec()) }
    }

    /// The same key with another `kid`.
    pub fn named(mut self, id: &str) -> Self {
        id.clone_into(&mut self.id);
        self
    }

    /// The same key used for another algorithm.
    pub fn for_algorithm(mut self, algorithm: &'static str) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// One key of the issuer for each signature algorithm.
    pub fn one_of_each() -> Vec<Self> {
        ALGORITHMS.map(Self::of).into()
    }

    /// A JWK Set of these keys.
    pub fn set(keys: &[Self]) -> Value {
        json!({ "keys": keys.iter().map(Self::jwk).collect::<Vec<_>>() })
    }

    /// The JWK that a verifier needs: the public key, or the secret.
    pub fn jwk(&self) -> Value {
        let mut jwk = self.pair.jwk();
        jwk["kid"] = json!(self.id);
        jwk["alg"] = json!(self.algorithm);
        jwk["use"] = json!("sig");
        jwk
    }

    /// An X.509 certificate in PEM for the issuer's key, or for another RSA key; empty for a secret. Its dates are in the
    /// past.
    pub fn certificate(&self) -> &'static str {
        match &self.pair {
            Pair::Rsa(key) => match Pair::of("RS256", Owner::Issuer) {
                Pair::Rsa(ours) if ours.n() == key.n() => include_str!("keys/rsa-issuer.crt"),
                _ => include_str!("keys/rsa-other.crt"),
            },
            Pair::P256(_) => include_str!("keys/p256-issuer.crt"),
            Pair::P384(_) => include_str!("keys/p384-issuer.crt"),
            Pair::P521(_) => include_str!("keys/p521-issuer.crt"),
            Pair::Ed25519(_) => include_str!("keys/ed25519-issuer.crt"),
            Pair::Secret(_) => "",
        }
    }

    /// The signature over these bytes, in the form of RFC 7518 section 3.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(key) => sign_rsa(key, self.algorithm, message),
            Pair::P256(key) => Signer::<p256::ecdsa::Signature>::sign(key, message).to_bytes().to_vec(),
            Pair::P384(key) => Signer::<p384::ecdsa::Signature>::sign(key, message).to_bytes().to_vec(),
            Pair::P521(key) => Signer::<p521::ecdsa::Signature>::sign(key, message).to_bytes().to_vec(),
            Pair::Ed25519(pair) => pair.sk.sign(message, None).to_vec(),
            Pair::Secret(secret) => match self.algorithm {
                "HS384" => hmac_sha512::sha384::HMAC::mac(message, secret).to_vec(),
                "HS512" => hmac_sha512::HMAC::mac(message, secret).to_vec(),
                _ => hmac_sha256::HMAC::mac(message, secret).to_vec(),
            },
        }
    }

    /// Encodings of the public key that an attacker might use as an HMAC secret.
    pub fn public_encodings(&self) -> Vec<Vec<u8>> {
        let mut encodings = vec![
            self.jwk().to_string().into_bytes(),
            URL_SAFE_NO_PAD.decode(self.pair.first_member()).expect("base64url"),
        ];
        if let Pair::Rsa(key) = &self.pair {
            let public = Rsa::from_public_components(key.n(), key.e()).expect("a public key");
            encodings.extend([public.public_key_to_pem().expect("PEM"), public.public_key_to_der().expect("DER")]);
        }
        encodings
    }
}

impl Pair {
    fn of(algorithm: &str, owner: Owner) -> Self {
        let seed = owner as u8;
        match algorithm {
            "ES256" => Self::P256(p256::ecdsa::SigningKey::from_slice(&[seed; 32]).expect("a scalar")),
            "ES384" => Self::P384(p384::ecdsa::SigningKey::from_slice(&[seed; 48]).expect("a scalar")),
            "ES512" => {
                let mut scalar = [seed; 66];
                scalar[0] = 0;
                Self::P521(p521::ecdsa::SigningKey::from_slice(&scalar).expect("a scalar"))
            }
            "EdDSA" => Self::Ed25519(ed25519_compact::KeyPair::from_seed(ed25519_compact::Seed::new([seed; 32]))),
            "HS256" | "HS384" | "HS512" => Self::Secret(vec![seed; 64]),
            _ => {
                let pem: &[u8] = match owner {
                    Owner::Issuer => include_bytes!("keys/rsa-issuer.pem"),
                    Owner::Other => include_bytes!("keys/rsa-other.pem"),
                };
                Self::Rsa(Rsa::private_key_from_pem(pem).expect("an RSA key"))
            }
        }
    }

    /// The key with this small private number.
    fn on_curve(algorithm: &str, number: u16) -> Self {
        let scalar = |width: usize| [&vec![0; width - 2][..], &number.to_be_bytes()].concat();
        match algorithm {
            "ES256" => Self::P256(p256::ecdsa::SigningKey::from_slice(&scalar(32)).expect("a scalar")),
            "ES384" => Self::P384(p384::ecdsa::SigningKey::from_slice(&scalar(48)).expect("a scalar")),
            _ => Self::P521(p521::ecdsa::SigningKey::from_slice(&scalar(66)).expect("a scalar")),
        }
    }

    fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let point = |curve: &str, sec1: &[u8]| {
            let (x, y) = sec1[1..].split_at(sec1.len() / 2);
            json!({ "kty": "EC", "crv": curve, "x": text(x), "y": text(y) })
        };
        match self {
            Self::Rsa(key) => json!({ "kty": "RSA", "n": text(&key.n().to_vec()), "e": text(&key.e().to_vec()) }),
            Self::P256(key) => point("P-256", key.verifying_key().to_sec1_point(false).as_bytes()),
            Self::P384(key) => point("P-384", key.verifying_key().to_sec1_point(false).as_bytes()),
            Self::P521(key) => point("P-521", key.verifying_key().to_sec1_point(false).as_bytes()),
            Self::Ed25519(pair) => json!({ "kty": "OKP", "crv": "Ed25519", "x": text(pair.pk.as_ref()) }),
            Self::Secret(secret) => json!({ "kty": "oct", "k": text(secret) }),
        }
    }

    /// The modulus or the x coordinate.
    fn first_member(&self) -> String {
        let jwk = self.jwk();
        jwk.get("n").or(jwk.get("x")).and_then(Value::as_str).expect("every JWK has one").to_owned()
    }
}

fn sign_rsa(key: &Rsa<Private>, algorithm: &str, message: &[u8]) -> Vec<u8> {
    let digest = match &algorithm[2..] {
        "384" => MessageDigest::sha384(),
        "512" => MessageDigest::sha512(),
        _ => MessageDigest::sha256(),
    };
    let padding = if algorithm.starts_with("PS") { Padding::PKCS1_PSS } else { Padding::PKCS1 };
    let key = PKey::from_rsa(key.clone()).expect("an RSA key");
    let mut signer = RsaSigner::new(digest, &key).expect("a signer");
    signer.set_rsa_padding(padding).expect("a padding");
    signer.sign_oneshot_to_vec(message).expect("a signature")
}
