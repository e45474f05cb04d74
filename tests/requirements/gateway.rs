//! The engine with one policy, as the filter uses it. Every signature is valid.

use jwt_authorizer::engine::decision::Effect;
use jwt_authorizer::policy::requirement::Unmet;
use jwt_authorizer::policy::rule::Unauthorized;
use jwt_authorizer::reason::Refusal;
use jwt_authorizer::request::Headers;
use jwt_authorizer::token::cache::TokenCache;
use jwt_authorizer_native::{AcceptAll, NativeGateway};
use jwt_authorizer_test_support::token::compact;
use serde_json::{Value, json};

pub(crate) struct Gateway {
    native: NativeGateway,
    cache: TokenCache,
}

impl Gateway {
    /// One rule, with these fields beside its route.
    pub(crate) fn new(rule: &Value) -> Self {
        Self::with_provider(&json!({}), rule)
    }

    /// One rule, and a provider with these fields beside those that it needs.
    pub(crate) fn with_provider(fields: &Value, rule: &Value) -> Self {
        let mut rule = rule.clone();
        rule["route"] = json!("GET /p/{v}");
        let key = json!({ "kty": "oct", "alg": "HS256", "k": "A".repeat(43) });
        let mut policy = json!({
            "providers": { "main": {
                "issuer": "i",
                "audiences": ["api"],
                "algorithms": ["HS256"],
                "require_expiration": false,
                "token_use": "any",
                "max_token_size": "60KiB",
                "jwks": { "inline": { "keys": [key] } },
            } },
            "rules": [rule],
        });
        for (name, value) in fields.as_object().unwrap() {
            policy["providers"]["main"][name] = value.clone();
        }
        let native = NativeGateway::from_json(policy.to_string().as_bytes());
        let native = native.unwrap_or_else(|error| panic!("{error}\n{rule}"));
        Self { cache: native.new_cache(), native }
    }

    /// The bearer token with these claims.
    pub(crate) fn token(claims: &Value) -> String {
        let mut claims = claims.clone();
        claims["iss"] = json!("i");
        claims["aud"] = json!("api");
        compact(br#"{"alg":"HS256"}"#, claims.to_string().as_bytes(), |_| vec![0; 32])
    }

    /// What is unmet. `headers` are in addition to those that every request has.
    pub(crate) fn decide(&mut self, path: &str, token: &str, headers: &[(&str, &str)]) -> Result<(), Unmet> {
        let bearer = format!("Bearer {token}");
        let head = [(":method", "GET"), (":path", path), (":authority", "a"), ("authorization", bearer.as_str())];
        let headers: Headers = head.iter().chain(headers).copied().collect();
        match self.native.decide(&headers, &mut self.cache, &AcceptAll, 1_800_000_000).unwrap().effect {
            Effect::Allow(..) => Ok(()),
            Effect::Deny(Refusal::Unauthorized(Unauthorized::Unmet(unmet)), ..) => Err(unmet),
            other => panic!("{other:?}"),
        }
    }
}
