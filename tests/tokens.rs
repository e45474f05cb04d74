//! Decisions about the claims of tokens, by the engine alone and at any time of the clock. Signatures are not checked.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "these are tests")]

use jwt_authorizer::engine::Engine;
use jwt_authorizer::engine::decision::{Decision, Effect};
use jwt_authorizer::keys::algorithm::Algorithm;
use jwt_authorizer::keys::current::CurrentKeys;
use jwt_authorizer::keys::jwk::VerifyingKey;
use jwt_authorizer::keys::remote::KeySource;
use jwt_authorizer::keys::signature::SignatureVerifier;
use jwt_authorizer::request::{Headers, RequestHead};
use jwt_authorizer::time::UnixTime;
use jwt_authorizer::token::authenticator::{AuthContext, CacheLookup};
use jwt_authorizer::token::cache::TokenCache;
use jwt_authorizer::token::provider::ByProvider;
use jwt_authorizer_test_support::Key;
use jwt_authorizer_test_support::token::compact;
use serde_json::{Value, json};

/// The time of most decisions.
const NOW: i64 = 1_900_000_000;
const ISSUER: &str = "https://issuer.example";

/// An engine with its keys and its cache.
struct Gate {
    engine: Engine,
    keys: ByProvider<CurrentKeys>,
    cache: TokenCache,
}

struct AcceptAll;

impl SignatureVerifier for AcceptAll {
    fn verify(&self, _: &VerifyingKey, _: Algorithm, _: &[u8], _: &[u8]) -> bool {
        true
    }
}

impl Gate {
    /// A gate whose every route requires a token of this provider.
    fn of(provider: Value) -> Self {
        Self::with(json!({ "providers": { "main": provider }, "default": "authenticated" }))
    }

    fn with(policy: Value) -> Self {
        let engine = Engine::from_json(policy.to_string().as_bytes()).unwrap_or_else(|error| panic!("{error}"));
        let keys = engine.key_sources().map(|_, source| match source {
            KeySource::Inline(set) => CurrentKeys::inline(set.clone()),
            KeySource::Remote(_) => CurrentKeys::none(),
        });
        Self { cache: engine.new_cache(), keys, engine }
    }

    /// Decides about a request with this token.
    fn decide(&mut self, token: &str, now: i64) -> Decision {
        let authorization = format!("Bearer {token}");
        let sent = [(":method", "GET"), (":path", "/"), (":authority", "api"), ("authorization", &*authorization)];
        let headers: Headers = sent.iter().copied().collect();
        let now = UnixTime::from_secs(now);
        let mut context = AuthContext { keys: &self.keys, cache: &mut self.cache, verifier: &AcceptAll, now };
        self.engine.decide(&RequestHead::new(&headers).unwrap(), &mut context).unwrap()
    }

    /// The reason for the decision about a token with these claims.
    fn reason(&mut self, claims: &Value) -> &'static str {
        self.decide(&token(&json!({}), claims), NOW).reason()
    }
}

fn provider() -> Value {
    json!({ "issuer": ISSUER, "audiences": ["api"], "token_use": "access", "jwks": { "inline": Key::set(&[Key::of("ES256")]) } })
}

fn claims() -> Value {
    json!({ "iss": ISSUER, "aud": "api", "sub": "alice", "iat": NOW, "exp": NOW + 3600 })
}

fn merged(mut base: Value, over: Value) -> Value {
    for (name, value) in over.as_object().unwrap() {
        base[name] = value.clone();
    }
    base
}

fn without(mut object: Value, name: &str) -> Value {
    object.as_object_mut().unwrap().remove(name);
    object
}

fn token(header: &Value, claims: &Value) -> String {
    let header = merged(json!({ "alg": "ES256", "kid": "ES256" }), header.clone());
    compact(header.to_string().as_bytes(), claims.to_string().as_bytes(), |_| vec![7; 64])
}

