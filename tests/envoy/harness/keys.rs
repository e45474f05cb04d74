//! Key pairs of every kind. They are fixed, because RSA keys are slow to make and failures should repeat; the PEM
//! files next to this one were made for these tests and protect nothing.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer;
use serde_json::{Value, json};
use superboring::hash::MessageDigest;
use superboring::pkey::{PKey, Private};
use superboring::rsa::{Padding, Rsa};
use superboring::sign::Signer as RsaSigner;

/// Every algorithm there is.
pub(crate) const ALGORITHMS: [&str; 10] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];

/// Every algorithm there is for secrets.
pub(crate) const SECRET_ALGORITHMS: [&str; 3] = ["HS256", "HS384", "HS512"];

/// A private key, what tokens call it, and the one algorithm it is for.
#[derive(Clone)]
pub(crate) struct Key {
    pub id: String,
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

/// Whose key it is: all keys of one owner for one type of key are the same.
#[derive(Clone, Copy)]
enum Owner {
    Issuer = 1,
    Stranger = 2,
}

impl Key {
    /// The issuer's key for an algorithm; its id is the algorithm's name.
    pub(crate) fn of(algorithm: &'static str) -> Self {
        Self { id: algorithm.to_owned(), algorithm, pair: Pair::of(algorithm, Owner::Issuer) }
    }

    /// Somebody else's key under the same id.
    pub(crate) fn strangers(algorithm: &'static str) -> Self {
        Self { id: algorithm.to_owned(), algorithm, pair: Pair::of(algorithm, Owner::Stranger) }
    }

    /// A secret, whether it is long enough or not.
    pub(crate) fn secret(algorithm: &'static str, secret: &[u8]) -> Self {
        Self { id: algorithm.to_owned(), algorithm, pair: Pair::Secret(secret.to_vec()) }
    }

    /// The same key under another id.
    pub(crate) fn named(mut self, id: &str) -> Self {
        id.clone_into(&mut self.id);
        self
    }

    /// The same key put to another algorithm, whether it can do that or not.
    pub(crate) fn for_algorithm(mut self, algorithm: &'static str) -> Self {
        self.algorithm = algorithm;
        self
    }

    pub(crate) fn one_of_each() -> Vec<Self> {
        ALGORITHMS.map(Self::of).into()
    }

    /// A JWK Set of these keys.
    pub(crate) fn set(keys: &[Self]) -> Value {
        json!({ "keys": keys.iter().map(Self::jwk).collect::<Vec<_>>() })
    }

    /// What a verifier needs of it: the public half, or the secret.
    pub(crate) fn jwk(&self) -> Value {
        let mut jwk = self.pair.jwk();
        jwk["kid"] = json!(self.id);
        jwk["alg"] = json!(self.algorithm);
        jwk["use"] = json!("sig");
        jwk
    }

    /// The signature over exactly these bytes, in its JOSE form.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
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

    /// The forms of the public half that an attacker might use as an HMAC secret.
    pub(crate) fn public_texts(&self) -> Vec<Vec<u8>> {
        let mut texts = vec![
            self.jwk().to_string().into_bytes(),
            URL_SAFE_NO_PAD.decode(self.pair.first_member()).expect("own base64"),
        ];
        if let Pair::Rsa(key) = &self.pair {
            let public = Rsa::from_public_components(key.n(), key.e()).expect("a public key");
            texts.extend([public.public_key_to_pem().expect("PEM"), public.public_key_to_der().expect("DER")]);
        }
        texts
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
                    Owner::Stranger => include_bytes!("keys/rsa-stranger.pem"),
                };
                Self::Rsa(Rsa::private_key_from_pem(pem).expect("an RSA key"))
            }
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

    /// The modulus or the first coordinate.
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
