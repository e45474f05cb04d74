//! A token whose signature is taken as valid. An input is the header's JSON and the claims' JSON, in two lines; the same
//! bytes are also read as a token that is encoded already.

use jwt_authorizer::engine::decision::Effect;
use jwt_authorizer::reason::Grant;
use jwt_authorizer::token::jws::CompactJws;
use jwt_authorizer::token::unverified::UnverifiedToken;
use jwt_authorizer_native::AcceptAll;

use crate::engine::{Gateway, NOW};
use crate::policies;
use crate::request::Request;
use crate::tokens::compact;

thread_local! {
    static GATEWAY: Gateway = Gateway::of(&policies::claims());
}

const PATHS: [&str; 4] = ["/scopes", "/groups", "/claims/alice", "/other"];
const CLOCKS: [i64; 4] = [NOW, 0, NOW + 86_400, i64::MAX];

pub(crate) fn run(data: &[u8]) {
    if let Ok(jws) = CompactJws::decode(data) {
        let _ = UnverifiedToken::read(&jws);
    }
    let end = data.iter().position(|&byte| byte == b'\n').unwrap_or(data.len());
    let (header, claims) = data.split_at(end);
    let token = format!("{}.c2lnbmF0dXJl", compact(header, claims.get(1..).unwrap_or_default()));
    // One path for each input, so that more inputs are tried.
    let path = PATHS.get(data.len() % PATHS.len()).unwrap_or(&"/");
    let text = format!(":path: {path}\nauthorization: Bearer {token}");
    let request = Request::from_text(text.as_bytes()).with_defaults();
    GATEWAY.with(|gateway| check(gateway, &request));
}

fn check(gateway: &Gateway, request: &Request) {
    let mut cache = gateway.0.new_cache();
    for now in CLOCKS {
        let kept = gateway.decide_once(request, &AcceptAll, now, &mut cache);
        let fresh = gateway.decide(request, &AcceptAll, now);
        assert_eq!(format!("{kept:?}"), format!("{fresh:?}"), "the cache decides otherwise at {now}");
        if let Some(Effect::Allow(Grant::Allowed, edits)) = fresh {
            assert!(now != i64::MAX, "a token is valid for ever");
            let mut bytes = edits.set.iter().flat_map(|(_, value)| value.iter().copied());
            assert!(bytes.all(|byte| byte >= b' ' && byte != 0x7f), "a control character in an identity header");
        }
    }
}
