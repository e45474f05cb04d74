//! Removing the token from header, query and cookie, wherever it stands and whatever stands around it.

use jwt_authorizer::engine::decision::Effect;
use jwt_authorizer::keys::signature::PureRust;
use jwt_authorizer::reason::{Grant, Refusal};
use jwt_authorizer::request::is_alias_of;

use crate::engine::{Gateway, NOW};
use crate::policies;
use crate::request::Request;
use crate::tokens::Tokens;

thread_local! {
    static GATEWAY: Gateway = Gateway::of(&policies::many_sources());
    static TOKENS: Tokens = Tokens::new();
}

/// Where identity sources are; no other header may change.
const SOURCES: [&[u8]; 4] = [b":path", b"authorization", b"cookie", b"x-token"];

pub(crate) fn run(data: &[u8]) {
    GATEWAY.with(|gateway| TOKENS.with(|tokens| check(gateway, tokens, data)));
}

fn check(gateway: &Gateway, tokens: &Tokens, data: &[u8]) {
    let request = Request::from_text(&tokens.fill(data)).with_defaults();
    let Some(Effect::Allow(Grant::Allowed, edits)) = gateway.decide(&request, &PureRust, NOW) else { return };
    let edited = request.edited(&edits);
    let left = gateway.decide(&edited, &PureRust, NOW);
    assert!(matches!(left, Some(Effect::Deny(Refusal::TokenMissing, ..))), "a credential is left: {left:?}");
    for (name, value) in &request.0 {
        let is_identity = policies::RESERVED.iter().any(|reserved| is_alias_of(reserved.as_bytes(), name));
        if SOURCES.iter().any(|source| is_alias_of(source, name)) {
            let kept = edited
                .0
                .iter()
                .filter(|(known, _)| known == name)
                .all(|(_, edited)| is_subsequence(edited, &joined(&request, name)));
            assert!(kept, "bytes were added to {:?}", String::from_utf8_lossy(name));
        } else if !is_identity {
            assert!(edited.0.contains(&(name.clone(), value.clone())), "{:?} changed", String::from_utf8_lossy(name));
        }
    }
}

/// All values of a header, with every separator that joins them.
fn joined(request: &Request, name: &[u8]) -> Vec<u8> {
    let values: Vec<_> =
        request.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_slice()).collect();
    values.join(&b"; , "[..])
}

fn is_subsequence(part: &[u8], whole: &[u8]) -> bool {
    let mut whole = whole.iter();
    part.iter().all(|byte| whole.any(|other| other == byte))
}
