//! Decisions about the claims of tokens, by the engine alone and at any time of the clock. Signatures are not checked.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "these are tests")]

use jwt_authorizer::engine::decision::{Decision, Effect};
use jwt_authorizer::request::Headers;
use jwt_authorizer::token::cache::TokenCache;
use jwt_authorizer::token::caller::CacheLookup;
use jwt_authorizer_native::{AcceptAll, NativeGateway};
use jwt_authorizer_test_support::Key;
use jwt_authorizer_test_support::token::compact;
use serde_json::{Value, json};

/// The time of most decisions.
const NOW: i64 = 1_900_000_000;
const ISSUER: &str = "https://issuer.example";

/// An engine with its keys and its cache.
struct Gate {
    native: NativeGateway,
    cache: TokenCache,
}

impl Gate {
    /// A gate whose every route requires a token of this provider.
    fn of(provider: Value) -> Self {
        Self::with(json!({ "providers": { "main": provider }, "default": "authenticated" }))
    }

    fn with(policy: Value) -> Self {
        let native = NativeGateway::from_json(policy.to_string().as_bytes()).unwrap_or_else(|error| panic!("{error}"));
        Self { cache: native.new_cache(), native }
    }

    /// Decides about a request with this token.
    fn decide(&mut self, token: &str, now: i64) -> Decision {
        self.decide_with(&[("authorization", format!("Bearer {token}"))], now)
    }

