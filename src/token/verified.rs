//! A verified token, with everything that rules and identity headers need from it.

use std::fmt;
use std::rc::Rc;

use super::claim_values::ClaimValues;
use super::error::TokenError;
use super::kept::Kept;
use super::name_list::NameList;
use super::provider::{CheckedClaims, Provider, ProviderIndex};
use crate::json::Object;
use crate::keys::jwk::VerifyingKey;
use crate::time::Validity;

/// A token whose signature and claims were verified. It keeps only what rules and identity headers use.
pub struct VerifiedToken {
    provider: ProviderIndex,
    checked: CheckedClaims,
    signer: Rc<VerifyingKey>,
    subject: Option<Box<str>>,
    client: Option<Box<str>>,
    scopes: NameList,
    groups: NameList,
    claims: Box<[ClaimValues]>,
    headers: Box<[Option<Box<str>>]>,
    logged_claims: Box<[Option<Box<str>>]>,
    omitted: Box<[usize]>,
    payload: Option<Box<str>>,
}

impl VerifiedToken {
    pub(super) fn new(
        index: ProviderIndex,
        provider: &Provider,
        kept: &Kept,
        checked: CheckedClaims,
        signer: &Rc<VerifyingKey>,
        claims: &Object<'_>,
        payload: &[u8],
    ) -> Result<Self, TokenError> {
        let mut headers = Vec::with_capacity(provider.outputs.len());
        let mut omitted = Vec::new();
        for (index, output) in provider.outputs.iter().enumerate() {
            let value = output.value(claims);
            if output.required && !matches!(value, Ok(Some(_))) {
                return Err(TokenError::ClaimUnforwardable);
            }
            if value.is_err() {
                omitted.push(index);
            }
            headers.push(value.ok().flatten().map(Into::into));
        }
        Ok(Self {
            provider: index,
            checked,
            signer: Rc::clone(signer),
            subject: claims.text("sub").map(Into::into),
            client: provider.client(claims).map(Into::into),
            scopes: NameList::read(&provider.scope_claims, claims, &kept.scopes),
            groups: NameList::read(&provider.group_claims, claims, &kept.groups),
            claims: kept.claims().iter().map(|path| ClaimValues::read(path, claims)).collect(),
            logged_claims: provider.logged_claims.iter().map(|logged| logged.value(claims)).collect(),
            headers: headers.into(),
            omitted: omitted.into(),
            payload: match provider.forwards_payload {
                true => Some(std::str::from_utf8(payload).map_err(|_| TokenError::Malformed)?.into()),
                false => None,
            },
        })
    }

    /// Its provider.
    pub fn provider(&self) -> ProviderIndex {
        self.provider
    }

    /// When it is valid.
    pub fn validity(&self) -> Validity {
        self.checked.validity
    }

    /// Which of its provider's audiences it is for, if there are several. If it is for more than one of them, the first
    /// that is listed.
    pub fn audience(&self) -> Option<usize> {
        self.checked.audience
    }

    /// Which of its provider's clients it was issued to, if several are listed.
    pub fn listed_client(&self) -> Option<usize> {
        self.checked.client
    }

    /// The key that verified it.
    pub fn signer(&self) -> &VerifyingKey {
        &self.signer
    }

    /// `sub`.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// The client that it was issued to, if a claim names one.
    pub fn client(&self) -> Option<&str> {
        self.client.as_deref()
    }

    /// Its scopes, as far as rules ask for them.
    pub fn scopes(&self) -> &NameList {
        &self.scopes
    }

    /// Its groups, as far as rules ask for them.
    pub fn groups(&self) -> &NameList {
        &self.groups
    }

    /// The values of the claim with this index in [`Kept`].
    pub fn claim(&self, index: usize) -> Option<&ClaimValues> {
        self.claims.get(index)
    }

    /// The values of the identity headers, in the order of [`Provider::outputs`].
    pub fn headers(&self) -> impl Iterator<Item = Option<&str>> {
        self.headers.iter().map(Option::as_deref)
    }

    /// The values of the claims for access logs, in the order of [`Provider::logged_claims`].
    pub fn logged_claims(&self) -> impl Iterator<Item = Option<&str>> {
        self.logged_claims.iter().map(Option::as_deref)
    }

    /// Which of the identity headers have no value because their claim cannot be written.
    pub fn omitted_headers(&self) -> &[usize] {
        &self.omitted
    }

    /// Its payload in base64url, if its provider forwards it.
    pub fn payload(&self) -> Option<&str> {
        self.payload.as_deref()
    }

    /// Its approximate size in bytes.
    pub fn weight(&self) -> usize {
        let text = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
        let texts = |texts: &[Option<Box<str>>]| {
            texts.iter().map(|value| text(value).saturating_add(size_of::<Box<str>>())).sum()
        };
        [
            size_of::<Self>(),
            text(&self.subject),
            text(&self.client),
            text(&self.payload),
            size_of_val(&*self.omitted),
            self.scopes.heap_bytes(),
            self.groups.heap_bytes(),
            self.claims.iter().map(|claim| claim.heap_bytes().saturating_add(size_of::<ClaimValues>())).sum(),
            texts(&self.headers),
            texts(&self.logged_claims),
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
