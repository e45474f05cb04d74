//! The whole decision about a request, with real signatures.
//!
//! - Only a token that an issuer signed, and that is valid now, opens a protected route.
//! - A cached decision is the uncached one (`Gateway::decide`).
//! - Headers that nothing reads change nothing.
//! - No identity header of the client reaches the upstream, whatever was decided.
//! - A token that is not to be forwarded is not.

use jwt_authorizer::engine::decision::Effect;
use jwt_authorizer::forward::Edits;
use jwt_authorizer::keys::signature::PureRust;
use jwt_authorizer::reason::Grant;
use jwt_authorizer::request::is_alias_of;

use crate::engine::{Gateway, NOW};
use crate::policies::{self, RESERVED};
use crate::request::Request;
use crate::tokens::Tokens;

thread_local! {
    static GATEWAY: Gateway = Gateway::of(&policies::whole());
    static TOKENS: Tokens = Tokens::new();
}

pub(crate) fn run(data: &[u8]) {
    GATEWAY.with(|gateway| TOKENS.with(|tokens| check(gateway, tokens, data)));
}

fn check(gateway: &Gateway, tokens: &Tokens, data: &[u8]) {
    let request = Request::from_text(&tokens.fill(data)).with_defaults();
    let effect = gateway.decide(&request, &PureRust, NOW);
    let beside_others = gateway.decide(&request.with_unrelated_headers(), &PureRust, NOW);
    assert_eq!(format!("{effect:?}"), format!("{beside_others:?}"), "headers that nothing reads count");
    match effect {
        None | Some(Effect::Deny(..)) => {}
        Some(Effect::Report(_, edits)) => has_no_identity(&request.edited(&edits)),
        Some(Effect::Allow(Grant::Allowed, edits)) => {
            assert!(has_valid_token(&request, tokens), "allowed without a valid token");
            has_verified_identity(&request, &edits);
        }
        Some(Effect::Allow(Grant::Public, edits)) => {
            assert!(decoded(&path(&request)).starts_with(b"/public"), "another path is public");
            has_no_identity(&request.edited(&edits));
        }
        Some(Effect::Allow(Grant::Anonymous, edits)) => {
            assert!(decoded(&path(&request)).starts_with(b"/optional"), "another path is optional");
            has_no_identity(&request.edited(&edits));
        }
        Some(Effect::Allow(_, edits)) => has_no_identity(&request.edited(&edits)),
    }
    // A day later, every token has expired.
    let later = gateway.decide(&request, &PureRust, NOW + 86_400);
    assert!(!matches!(later, Some(Effect::Allow(Grant::Allowed, _))), "an expired token is allowed");
}

fn has_no_identity(request: &Request) {
    for (name, _) in &request.0 {
        assert!(
            !RESERVED.iter().any(|reserved| is_alias_of(reserved.as_bytes(), name)),
            "{:?} is left",
            String::from_utf8_lossy(name)
        );
    }
}

/// Both issuers' tokens are Alice's, and have no `org`.
fn has_verified_identity(request: &Request, edits: &Edits) {
    for (name, value) in request.edited(edits).0 {
        if RESERVED.iter().any(|reserved| is_alias_of(reserved.as_bytes(), &name)) {
            assert!(
                (name == b"x-jwt-sub" && value == b"alice") || name == b"x-jwt-payload",
                "{:?} is not the verified identity",
                String::from_utf8_lossy(&name)
            );
        }
    }
}

fn has_valid_token(request: &Request, tokens: &Tokens) -> bool {
    request.0.iter().map(|(_, value)| decoded(value)).any(|value| {
        tokens.valid.iter().any(|(_, token)| value.windows(token.len()).any(|bytes| bytes == token.as_bytes()))
    })
}

fn path(request: &Request) -> Vec<u8> {
    request.0.iter().find(|(name, _)| name == b":path").map(|(_, path)| path.clone()).unwrap_or_default()
}

/// With percent-encoded bytes decoded, once.
fn decoded(value: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((&first, after)) = rest.split_first() {
        let escape = after
            .get(..2)
            .filter(|_| first == b'%')
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        decoded.push(escape.unwrap_or(first));
        rest = if escape.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    decoded
}