#[test]
fn the_kind_of_a_token_is_told_before_its_audience_and_client() {
    let fields = json!({ "audiences": ["api"], "clients": ["web"] });
    let (kind, client) = ("token_use_mismatch", "client_mismatch");
    for (profile, token_use, claims_of_token, expected) in [
        ("cognito", "access", json!({ "token_use": "id" }), kind),
        ("cognito", "id", json!({ "aud": null, "client_id": "app", "token_use": "access" }), kind),
        ("rfc9068", "access", json!({}), "token_type_mismatch"),
        ("entra", "access", json!({ "nonce": "n" }), kind),
        ("entra", "id", json!({ "azp": "app" }), kind),
        ("okta", "access", json!({ "amr": ["pwd"] }), kind),
        ("okta", "id", json!({ "cid": "app" }), kind),
        ("auth0", "access", json!({}), kind),
        ("auth0", "id", json!({ "azp": "app" }), kind),
        ("keycloak", "access", json!({ "typ": "ID", "azp": "app" }), kind),
        ("keycloak", "id", json!({ "typ": "Bearer", "azp": "app" }), kind),
        ("generic", "access", json!({ "nonce": "n" }), kind),
        ("generic", "access", json!({ "at_hash": "h", "aud": "api", "client_id": "app" }), kind),
        // Nothing tells these from access tokens.
        ("generic", "access", json!({}), "audience_mismatch"),
        ("generic", "access", json!({ "aud": "api", "azp": "app" }), client),
        ("generic", "any", json!({ "nonce": "n" }), "audience_mismatch"),
    ] {
        let issuer = json!({ "profile": profile, "token_use": token_use });
        let mut gate = Gate::of(merged(merged(provider(), fields.clone()), issuer));
        let claims = merged(merged(claims(), json!({ "aud": "app" })), claims_of_token.clone());
        assert_eq!(gate.reason(&claims), expected, "{profile}, {token_use}: {claims_of_token}");
    }
}

#[test]
fn a_null_claim_is_an_absent_one() {
    let strict = json!({
        "max_token_lifetime": "2h", "clients": ["web"], "claims_to_headers": { "x-sub": "sub" },
    });
    let lax = json!({ "require_expiration": false });
    let full = merged(
        claims(),
        json!({
            "nbf": NOW, "jti": "j", "client_id": "web", "azp": "web", "token_use": "access", "scope": "read",
            "groups": ["admin"], "tid": "t",
        }),
    );
    for fields in [json!({}), strict, lax, json!({ "profile": "cognito" }), json!({ "profile": "rfc9068" })] {
        let mut gate = Gate::of(merged(provider(), fields.clone()));
        let header = json!({ "typ": if fields["profile"] == "rfc9068" { "at+jwt" } else { "JWT" } });
        let mut reason = |claims: &Value| gate.decide(&token(&header, claims), NOW).reason();
        assert_eq!(reason(&merged(full.clone(), json!({ "aud": "api", "cnf": null }))), "allowed", "{fields}");
        for name in [
            "iss",
            "sub",
            "aud",
            "exp",
            "nbf",
            "iat",
            "jti",
            "cnf",
            "client_id",
            "azp",
            "token_use",
            "scope",
            "groups",
            "tid",
            "events",
            "nonce",
            "act",
        ] {
            let null = merged(full.clone(), json!({ name: null }));
            assert_eq!(reason(&null), reason(&without(full.clone(), name)), "{fields}: {name}");
        }
    }
}

#[test]
fn every_number_is_a_date() {
    let (late, early) = (json!(i64::MAX / 1000), json!(-1e300));
    for (changed, expected) in [
        (json!({ "exp": late }), "allowed"),
        (json!({ "exp": i64::MAX }), "allowed"),
        (json!({ "exp": u64::MAX }), "allowed"),
        (json!({ "exp": 1e300 }), "allowed"),
        (json!({ "exp": early }), "token_expired"),
        (json!({ "exp": i64::MIN }), "token_expired"),
        (json!({ "iat": NOW * 1000 }), "issued_in_future"),
        (json!({ "iat": u64::MAX }), "issued_in_future"),
        (json!({ "iat": early }), "allowed"),
        (json!({ "nbf": NOW * 1000 }), "token_not_yet_valid"),
        (json!({ "nbf": early }), "allowed"),
        (json!({ "exp": "never" }), "token_malformed"),
        (json!({ "exp": [1] }), "token_malformed"),
        (json!({ "iat": true }), "token_malformed"),
        (json!({ "nbf": {} }), "token_malformed"),
    ] {
        assert_eq!(Gate::of(provider()).reason(&merged(claims(), changed.clone())), expected, "{changed}");
    }
    let mut short = Gate::of(merged(provider(), json!({ "max_token_lifetime": "1h" })));
    assert_eq!(short.reason(&claims()), "allowed");
    for changed in [json!({ "exp": late }), json!({ "exp": u64::MAX }), json!({ "iat": early }), json!({ "iat": null })]
    {
        assert_eq!(short.reason(&merged(claims(), changed.clone())), "lifetime_too_long", "{changed}");
    }
}

