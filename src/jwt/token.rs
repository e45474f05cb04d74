//! A compact JWS (RFC 7515 §3.1): unverified → verified, through one door.

use std::borrow::Cow;
use std::fmt;
use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use memchr::{memchr, memrchr};
use serde_json::Value;

use super::algorithm::Algorithm;
use super::claims::{ClaimPath, Words};
use super::error::{TokenError, Unverified};
use super::jwk::{KeyId, VerifyingKey};
use super::keys::{KeyRing, NoKey};
use super::provider::{Provider, ProviderIndex};
use super::signature::SignatureVerifier;
use super::time::{UnixTime, Validity};
use crate::json::{Json, Object, parse_object};

/// A token longer than this is refused before anything of it is copied.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// The parts of a compact JWS, decoded and not yet read.
pub struct Compact<'r> {
    signed: &'r [u8],
    encoded_payload: &'r [u8],
    header: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'r> Compact<'r> {
    /// Takes a token apart.
    ///
    /// # Errors
    ///
    /// `TooLarge` or `Malformed`.
    pub fn decode(bytes: &'r [u8]) -> Result<Self, TokenError> {
        if bytes.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLarge);
        }
        let last_dot = memrchr(b'.', bytes).ok_or(TokenError::Malformed)?;
        let (signed, signature) = around(bytes, last_dot)?;
        let first_dot = memchr(b'.', signed).ok_or(TokenError::Malformed)?;
        let (header, payload) = around(signed, first_dot)?;
        // Canonical only: with padding or stray bits one token would have several spellings (RFC 4648 §3.5).
        let decode = |part: &[u8]| URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed);
        Ok(Self {
            signed,
            encoded_payload: payload,
            header: decode(header)?,
            payload: decode(payload)?,
            signature: decode(signature)?,
        })
    }
}

/// What is before a place, and what is behind it.
fn around(bytes: &[u8], place: usize) -> Result<(&[u8], &[u8]), TokenError> {
    let (before, rest) = bytes.split_at_checked(place).ok_or(TokenError::Malformed)?;
    Ok((before, rest.get(1..).ok_or(TokenError::Malformed)?))
}

impl fmt::Debug for Compact<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Compact({} bytes)", self.signed.len())
    }
}

/// A well-formed token of whom nothing is proven.
pub struct UnverifiedToken<'c> {
    compact: &'c Compact<'c>,
    header: Header<'c>,
    claims: Object<'c>,
}

impl<'c> UnverifiedToken<'c> {
    /// Reads header and claims.
    ///
    /// # Errors
    ///
    /// `Malformed` or `CriticalHeader`.
    pub fn read(compact: &'c Compact<'c>) -> Result<Self, TokenError> {
        let header = parse_object(&compact.header).ok_or(TokenError::Malformed)?;
        let header = Header::read(&header)?;
        let claims = parse_object(&compact.payload).ok_or(TokenError::Malformed)?;
        Ok(Self { compact, header, claims })
    }

    /// The issuer that the token names, which is good for nothing but finding its provider.
    pub fn issuer(&self) -> Option<&str> {
        self.claims.text("iss")
    }

    /// The tenant that the token names, which must be the one in a templated issuer.
    pub fn tenant(&self) -> Option<&str> {
        self.claims.text("tid")
    }

    /// The key that the token names.
    pub fn key_id(&self) -> Option<Cow<'c, str>> {
        self.header.key_id.clone()
    }

    /// Proves the token, keeping of it what the rules ask for (`kept`).
    ///
    /// Claims are checked first because that is cheap, and can only refuse; nothing is believed before the signature.
    ///
    /// # Errors
    ///
    /// Why the token does not count, or which keys it would take to tell.
    pub fn verify(
        self,
        index: ProviderIndex,
        provider: &Provider,
        keys: &KeyRing,
        kept: &[ClaimPath],
        verifier: &dyn SignatureVerifier,
        now: UnixTime,
    ) -> Result<VerifiedToken, Unverified> {
        let allowed = |algorithm: &Algorithm| provider.algorithms.contains(*algorithm);
        let algorithm = self.header.algorithm.filter(allowed).ok_or(TokenError::AlgorithmNotAllowed)?;
        let validity = provider.check(self.header.typ.as_deref(), &self.claims, now)?;
        let has_signed =
            |key: &VerifyingKey| verifier.verify(key, algorithm, self.compact.signed, &self.compact.signature);
        let signer =
            keys.signer(self.header.key_id.as_deref(), algorithm, now, has_signed).map_err(|none| match none {
                NoKey::Mismatch => TokenError::SignatureInvalid.into(),
                NoKey::Unfit => TokenError::KeyUnknown.into(),
                NoKey::Unknown => Unverified::KeyUnknown(self.header.key_id.as_deref().map(KeyId::new)),
                NoKey::Unavailable => Unverified::KeysUnavailable,
            })?;
        Ok(VerifiedToken::new(index, provider, kept, validity, signer, &self.claims, self.compact.encoded_payload)?)
    }
}

