//! Invalid configurations that a schema can detect, so that a schema that accepts everything fails. Invalid
//! configurations with their exact messages are in `tests/envoy/configuration.rs`, which checks the schema too.

use serde_json::{Value, json};

use crate::fields::configuration;

/// One field with an invalid value in each.
pub(crate) fn configurations() -> Vec<Value> {
    let rows = [
        ("", "providers", json!({})),
        ("", "providers", json!([])),
        ("", "rule", json!([])),
        ("", "rules", json!(null)),
        ("", "default", json!("authorized")),
        ("", "log_denials", json!("yes")),
        ("Provider", "jwks_uri", json!("https://issuer.example.com/jwks.json")),
        ("Provider", "issuer", json!("")),
        ("Provider", "issuer", json!(["https://issuer.example.com"])),
        ("Provider", "issuer", json!("https://issuer.example.com/{tenantid}")),
        ("Provider", "issuer", json!(null)),
        ("Provider", "without_issuer", json!("yes")),
        ("Provider", "subjects", json!([])),
        ("Provider", "subjects", json!(["*"])),
        ("Provider", "subjects", json!(["a*b"])),
        ("Provider", "tenant_claim", json!([])),
        ("Provider", "audiences", json!("api")),
        ("Provider", "audiences", json!([])),
        ("Provider", "audiences", json!(null)),
        ("Provider", "any_audience", json!(null)),
        ("Provider", "profile", json!("Cognito")),
        ("Provider", "algorithms", json!(["none"])),
        ("Provider", "algorithms", json!(["rs256"])),
        ("Provider", "token_use", json!("refresh")),
        ("Provider", "clock_skew", json!(60)),
        ("Provider", "scope_claims", json!([""])),
        ("Provider", "group_claims", json!([[]])),
        ("Provider", "claims_to_headers", json!({ "x-sub": 7 })),
        ("Provider", "claims_to_headers", json!({ "x-sub": { "claims": "sub" } })),
        ("Provider", "claims_to_filter_state", json!({ "a b": "sub" })),
        ("Provider", "claims_to_filter_state", json!({ "": "sub" })),
        ("Provider", "claims_to_filter_state", json!({ "tenant": [] })),
        ("Provider", "claims_to_filter_state", json!({ "tenant": { "claim": "sub" } })),
        ("Jwks", "cluster", json!(null)),
        ("Jwks", "inline", json!("keys")),
        ("KeySet", "keys", json!([])),
        ("Cache", "max_tokens", json!(-1)),
        ("Cache", "max_tokens", json!(1_000_001)),
        ("Cache", "max_tokens", json!("10000")),
        ("Provider", "identity_sources", json!([{ "scheme": "optional" }])),
        ("Provider", "identity_sources", json!([{ "source": "$request.websocket", "scheme": "Token" }])),
        ("Provider", "identity_sources", json!([{ "source": "$request.cookie.a", "name": "a" }])),
        ("Provider", "max_token_size", json!(16)),
        ("Output", "list", json!("csv")),
        ("Output", "encoding", json!("base64")),
        ("Output", "required", json!("yes")),
        ("Rule", "route", json!(null)),
        ("Rule", "methods", json!(["GET"])),
        ("Rule", "hosts", json!([])),
        ("Rule", "access", json!("private")),
        ("Rule", "scopes", json!({ "any": ["read"] })),
        ("Rule", "scopes", json!({})),
        ("Rule", "scopes", json!("read")),
        ("Rule", "require", json!([])),
        ("Rule", "require", json!({ "scope": "read", "group": "admin" })),
        ("Rule", "require", json!({ "equals": "pro" })),
        ("Rule", "require", json!({ "group": "admin", "equals": "pro" })),
        ("Rule", "require", json!({ "claim": "tier", "equals": "pro", "in": ["pro"] })),
        ("Rule", "require", json!({ "claim": "tier", "equals": ["pro"] })),
        ("Rule", "require", json!({ "claim": "tier", "in": [] })),
        ("Rule", "require", json!({ "any_of": [{ "any_of": [] }] })),
        ("Rule", "require", json!({ "not": { "not": {} } })),
        ("Rule", "name", json!("")),
        ("Responses", "headers", json!({ "500": {} })),
        ("Responses", "headers", json!({ "401": { "x-a": 1 } })),
        ("Responses", "retry_after", json!(5)),
        ("", "name", json!("a b")),
        ("", "name", json!("")),
        ("", "$schema", json!(1)),
    ];
    let public = json!({ "route": "GET /", "access": "public", "require": { "scope": "read" } });
    let mut configurations: Vec<_> =
        rows.iter().map(|(object, field, value)| configuration(object, Some((field, value)))).collect();
    configurations.push(configuration("", Some(("rules", &json!([public])))));
    configurations
}