#[test]
fn a_cached_decision_equals_the_uncached_one_at_every_clock() {
    const SKEW: i64 = 60;
    let day = 86_400;
    let policy = || merged(provider(), json!({ "clock_skew": "60s", "cache": { "ttl": "87600h" } }));
    let times = [None, Some(NOW - day), Some(NOW), Some(NOW + SKEW)];
    let clocks =
        [0, -SKEW - 1, -SKEW, -1, SKEW, SKEW + 1, -day - SKEW - 1, -day - SKEW, day, day + SKEW - 1, day + SKEW];
    for iat in times {
        for nbf in times {
            for exp in [NOW + day, NOW + 1] {
                let claims = merged(claims(), json!({ "iat": iat, "nbf": nbf, "exp": exp }));
                let token = token(&json!({}), &claims);
                let mut hits = 0;
                for clock in clocks.map(|offset| NOW + offset) {
                    let mut gate = Gate::of(policy());
                    assert_eq!(gate.decide(&token, NOW).reason(), "allowed");
                    let cached = gate.decide(&token, clock);
                    let uncached = Gate::of(policy()).decide(&token, clock);
                    assert_eq!(cached.reason(), uncached.reason(), "{claims} at {clock}");
                    let is_allowed = matches!(cached.effect, Effect::Allow(..));
                    let is_hit = cached.diagnostics.caller.lookup == Some(CacheLookup::Hit);
                    assert_eq!(is_hit, is_allowed, "{claims} at {clock}");
                    hits += usize::from(is_hit);
                }
                assert!(hits > 0, "{claims}");
            }
        }
    }
}

/// The identity headers that the upstream gets, or the reason for a refusal.
fn headers(outputs: Value, claims_of_token: Value) -> Result<Vec<(String, String)>, &'static str> {
    let mut gate = Gate::of(merged(provider(), json!({ "claims_to_headers": outputs })));
    let decision = gate.decide(&token(&json!({}), &merged(claims(), claims_of_token)), NOW);
    match decision.effect {
        Effect::Allow(_, edits) => {
            Ok(edits.set.into_iter().map(|(name, value)| (name, String::from_utf8(value).unwrap())).collect())
        }
        Effect::Deny(..) | Effect::Report(..) => Err(decision.reason()),
    }
}

#[test]
fn a_claim_that_cannot_be_written_leaves_its_header_out_unless_it_is_required() {
    let x_name = |value: &str| Ok(vec![("x-name".to_owned(), value.to_owned())]);
    let (plain, required) = (json!({ "claim": "name" }), json!({ "claim": "name", "required": true }));
    let encoded = json!({ "claim": "name", "required": true, "encoding": "percent" });
    let base64url = json!({ "claim": "name", "encoding": "base64url" });
    for (output, name, expected) in [
        (&plain, json!("Zofia "), x_name("Zofia")),
        (&plain, json!("two\nlines"), Ok(vec![])),
        (&plain, json!(["Finance, Berlin"]), Ok(vec![])),
        (&plain, json!(null), Ok(vec![])),
        (&required, json!("Zofia "), x_name("Zofia")),
        (&required, json!("two\nlines"), Err("claim_unforwardable")),
        (&required, json!(["Finance, Berlin"]), Err("claim_unforwardable")),
        (&required, json!(null), Err("claim_unforwardable")),
        (&encoded, json!("Zofia "), x_name("Zofia%20")),
        (&encoded, json!("two\nlines"), x_name("two%0Alines")),
        (&encoded, json!(["Finance, Berlin", "IT"]), x_name("Finance%2C%20Berlin,IT")),
        (&base64url, json!("Łucja"), x_name("xYF1Y2ph")),
    ] {
        assert_eq!(headers(json!({ "x-name": output }), json!({ "name": name })), expected, "{output}: {name}");
    }
    let both = json!({ "x-sub": "sub", "x-name": "name" });
    let expected = Ok(vec![("x-sub".to_owned(), "alice".to_owned())]);
    assert_eq!(headers(both, json!({ "name": "two\nlines" })), expected, "the others are set");
}