    /// Decides about a request with these headers.
    fn decide_with(&mut self, sent: &[(&str, String)], now: i64) -> Decision {
        let pseudo = [(":method", "GET"), (":path", "/"), (":authority", "api")];
        let sent = || sent.iter().map(|(name, value)| (*name, &**value));
        // A `:path` among the headers replaces the usual one.
        let is_sent = |(name, _): &(&str, &str)| sent().any(|(other, _)| other == *name);
        let headers: Headers = pseudo.into_iter().filter(|pair| !is_sent(pair)).chain(sent()).collect();
        self.native.decide(&headers, &mut self.cache, &AcceptAll, now).unwrap()
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

const PARTNER: &str = "https://partner.example";

/// A token of exactly this size.
fn token_of_size(issuer: &str, size: usize) -> String {
    let padded = |in_header: usize, in_claims: usize| {
        let header = json!({ "padding": "p".repeat(in_header) });
        let padding = json!({ "iss": issuer, "padding": "p".repeat(in_claims) });
        token(&header, &merged(claims(), padding))
    };
    // Base64url has no text whose length is one more than a multiple of four.
    let near = (0..3).map(|in_header| (in_header, (size - padded(in_header, 0).len()) * 3 / 4));
    let mut tokens = near.flat_map(|(in_header, near)| (near - 2..near + 3).map(move |n| padded(in_header, n)));
    tokens.find(|token| token.len() == size).unwrap()
}

#[test]
fn the_size_of_a_token_is_bounded_by_its_provider() {
    let partner = merged(provider(), json!({ "issuer": PARTNER, "max_token_size": "20KiB" }));
    for (providers, issuer, largest) in [
        (json!({ "main": provider() }), ISSUER, 16 * 1024),
        (json!({ "main": provider(), "partner": partner }), ISSUER, 16 * 1024),
        (json!({ "main": provider(), "partner": partner }), PARTNER, 20 * 1024),
        (json!({ "main": merged(provider(), json!({ "max_token_size": "2KiB" })) }), ISSUER, 2 * 1024),
    ] {
        let mut gate = Gate::with(json!({ "providers": providers, "default": "authenticated" }));
        for (size, expected) in [(largest, "allowed"), (largest, "allowed"), (largest + 1, "token_too_large")] {
            let token = token_of_size(issuer, size);
            assert_eq!(token.len(), size);
            assert_eq!(gate.decide(&token, NOW).reason(), expected, "{issuer} {size}");
        }
    }
    // A list of two may be larger than one token.
    let token = token_of_size(ISSUER, 15 * 1024);
    let twice = [("authorization", format!("Bearer {token},Bearer {token}"))];
    assert_eq!(Gate::of(provider()).decide_with(&twice, NOW).reason(), "allowed");
}

#[test]
fn a_token_is_read_where_its_provider_reads_it() {
    let authorization = "$request.header.Authorization";
    let partner = json!({
        "issuer": PARTNER,
        "identity_sources": [{ "source": authorization, "scheme": "Token" }, "$request.cookie.session"],
    });
    let mut gate = Gate::with(json!({
        "providers": { "main": provider(), "partner": merged(provider(), partner) },
        "default": "authenticated",
    }));
    let main = token(&json!({}), &claims());
    let partner = token(&json!({}), &merged(claims(), json!({ "iss": PARTNER })));
    let with = |headers: &[(&'static str, &str)]| {
        let fill = |value: &str| value.replace("MAIN", &main).replace("PARTNER", &partner);
        headers.iter().map(|(name, value)| (*name, fill(value))).collect::<Vec<_>>()
    };
    let (mismatch, ambiguous, missing) = ("identity_source_mismatch", "credential_ambiguous", "token_missing");
    for (headers, expected) in [
        (&[("authorization", "Bearer MAIN")][..], "allowed"),
        (&[("authorization", "bearer \t MAIN")], "allowed"),
        (&[("authorization", "Token PARTNER")], "allowed"),
        (&[("authorization", "Token MAIN")], mismatch),
        (&[("authorization", "Bearer PARTNER")], mismatch),
        (&[("authorization", "MAIN")], missing),
        (&[("authorization", "Bearer")], missing),
        (&[("cookie", "a=1; session=\"PARTNER\"")], "allowed"),
        (&[("cookie", "session=MAIN")], mismatch),
        (&[("cookie", "session=PARTNER"), ("authorization", "Bearer")], "allowed"),
        (&[("cookie", "session=PARTNER"), ("authorization", "Bearer PARTNER")], "allowed"),
        (&[("cookie", "session=MAIN"), ("authorization", "Bearer MAIN")], "allowed"),
        (&[("cookie", "session=PARTNER"), ("authorization", "Bearer MAIN")], ambiguous),
        (&[("authorization", "Bearer MAIN, bearer MAIN")], "allowed"),
        (&[("authorization", "Bearer MAIN, Token MAIN")], "allowed"),
        (&[("authorization", "Bearer MAIN, Bearer PARTNER")], ambiguous),
        (&[("authorization", "Bearer MAIN,")], ambiguous),
        (&[("authorization", "Bearer a.b, Bearer a.b")], "token_malformed"),
        (&[("authorization", "Bearer,Bearer")], missing),
    ] {
        for _uncached_then_cached in 0..2 {
            assert_eq!(gate.decide_with(&with(headers), NOW).reason(), expected, "{headers:?}");
        }
    }
}

#[test]
fn a_token_is_removed_from_every_place_that_has_it() {
    let sources = ["$request.header.Authorization", "$request.querystring.t", "$request.cookie.session"];
    let mut gate = Gate::of(merged(provider(), json!({ "identity_sources": sources, "forward_token": false })));
    let token = token(&json!({}), &claims());
    let sent = [
        ("authorization", format!("Bearer {token}")),
        (":path", format!("/?a=1&t=Bearer+{token}&b")),
        ("cookie", format!("a=1; session=\"{token}\"")),
    ];
    let Effect::Allow(_, edits) = gate.decide_with(&sent, NOW).effect else { panic!("the token was refused") };
    assert_eq!(edits.remove, ["authorization", "cookie"]);
    assert_eq!(edits.set, [("cookie".to_owned(), b"a=1".to_vec())]);
    assert_eq!(edits.replace, [(":path".to_owned(), b"/?a=1&b".to_vec())]);
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

#[test]
fn a_token_without_iss_belongs_to_the_provider_of_its_subject() {
    let mut keys = Key::set(&[Key::of("ES256")]);
    keys["keys"][0]["use"] = json!("jwt-svid");
    let without_issuer = |subjects: Value| {
        let fields = json!({ "without_issuer": true, "subjects": subjects, "jwks": { "inline": keys } });
        without(merged(provider(), fields), "issuer")
    };
    let mut gate = Gate::with(json!({
        "providers": {
            "main": provider(),
            "workloads": without_issuer(json!(["spiffe://a.example/*", "spiffe://b.example/web"])),
            "others": without_issuer(json!(["spiffe://c.example/*"])),
        },
        "default": "authenticated",
    }));
    let unknown = "issuer_unknown";
    for (changed, expected, provider) in [
        (json!({ "sub": "spiffe://a.example/db" }), "allowed", Some("workloads")),
        (json!({ "sub": "spiffe://b.example/web" }), "allowed", Some("workloads")),
        (json!({ "sub": "spiffe://c.example/x", "iss": null }), "allowed", Some("others")),
        (json!({ "sub": "spiffe://b.example/db" }), unknown, None),
        (json!({ "sub": "spiffe://a.example.evil.example/db" }), unknown, None),
        (json!({ "sub": "alice" }), unknown, None),
        (json!({ "sub": null }), unknown, None),
        (json!({ "sub": ["spiffe://a.example/db"] }), unknown, None),
        (json!({ "sub": "spiffe://a.example/db", "aud": "other" }), "audience_mismatch", Some("workloads")),
        (json!({ "sub": "spiffe://a.example/db", "exp": null }), "expiration_missing", Some("workloads")),
        // A token with `iss` is judged by it alone.
        (json!({ "sub": "spiffe://a.example/db", "iss": ISSUER }), "allowed", Some("main")),
        (json!({ "sub": "spiffe://a.example/db", "iss": "https://other.example" }), unknown, None),
        (json!({ "sub": "spiffe://a.example/db", "iss": "" }), unknown, None),
        (json!({ "sub": "spiffe://a.example/db", "iss": 7 }), unknown, None),
        (json!({ "sub": "spiffe://a.example/db", "iss": [ISSUER] }), unknown, None),
    ] {
        let claims = merged(without(claims(), "iss"), changed);
        let decision = gate.decide(&token(&json!({}), &claims), NOW);
        let named = decision
            .diagnostics
            .caller
            .provider
            .map(|index| &*gate.native.engine().authenticator().providers()[index].name);
        assert_eq!((decision.reason(), named), (expected, provider), "{claims}");
    }
    let two = |ours: &str, theirs: &str| {
        let providers = json!({ "one": without_issuer(json!([ours])), "two": without_issuer(json!([theirs])) });
        NativeGateway::from_json(json!({ "providers": providers }).to_string().as_bytes())
            .err()
            .map(|error| error.to_string())
    };
    assert_eq!(two("a/*", "b/*"), None);
    assert_eq!(
        two("a/*", "a/b").as_deref(),
        Some("providers.two.subjects[0]: overlaps with a subject of `one`; each subject must have one provider")
    );
}

#[test]
fn the_tenant_in_the_issuer_is_bound_to_a_claim() {
    let issuer = "https://{tenantid}.accounts.example/oauth/token";
    let template = merged(provider(), json!({ "issuer": issuer, "tenants": ["one", "two"] }));
    let iss = |tenant: &str| issuer.replace("{tenantid}", tenant);
    for (claim, changed, expected) in [
        (json!("zid"), json!({ "iss": iss("one"), "zid": "one" }), "allowed"),
        (json!("zid"), json!({ "iss": iss("two"), "zid": "two", "tid": "one" }), "allowed"),
        (json!("zid"), json!({ "iss": iss("one"), "zid": "two" }), "tenant_mismatch"),
        (json!("zid"), json!({ "iss": iss("one"), "tid": "one" }), "tenant_mismatch"),
        (json!("zid"), json!({ "iss": iss("one"), "zid": ["one"] }), "tenant_mismatch"),
        (json!("zid"), json!({ "iss": iss("three"), "zid": "three" }), "issuer_unknown"),
        (json!(["ext_attr", "zdn"]), json!({ "iss": iss("one"), "ext_attr": { "zdn": "one" } }), "allowed"),
        (json!(["ext_attr", "zdn"]), json!({ "iss": iss("one"), "ext_attr": { "zdn": "two" } }), "tenant_mismatch"),
        (json!(null), json!({ "iss": iss("one"), "tid": "one" }), "allowed"),
        (json!(null), json!({ "iss": iss("one"), "zid": "one" }), "tenant_mismatch"),
    ] {
        let mut gate = Gate::of(merged(template.clone(), json!({ "tenant_claim": claim })));
        assert_eq!(gate.reason(&merged(claims(), changed.clone())), expected, "{claim}: {changed}");
    }
}