impl fmt::Debug for UnverifiedToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnverifiedToken({:?})", self.compact)
    }
}

struct Header<'c> {
    algorithm: Option<Algorithm>,
    key_id: Option<Cow<'c, str>>,
    typ: Option<Cow<'c, str>>,
}

impl<'c> Header<'c> {
    /// Keys that the header brings along (`jwk`, `jku`, `x5c`, `x5u`) are never looked at.
    fn read(header: &Object<'c>) -> Result<Self, TokenError> {
        let text = |name: &str| match header.get(name) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text)),
            Some(_) => Err(TokenError::Malformed),
        };
        if header.get("crit").is_some() || header.get("b64").is_some_and(|value| *value != Json::Boolean(true)) {
            return Err(TokenError::CriticalHeader);
        }
        if header.get("enc").is_some() || header.get("zip").is_some() {
            return Err(TokenError::Malformed);
        }
        let algorithm = text("alg")?.ok_or(TokenError::Malformed)?;
        Ok(Self { algorithm: Algorithm::named(algorithm), key_id: text("kid")?.cloned(), typ: text("typ")?.cloned() })
    }
}

/// What a verified token is worth: all that rules and outputs will ask of it, and when it ends.
pub struct VerifiedToken {
    provider: ProviderIndex,
    validity: Validity,
    signer: Rc<VerifyingKey>,
    subject: Option<Box<str>>,
    client: Option<Box<str>>,
    scopes: Words,
    groups: Words,
    kept: Box<[Option<Value>]>,
    headers: Box<[Option<Box<str>>]>,
    payload: Option<Box<str>>,
}

impl VerifiedToken {
    fn new(
        index: ProviderIndex,
        provider: &Provider,
        kept: &[ClaimPath],
        validity: Validity,
        signer: &Rc<VerifyingKey>,
        claims: &Object<'_>,
        payload: &[u8],
    ) -> Result<Self, TokenError> {
        let header = |output: &super::output::Output| output.value(claims).map(|value| value.map(Into::into));
        Ok(Self {
            provider: index,
            validity,
            signer: Rc::clone(signer),
            subject: claims.text("sub").map(Into::into),
            client: provider.client(claims).map(Into::into),
            scopes: Words::scopes(&provider.scope_claims, claims),
            groups: Words::groups(&provider.group_claims, claims),
            kept: kept.iter().map(|path| path.find(claims).map(Json::to_value)).collect(),
            headers: provider
                .outputs
                .iter()
                .map(header)
                .collect::<Result<_, _>>()
                .map_err(|_| TokenError::ClaimUnforwardable)?,
            payload: match provider.payload_header {
                Some(_) => Some(std::str::from_utf8(payload).map_err(|_| TokenError::Malformed)?.into()),
                None => None,
            },
        })
    }

    /// Whose token it is.
    pub fn provider(&self) -> ProviderIndex {
        self.provider
    }

    /// When it counts.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// The key that signed it.
    pub fn signer(&self) -> &VerifyingKey {
        &self.signer
    }

    /// `sub`.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// The client that it was issued to.
    pub fn client(&self) -> Option<&str> {
        self.client.as_deref()
    }

    /// Its scopes.
    pub fn scopes(&self) -> &Words {
        &self.scopes
    }

    /// Its groups.
    pub fn groups(&self) -> &Words {
        &self.groups
    }

    /// The claim at this place of the list that `verify` was given; `None` if it is missing or null.
    pub fn claim(&self, place: usize) -> Option<&Value> {
        self.kept.get(place)?.as_ref()
    }

    /// The values of its provider's outputs, in their order.
    pub fn headers(&self) -> impl Iterator<Item = Option<&str>> {
        self.headers.iter().map(Option::as_deref)
    }

    /// Its payload as sent, if its provider forwards it.
    pub fn payload(&self) -> Option<&str> {
        self.payload.as_deref()
    }

    /// About how many bytes it takes.
    pub fn weight(&self) -> usize {
        let text = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
        [
            size_of::<Self>(),
            text(&self.subject),
            text(&self.client),
            text(&self.payload),
            self.scopes.weight(),
            self.groups.weight(),
            self.kept.iter().flatten().map(json_weight).sum(),
            self.headers.iter().map(|value| text(value).saturating_add(size_of::<Box<str>>())).sum(),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }
}

impl fmt::Debug for VerifiedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifiedToken({:?})", self.provider)
    }
}

fn json_weight(value: &Value) -> usize {
    let inner = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(json_weight).fold(0, usize::saturating_add),
        // A BTreeMap node has room for eleven entries, used or not.
        Value::Object(members) => members
            .iter()
            .fold(512_usize, |sum, (name, value)| sum.saturating_add(name.len()).saturating_add(json_weight(value))),
    };
    inner.saturating_add(size_of::<Value>())
}