/// Strings that match each pattern of the schema, and strings that barely do not.
pub(crate) fn strings() -> Vec<(&'static str, &'static str, Value)> {
    let mut strings = Vec::new();
    let mut add = |object, field, values: &[&str], in_list: bool| {
        for value in values {
            strings.push((object, field, if in_list { json!([value]) } else { json!(value) }));
        }
    };
    add(
        "Provider",
        "max_token_lifetime",
        &["1ms", "0s", "00m", "010s", "1d", "1", "s", "-1s", "1.5s", " 1s", "1s "],
        false,
    );
    add("Jwks", "timeout", &["1ms", "0ms", "60s", "5"], false);
    add("Jwks", "refresh_interval", &["999ms", "0999ms", "1000ms", "01000ms", "1s", "0s", "0m", "2m"], false);
    add(
        "Jwks",
        "uri",
        &[
            "https://a",
            "http://a:80/b?c=d",
            "https://a?b",
            "https://",
            "https:///a",
            "ftp://a/",
            "https://u@a/",
            "https://a/b#c",
            "https://a\\b",
            "https://a/b c",
            "https://a/@",
            "https://a/ü",
            "HTTPS://a/",
            "https://[::1]/",
        ],
        false,
    );
    add(
        "Provider",
        "identity_sources",
        &[
            "$request.header.Authorization",
            "$request.header.X-Token",
            "$request.header.",
            "$request.header.a b",
            "$request.header.a.b",
            "$request.querystring.token",
            "$request.query.token",
            "$request.cookie.__Host-s",
            "$request.websocket",
            "$request.websocket.a",
            "request.header.a",
            "$request.body.a",
            "",
        ],
        true,
    );
    add(
        "IdentitySource",
        "scheme",
        &["required", "optional", "Required", "OPTIONAL", "Token", "bearer", "a b", "", "a:", "requiredly"],
        false,
    );
    add(
        "Provider",
        "max_token_size",
        &["1KiB", "16KiB", "60KiB", "016KiB", "0KiB", "61KiB", "64KiB", "100KiB", "16", "16KB", "16kib", "1MiB"],
        false,
    );
    add(
        "Provider",
        "algorithms",
        &[
            "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
            "none", "rs256", "ES256K", "Ed448", "",
        ],
        true,
    );
    add("Provider", "payload_to_header", &HEADERS, false);
    add("Requirement", "equals_header", &HEADERS, false);
    add(
        "Rule",
        "hosts",
        &[
            "a",
            "A.example.com",
            "*.a",
            "*",
            "*.",
            "*a.b",
            "a.*",
            "a:80",
            "[::1]",
            "a b",
            "",
            "a/b",
            "a_b",
            "bücher.example",
        ],
        true,
    );
    add("Rule", "scopes", &["read", "https://api.example.com/read", "a b", "a\"b", "a\\b", "ä", "", "a,b"], true);
    add("Rule", "groups", &["admin", "a b", "", "ä"], true);
    add("Rule", "name", &["a", "a b", "ä", "a\nb", "a\u{7f}", "a\u{85}", ""], false);
    add("Requirement", "scope", &["read", "a b", ""], false);
    add("Requirement", "group", &["a b", ""], false);
    add("Responses", "realm", &["api", "", "a b", "a\"b", "a\\b", "ä", "a\tb"], false);
    add("Output", "separator", &["", ", ", "\n", "ä"], false);
    add(
        "Rule",
        "route",
        &[
            "$default",
            "$Default",
            "GET /",
            "ANY /",
            "get /",
            "GET",
            "GET ",
            "GET a",
            "GET  /",
            "GET /a /b",
            "M-SEARCH /a",
            "G1 /",
            "GET /a/",
            "GET /a//b",
            "GET //",
            "GET /{a}",
            "GET /{a+}",
            "GET /{a}/{b+}/",
            "GET /{a+}/b",
            "GET /{}",
            "GET /{+}",
            "GET /{a b}",
            "GET /{a}b",
            "GET /{a}:b",
            "GET /{a}.js/c",
            "GET /{a}..",
            "GET /{a}%3Ab",
            "GET /{a}%2f",
            "GET /{a}{b}",
            "GET /{a}.{b}",
            "GET /{a}*",
            "GET /{a+}.js",
            "GET /%3f",
            "GET /%3F",
            "GET /%6f",
            "GET /a{b}",
            "GET /*",
            "GET /a?b",
            "GET /a;b",
            "GET /a#b",
            "GET /.",
            "GET /..",
            "GET /...",
            "GET /.a",
            "GET /..a",
            "GET /a.b",
            "GET /a/../b",
            "GET /.well-known/x",
            "GET /%41",
            "GET /%2f",
            "GET /%2F",
            "GET /%5c",
            "GET /%5C",
            "GET /%5d",
            "GET /%00",
            "GET /%1f",
            "GET /%7f",
            "GET /%7e",
            "GET /%25",
            "GET /%",
            "GET /%4",
            "GET /%zz",
            "GET /%C3%A4",
            "GET /ä",
            "GET /a\\b",
            "GET /a\"b",
            "GET /a<b",
            "GET /a^b",
            "GET /a|b",
            "GET /a`b",
            "GET /a~b!c$d&e'(f)g+h,i:j=k@l[m]",
        ],
        false,
    );
    for name in HEADERS {
        strings.push(("Provider", "claims_to_headers", json!({ name: "sub" })));
        strings.push(("Responses", "headers", json!({ "401": { name: "x" } })));
    }
    for value in ["", "a b", "ä", "a\nb", "a\u{7f}"] {
        strings.push(("Responses", "headers", json!({ "401": { "x-a": value } })));
    }
    strings
}

const HEADERS: [&str; 14] = [
    "x-a",
    "X-A",
    "x_a",
    "",
    "a b",
    ":path",
    "Host",
    "hosts",
    "COOKIE",
    "x-envoy-peer",
    "X-Envoy-Peer",
    "x-env",
    "te",
    "ä",
];
