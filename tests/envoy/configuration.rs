//! Invalid configurations. Each is rejected as a whole, with one log line that has the path of the field and what to
//! do, and the previous configuration stays in force. The JSON Schema rejects what a schema can express.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jwt_authorizer_test_support::schema::schema_errors;
use serde_json::{Value, json};

use crate::harness::bootstrap::string_value;
use crate::harness::gateway::validate;
use crate::harness::policy::merged;
use crate::harness::{ALLOWED, Gateway, Key, PUBLIC, Request, Token, provider, with_rules};

/// A valid configuration with these members changed.
fn changed(over: Value) -> Value {
    merged(with_rules(json!([])), over)
}

/// A valid configuration with these members of the provider changed.
fn with(over: Value) -> Value {
    changed(json!({ "providers": { "main": over } }))
}

/// A valid configuration with this rule.
fn rule(rule: Value) -> Value {
    with_rules(json!([rule]))
}

/// A configuration without this member of the provider.
fn without(name: &str) -> Value {
    let mut policy = changed(json!({}));
    policy["providers"]["main"].as_object_mut().unwrap().remove(name);
    policy
}

/// A configuration with this key set inline.
fn inline(set: Value) -> Value {
    let mut policy = changed(json!({}));
    policy["providers"]["main"]["jwks"] = json!({ "inline": set });
    policy
}

/// Checks that the filter rejects each configuration with the message, and that the JSON Schema rejects it if it can.
#[track_caller]
fn check_rejected<const N: usize>(table: [(Value, &str); N]) {
    let texts = table.each_ref().map(|(policy, _)| policy.to_string());
    let rows: Vec<_> = texts.iter().zip(&table).map(|(text, (_, expected))| (text.as_str(), *expected)).collect();
    check_rejected_texts(&rows);
    let policies: Vec<_> = table.into_iter().map(|(policy, _)| policy).collect();
    let failures: Vec<_> = schema_errors(&policies)
        .into_iter()
        .zip(&rows)
        .filter(|(error, (_, line))| error.is_none() != BEYOND_A_SCHEMA.iter().any(|beyond| line.contains(beyond)))
        .map(|(error, (_, line))| format!("{line}\n  the schema: {error:?}"))
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Errors that a schema cannot express: references between fields, limits of durations, duplicates, and whether a key can be used.
const BEYOND_A_SCHEMA: [&str; 10] = [
    "is also the issuer of `one`",
    "must be at most 300s",
    "is set twice",
    "must be at least `refresh_interval`",
    "has the variable `a` twice",
    "matches the same requests",
    "is not one of the `providers`",
    "is not a variable of the rule's route",
    "has 63 bytes, but HS512",
    "(n is not base64url)",
];

/// Replaces the configuration of a running Envoy with each of these, and compares the log line with the expected one.
#[track_caller]
fn check_rejected_texts(table: &[(&str, &str)]) {
    let mut gateway = Gateway::start(&with_rules(json!([{ "route": "GET /", "access": "public" }])));
    let mut failures = Vec::new();
    for (configuration, expected) in table {
        let before = gateway.filter_log().len();
        let accepted = gateway.replace(string_value(configuration));
        let log = gateway.filter_log().split_off(before);
        let errors = errors(&log);
        if accepted || errors != [*expected] {
            failures.push(format!("expected {expected}\n  got {errors:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(gateway.send(&Request::get("/")).status, 200, "the valid configuration is still in force");
}

fn errors(log: &[String]) -> Vec<&str> {
    log.iter().filter_map(|line| line.strip_prefix("jwt_authorizer: configuration refused: ")).collect()
}

#[test]
fn an_error_names_the_path_of_the_field() {
    check_rejected([
        (json!({}), "providers: is required"),
        (
            changed(json!({ "defualt": "deny" })),
            "defualt: unknown field; did you mean `default`? Expected one of `$schema`, `name`, `mode`, `providers`, `rules`, `default`, `cors_preflight`, `responses`, `clear_route_cache`, `log_denials`, `filter_state`",
        ),
        (
            changed(json!({ "default": "allow" })),
            "default: unknown value `allow`, expected one of `deny`, `authenticated`, `public`",
        ),
        (
            changed(json!({ "default": true })),
            "default: invalid type: boolean `true`, expected one of \"deny\", \"authenticated\", \"public\"",
        ),
        (changed(json!({ "rules": {} })), "rules: invalid type: object, expected a list"),
        (json!({ "providers": {} }), "providers: is empty; name at least one provider"),
        (
            json!({ "providers": { "a b": provider() } }),
            "providers.a b: is not a valid name; use only letters, digits, `_` and `-`: it becomes part of the names of metrics",
        ),
    ]);
}

#[test]
fn an_invalid_provider_is_rejected() {
    check_rejected([
        (without("issuer"), "providers.main.issuer: is required"),
        (
            with(json!({ "without_issuer": true, "subjects": ["a"] })),
            "providers.main.without_issuer: contradicts `issuer`; keep one of the two",
        ),
        (
            with(json!({ "issuer": null, "without_issuer": true })),
            "providers.main.subjects: is required because of `without_issuer`; list the accepted subjects, such as `spiffe://example.org/*`",
        ),
        (
            with(json!({ "subjects": ["a"] })),
            "providers.main.subjects: needs `without_issuer`; with an `issuer`, compare `sub` in a rule's `require`",
        ),
        (
            with(json!({ "issuer": null, "without_issuer": true, "subjects": ["a", "*"] })),
            "providers.main.subjects[1]: is not a valid subject; write it in full, or its beginning with `*` behind it",
        ),
        (
            with(json!({ "tenant_claim": "zid" })),
            "providers.main.tenant_claim: needs `{tenantid}` in the issuer; write it there, or remove `tenant_claim`",
        ),
        (
            with(json!({ "issuer": "" })),
            "providers.main.issuer: is empty; write the `iss` of the tokens, byte for byte",
        ),
        (with(json!({ "issuer": 7 })), "providers.main.issuer: invalid type: integer `7`, expected a string"),
        (
            json!({ "providers": { "one": provider(), "two": provider() } }),
            "providers.two.issuer: is also the issuer of `one`; each issuer must have one provider",
        ),
        (
            without("audiences"),
            "providers.main.audiences: is required; list the audiences (for Cognito access tokens: the client ids), or write `\"any_audience\": true`",
        ),
        (with(json!({ "audiences": [] })), "providers.main.audiences: is empty; list at least one, or leave it out"),
        (with(json!({ "audiences": ["api", ""] })), "providers.main.audiences[1]: is empty"),
        (
            with(json!({ "any_audience": true })),
            "providers.main.any_audience: contradicts `audiences`; keep one of the two",
        ),
        (with(json!({ "clients": [] })), "providers.main.clients: is empty; list at least one, or leave it out"),
        (
            with(json!({ "profile": "cognitto" })),
            "providers.main.profile: unknown value `cognitto`; did you mean `cognito`? Expected one of `generic`, `cognito`, `rfc9068`, `entra`, `okta`, `auth0`, `keycloak`, `google`",
        ),
        (
            with(json!({ "algorithms": ["none"] })),
            "providers.main.algorithms[0]: `none` is not supported; use RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA or Ed25519, or with a secret HS256, HS384 or HS512",
        ),
        (with(json!({ "algorithms": [] })), "providers.main.algorithms: is empty; list at least one, or leave it out"),
        (
            with(json!({ "clock_skew": "60" })),
            "providers.main.clock_skew: invalid value: string \"60\", expected a duration with its unit, like \"500ms\", \"60s\", \"10m\" or \"24h\"",
        ),
        (
            with(json!({ "clock_skew": 60 })),
            "providers.main.clock_skew: invalid type: integer `60`, expected a duration with its unit, like \"500ms\", \"60s\", \"10m\" or \"24h\"",
        ),
        (
            with(json!({ "clock_skew": "6m" })),
            "providers.main.clock_skew: must be at most 300s: expired tokens would be accepted for too long (RFC 7519 §4.1.4)",
        ),
        (
            with(json!({ "max_token_lifetime": "0s" })),
            "providers.main.max_token_lifetime: must be more than 0s, or every token would be refused",
        ),
        (
            with(json!({ "identity_sources": ["Authorization"] })),
            "providers.main.identity_sources[0]: `Authorization` is not a valid identity source; write `$request.header.NAME`, `$request.querystring.NAME`, `$request.cookie.NAME` or `$request.websocket`",
        ),
        (
            with(json!({ "identity_sources": [{ "source": "$request.header.Authorization", "scheme": "Optional" }] })),
            "providers.main.identity_sources[0].scheme: `Optional` is not a valid scheme; write `required` or `optional` for `Bearer`, or the name of another scheme (RFC 9110 §11.1)",
        ),
        (
            with(json!({ "identity_sources": [{ "source": "$request.cookie.a", "scheme": "a b" }] })),
            "providers.main.identity_sources[0].scheme: `a b` is not a valid scheme; write `required` or `optional` for `Bearer`, or the name of another scheme (RFC 9110 §11.1)",
        ),
        (
            with(json!({ "identity_sources": [{ "source": "$request.websocket", "scheme": "Token" }] })),
            "providers.main.identity_sources[0].scheme: is not for `$request.websocket`: the subprotocol before the token is always `bearer`; leave it out",
        ),
        (
            with(json!({ "identity_sources": [{ "scheme": "optional" }] })),
            "providers.main.identity_sources[0].source: is required",
        ),
        (
            with(json!({ "identity_sources": [7] })),
            "providers.main.identity_sources[0]: invalid type: integer `7`, expected an identity source like \"$request.header.Authorization\", or an object with `source`",
        ),
        (
            with(json!({ "max_token_size": "64KiB" })),
            "providers.main.max_token_size: must be at least 1KiB and at most 60KiB, Envoy's own limit for all headers of a request",
        ),
        (
            with(json!({ "max_token_size": "0KiB" })),
            "providers.main.max_token_size: must be at least 1KiB and at most 60KiB, Envoy's own limit for all headers of a request",
        ),
        (
            with(json!({ "max_token_size": "16KB" })),
            "providers.main.max_token_size: invalid value: string \"16KB\", expected a size in KiB, like \"16KiB\"",
        ),
        (
            with(json!({ "scope_claims": [] })),
            "providers.main.scope_claims: is empty; list at least one, or leave it out",
        ),
        (
            with(json!({ "scope_claims": ["*"] })),
            "providers.main.scope_claims[0]: is not a valid claim; write its name, or a list of names for a nested claim, of which only the first must not be `*`",
        ),
        (
            with(json!({ "group_claims": ["groups", { "claim": "roles", "separator": "" }] })),
            "providers.main.group_claims[1].separator: is empty; write what is between two names, such as `,`",
        ),
        (with(json!({ "group_claims": [{ "separator": "," }] })), "providers.main.group_claims[0].claim: is required"),
        (
            with(json!({ "group_claims": [{ "claim": "roles", "list": "json" }] })),
            "providers.main.group_claims[0].list: unknown field, expected one of `claim`, `separator`",
        ),
        (
            with(json!({ "group_claims": [7] })),
            "providers.main.group_claims[0]: invalid type: integer `7`, expected a claim's name, a list of names, or an object with `claim`",
        ),
        (
            with(json!({ "forward_token": "no" })),
            "providers.main.forward_token: invalid type: string \"no\", expected a boolean",
        ),
    ]);
}

#[test]
fn reserved_headers_are_rejected_for_claims() {
    let reserved = "must not be set; use a valid header name (RFC 9110 §5.1) that does not belong to the connection, the credential or Envoy";
    let row = |name: &str| {
        (
            with(json!({ "claims_to_headers": { name: "sub" } })),
            format!("providers.main.claims_to_headers.{name}: {reserved}"),
        )
    };
    let rows = ["Authorization", "host", ":path", "x-envoy-peer", "a b", ""].map(row);
    check_rejected(rows.each_ref().map(|(policy, line)| (policy.clone(), line.as_str())));
    check_rejected([
        (
            with(json!({ "claims_to_headers": { "x-sub": [] } })),
            "providers.main.claims_to_headers.x-sub: is not a valid claim; write its name, or a list of names for a nested claim, of which only the first must not be `*`",
        ),
        (
            with(json!({ "claims_to_headers": { "x-sub": ["*", "sub"] } })),
            "providers.main.claims_to_headers.x-sub: is not a valid claim; write its name, or a list of names for a nested claim, of which only the first must not be `*`",
        ),
        (
            with(json!({ "claims_to_filter_state": { "a b": "sub" } })),
            "providers.main.claims_to_filter_state.a b: is not a valid name; use only letters, digits, `_` and `-`: it becomes part of the name of a filter state",
        ),
        (
            with(json!({ "claims_to_headers": { "x-sub": "sub", "x_sub": "sub" } })),
            "providers.main.claims_to_headers.x_sub: is set twice: many servers treat `-`, `_` and `.` in header names as the same character; use another name",
        ),
    ]);
}

#[test]
fn an_invalid_key_source_is_rejected() {
    let jwks = |over: Value| with(json!({ "jwks": over }));
    check_rejected([
        (without("jwks"), "providers.main.jwks: is required"),
        (
            jwks(json!({ "urri": "x" })),
            "providers.main.jwks.urri: unknown field; did you mean `uri`? Expected one of `uri`, `cluster`, `timeout`, `refresh_interval`, `max_stale`, `respect_cache_control`, `inline`, `discovery`, `jwks_uri_cluster`",
        ),
        (
            jwks(json!({ "cluster": null })),
            "providers.main.jwks.cluster: is required; name the Envoy cluster that reaches the issuer",
        ),
        (
            jwks(json!({ "uri": null })),
            "providers.main.jwks: needs one of `uri` (with `cluster`), `discovery` (with `cluster`) and `inline`",
        ),
        (
            jwks(json!({ "uri": "/jwks.json" })),
            "providers.main.jwks.uri: `/jwks.json` is not a valid URL; write `https://HOST/PATH`, without user information, fragment and spaces",
        ),
        (
            jwks(json!({ "uri": "file:///etc/keys" })),
            "providers.main.jwks.uri: `file:///etc/keys` is not a valid URL; write `https://HOST/PATH`, without user information, fragment and spaces",
        ),
        (jwks(json!({ "discovery": true })), "providers.main.jwks.discovery: contradicts `uri`; keep one of the two"),
        (
            jwks(json!({ "inline": { "keys": [] } })),
            "providers.main.jwks.inline: contradicts a key set that is fetched; keep one of the two",
        ),
        (
            jwks(json!({ "timeout": "0s" })),
            "providers.main.jwks.timeout: must be more than 0s and at most 60s: requests wait that long for keys",
        ),
        (
            jwks(json!({ "jwks_uri_cluster": "other" })),
            "providers.main.jwks.jwks_uri_cluster: has no effect without `discovery`; remove it",
        ),
        (
            jwks(json!({ "uri": null, "discovery": true, "jwks_uri_cluster": "" })),
            "providers.main.jwks.jwks_uri_cluster: is empty; name an Envoy cluster",
        ),
        (jwks(json!({ "refresh_interval": "999ms" })), "providers.main.jwks.refresh_interval: must be at least 1s"),
        (
            jwks(json!({ "max_stale": "5m" })),
            "providers.main.jwks.max_stale: must be at least `refresh_interval`, or keys would expire before they are refreshed",
        ),
        (inline(json!({})), "providers.main.jwks.inline: is not a key set (RFC 7517 §5); write `{\"keys\": [...]}`"),
        (
            inline(json!({ "keys": [] })),
            "providers.main.jwks.inline: has no key that can verify a signature; add a public RSA key (2048 to 4096 bits, exponent 65537), an EC key on P-256, P-384 or P-521, or an Ed25519 key",
        ),
        (
            inline(json!({ "keys": [{ "kty": "RSA", "kid": "k1", "n": "a b", "e": "AQAB" }] })),
            "providers.main.jwks.inline: has no key that can verify a signature (0 of 1 keys; left out: `k1` (n is not base64url)); add a public RSA key (2048 to 4096 bits, exponent 65537), an EC key on P-256, P-384 or P-521, or an Ed25519 key",
        ),
        (
            inline(json!({ "keys": vec![Key::of("ES256").jwk(); 201] })),
            "providers.main.jwks.inline: has more than 200 keys; remove those that are not in use",
        ),
    ]);
}

#[test]
fn a_weak_or_unused_secret_is_rejected() {
    let secrets = |algorithms: Value, keys: Vec<Value>| {
        let mut policy = inline(json!({ "keys": keys }));
        policy["providers"]["main"]["algorithms"] = algorithms;
        policy
    };
    let secret = |algorithm: &'static str, bytes: usize| Key::secret(algorithm, &vec![7; bytes]).jwk();
    let without_alg = |bytes: usize| {
        let mut jwk = secret("HS256", bytes);
        jwk.as_object_mut().unwrap().remove("alg");
        jwk
    };
    check_rejected([
        (
            with(json!({ "algorithms": ["RS256", "HS256"] })),
            "providers.main.algorithms: lists `HS256`, which needs a secret; add an `oct` key for it to `jwks.inline`",
        ),
        (
            secrets(json!(["HS256", "HS512"]), vec![secret("HS256", 32)]),
            "providers.main.algorithms: lists `HS512`, which needs a secret; add an `oct` key for it to `jwks.inline`",
        ),
        (
            secrets(json!(null), vec![Key::of("ES256").jwk(), secret("HS256", 32)]),
            "providers.main.jwks.inline.keys[1]: is a secret whose algorithm is not listed; add HS256, HS384 or HS512 to `algorithms`",
        ),
        (
            secrets(json!(["HS256"]), vec![secret("HS256", 31)]),
            "providers.main.jwks.inline.keys[0]: has 31 bytes, but HS256 needs at least 32 (RFC 7518 §3.2); generate a longer random secret",
        ),
        (
            secrets(json!(["HS384"]), vec![secret("HS384", 47)]),
            "providers.main.jwks.inline.keys[0]: has 47 bytes, but HS384 needs at least 48 (RFC 7518 §3.2); generate a longer random secret",
        ),
        (
            secrets(json!(["HS256", "HS512"]), vec![without_alg(63)]),
            "providers.main.jwks.inline.keys[0]: has 63 bytes, but HS512 needs at least 64 (RFC 7518 §3.2); generate a longer random secret",
        ),
        (
            secrets(json!(["HS256"]), vec![merged(secret("HS256", 32), json!({ "k": "c2VjcmV0=" }))]),
            "providers.main.jwks.inline.keys[0]: is not a valid secret: `k` must be base64url without padding, `alg` must be HS256, HS384 or HS512, and `use` must be `sig`",
        ),
        (
            secrets(json!(["HS256"]), vec![merged(secret("HS256", 32), json!({ "use": "enc" }))]),
            "providers.main.jwks.inline.keys[0]: is not a valid secret: `k` must be base64url without padding, `alg` must be HS256, HS384 or HS512, and `use` must be `sig`",
        ),
    ]);
}

#[test]
fn an_invalid_rule_is_rejected() {
    check_rejected([
        (rule(json!({})), "rules[0].route: is required"),
        (
            rule(json!({ "route": "/items" })),
            "rules[0].route: is not a valid route key; write `METHOD /path`, `ANY /path` or `$default`",
        ),
        (
            rule(json!({ "route": "get /items" })),
            "rules[0].route: `get` is not a valid method; write it in capitals, or `ANY`",
        ),
        (rule(json!({ "route": "GET items" })), "rules[0].route: `items` is not a valid path; it must begin with `/`"),
        (
            rule(json!({ "route": "GET /a/../b" })),
            "rules[0].route: `..` is ambiguous; use no `.` or `..` segment, no escape of `/`, `\\`, `;` or `?`, and no character that is encoded twice, and percent-encode what is not ASCII as UTF-8",
        ),
        (
            rule(json!({ "route": "GET /items/*" })),
            "rules[0].route: `*` is not a valid segment; write a literal, `{name}`, `{name}` with a literal behind it, or `{name+}`",
        ),
        (
            rule(json!({ "route": "GET /{all+}/x" })),
            "rules[0].route: has segments after `{name+}`, which must be the last one",
        ),
        (rule(json!({ "route": "GET /{a}/{a}" })), "rules[0].route: has the variable `a` twice"),
        (
            rule(json!({ "route": "GET /{}" })),
            "rules[0].route: `{}` is not a valid variable; write `{name}` or `{name+}`",
        ),
        (
            with_rules(json!([{ "route": "GET /{a}" }, { "route": "GET /{b}" }])),
            "rules[1].route: `GET /{b}` matches the same requests as rules[0]; keep one of the two",
        ),
        (
            rule(json!({ "route": "GET /", "acces": "public" })),
            "rules[0].acces: unknown field; did you mean `access`? Expected one of `route`, `hosts`, `access`, `providers`, `scopes`, `groups`, `require`, `name`, `mode`",
        ),
        (
            rule(json!({ "route": "GET /", "access": "open" })),
            "rules[0].access: unknown value `open`, expected one of `public`, `optional`, `authenticated`, `deny`",
        ),
        (
            rule(json!({ "route": "GET /", "access": "public", "scopes": ["read"] })),
            "rules[0].scopes: has no effect on a rule that does not check tokens; remove it, or change `access` to `authenticated` or `optional`",
        ),
        (
            rule(json!({ "route": "GET /", "scopes": [] })),
            "rules[0].scopes: is empty; list at least one, or leave it out",
        ),
        (
            rule(json!({ "route": "GET /", "scopes": ["read write"] })),
            "rules[0].scopes[0]: `read write` is not a valid scope (RFC 6749 §3.3); use printable ASCII without spaces, quotes and backslashes",
        ),
        (rule(json!({ "route": "GET /", "groups": [""] })), "rules[0].groups[0]: is empty"),
        (
            rule(json!({ "route": "GET /", "groups": "admin" })),
            "rules[0].groups: invalid type: string \"admin\", expected a list of names, or {\"all\": [names]}",
        ),
        (
            rule(json!({ "route": "GET /", "providers": ["other"] })),
            "rules[0].providers[0]: `other` is not one of the `providers`",
        ),
        (
            rule(json!({ "route": "GET /", "hosts": ["*"] })),
            "rules[0].hosts[0]: `*` is not a valid host name; write it like `api.example.com` or `*.example.com`",
        ),
        (
            rule(json!({ "route": "GET /", "require": {} })),
            "rules[0].require: must have exactly one of `scope`, `group`, `claim`, `all_of`, `any_of` and `not`",
        ),
        (
            rule(json!({ "route": "GET /", "require": { "claim": "sub" } })),
            "rules[0].require: a `claim` needs exactly one of `equals`, `in`, `contains`, `exists`, `equals_path`, `equals_header` and `matches`",
        ),
        (
            rule(json!({ "route": "GET /", "require": { "claim": ["*", "id"], "equals": 1 } })),
            "rules[0].require.claim: is not a valid claim; write its name, or a list of names for a nested claim, of which only the first must not be `*`",
        ),
        (
            rule(json!({ "route": "GET /", "require": { "all_of": [] } })),
            "rules[0].require.all_of: is empty; list at least one, or leave it out",
        ),
        (
            rule(json!({ "route": "GET /{id}", "require": { "claim": "sub", "equals_path": "user" } })),
            "rules[0].require.equals_path: `user` is not a variable of the rule's route",
        ),
    ]);
}

#[test]
fn invalid_responses_are_rejected() {
    let responses = |over: Value| changed(json!({ "responses": over }));
    check_rejected([
        (responses(json!({ "realm": "a\"b" })), "responses.realm: must be ASCII without quotes and backslashes"),
        (
            responses(json!({ "format": "html" })),
            "responses.format: unknown value `html`, expected one of `aws`, `problem`, `envoy`",
        ),
        (
            responses(json!({ "headers": { "404": {} } })),
            "responses.headers.404: is not a status that the filter replies with; write 400, 401, 403 or 503",
        ),
        (
            responses(json!({ "headers": { "401": { "host": "x" } } })),
            "responses.headers.401.host: must not be set; use a valid header name (RFC 9110 §5.1) that does not belong to the connection, the credential or Envoy",
        ),
        (
            responses(json!({ "headers": { "401": { "WWW-Authenticate": "Basic" } } })),
            "responses.headers.401.WWW-Authenticate: is set by the filter itself; remove it",
        ),
        (
            responses(json!({ "headers": { "401": { "x-a": "a\nb" } } })),
            "responses.headers.401.x-a: has control characters, which a header value must not have",
        ),
    ]);
}

#[test]
fn invalid_json_is_rejected_with_its_position() {
    let valid = with_rules(json!([])).to_string();
    let duplicate = |member: &str| valid.replacen('{', &format!("{{{member}{member}"), 1);
    check_rejected_texts(&[
        ("", "configuration: is not JSON: EOF while parsing a value at line 1 column 0"),
        ("{", "configuration: is not JSON: EOF while parsing an object at line 1 column 1"),
        ("providers: {}", "configuration: is not JSON: expected value at line 1 column 1"),
        ("[]", "configuration: invalid type: list, expected an object"),
        (
            &format!("{valid}{{}}"),
            &format!("configuration: is not JSON: trailing characters at line 1 column {}", valid.len() + 1),
        ),
        (&duplicate(r#""default":"deny","#), "default: duplicate field"),
        (&duplicate(r#""rules":[],"#), "rules: duplicate field"),
        (
            &inline(json!({ "keys": [Key::of("ES256").jwk()] }))
                .to_string()
                .replace(r#""alg":"#, r#""alg":"RS256","alg":"#),
            "providers.main.jwks.inline.keys[0].alg: duplicate field",
        ),
    ]);
}

/// A configuration as `google.protobuf.Struct`, which Envoy passes to the filter as serialized protobuf.
fn structure(policy: &Value) -> Value {
    json!({ "@type": "type.googleapis.com/google.protobuf.Struct", "value": policy })
}

/// A configuration of these bytes, which Envoy passes to the filter unchanged.
fn bytes(bytes: &[u8]) -> Value {
    json!({ "@type": "type.googleapis.com/google.protobuf.BytesValue", "value": STANDARD.encode(bytes) })
}

#[test]
fn a_struct_is_accepted_like_json() {
    let mut gateway = Gateway::start(&with_rules(json!([])));
    let over = json!({
        "cache": { "ttl": "1m", "max_tokens": 100 },
        "clock_skew": "0s",
        "claims_to_headers": { "x-org": ["org", "id"] },
    });
    let policy = merged(
        with_rules(json!([
            { "route": "GET /one", "require": { "claim": "n", "in": [1, 0.5, true, "text"] } },
            { "route": "GET /public", "access": "public" },
        ])),
        json!({ "providers": { "main": over } }),
    );
    assert!(gateway.replace(structure(&policy)), "{:?}", gateway.filter_log());
    let get = |value: Value| {
        Request::get("/one").bearer(Token::new().claim("n", value).claim("org", json!({ "id": "acme" })).signed())
    };
    let replies = gateway.expect([
        ("an integer", get(json!(1)), ALLOWED),
        ("a fraction", get(json!(0.5)), ALLOWED),
        ("a boolean", get(json!(true)), ALLOWED),
        ("text", get(json!("text")), ALLOWED),
        ("another value", get(json!(2)), (403, "claim_mismatch")),
        ("public", Request::get("/public"), PUBLIC),
    ]);
    assert_eq!(replies[0].echo().all("x-org"), ["acme"]);
}

#[test]
fn an_invalid_struct_is_rejected_like_invalid_json() {
    let mut gateway = Gateway::start(&with_rules(json!([{ "route": "GET /", "access": "public" }])));
    for (message, expected) in [
        (
            structure(&with(json!({ "jwks": { "cluster": null } }))),
            "providers.main.jwks.cluster: is required; name the Envoy cluster that reaches the issuer",
        ),
        (
            structure(&with(json!({ "issuer": 7 }))),
            "providers.main.issuer: invalid type: integer `7`, expected a string",
        ),
        (
            structure(&changed(json!({ "rules": [{ "route": "GET /", "acces": "public" }] }))),
            "rules[0].acces: unknown field; did you mean `access`? Expected one of `route`, `hosts`, `access`, `providers`, `scopes`, `groups`, `require`, `name`, `mode`",
        ),
        (
            bytes(b"\x0a\x0d\x0a\x07def"),
            "configuration: is not JSON: expected value at line 3 column 1, nor a google.protobuf.Struct",
        ),
        (bytes(b"\xff\xff"), "configuration: is not JSON: invalid utf-8 sequence of 1 bytes from index 0"),
    ] {
        let before = gateway.filter_log().len();
        assert!(!gateway.replace(message));
        assert_eq!(errors(&gateway.filter_log()[before..]), [expected]);
    }
    assert_eq!(gateway.send(&Request::get("/")).status, 200, "the valid configuration is still in force");
}

#[test]
fn envoys_validation_mode_rejects_an_invalid_configuration() {
    let (valid, _) = validate(&with_rules(json!([])));
    assert!(valid);
    let (valid, log) = validate(&with(json!({ "jwks": { "cluster": "" } })));
    assert!(!valid && log.contains("providers.main.jwks.cluster"), "{log}");
}

#[test]
fn a_schema_reference_at_the_top_level_is_ignored() {
    let mut gateway = Gateway::start(&with_rules(json!([])));
    let policy = merged(
        with_rules(json!([{ "route": "GET /", "access": "public" }])),
        json!({ "$schema": "https://example.com/config.schema.json" }),
    );
    assert_eq!(schema_errors(std::slice::from_ref(&policy)), [None]);
    for configuration in [string_value(&policy.to_string()), structure(&policy)] {
        assert!(gateway.replace(configuration), "{:?}", gateway.filter_log());
    }
    gateway.await_everywhere(&Request::get("/"), 200);
}

#[test]
fn a_schema_reference_in_another_object_is_rejected() {
    let reference = || json!({ "$schema": "https://example.com/config.schema.json" });
    let rule_with_reference = rule(merged(json!({ "route": "GET /" }), reference()));
    for (policy, path) in [(with(reference()), "providers.main.$schema: "), (rule_with_reference, "rules[0].$schema: ")]
    {
        let mut gateway = Gateway::start(&with_rules(json!([])));
        assert!(!gateway.replace(string_value(&policy.to_string())), "{path}");
        let log = gateway.filter_log();
        assert!(matches!(errors(&log)[..], [error] if error.starts_with(path)), "{log:?}");
        assert!(matches!(&schema_errors(&[policy])[..], [Some(_)]), "{path}");
    }
}

#[test]
fn a_number_in_an_error_is_shown_as_written() {
    let with_number = |number: &Value| {
        [
            (json!({ "providers": { "main": number } }), "providers.main"),
            (with(json!({ "jwks": number })), "providers.main.jwks"),
            (with(json!({ "cache": number })), "providers.main.cache"),
            (rule(number.clone()), "rules[0]"),
            (rule(json!({ "route": "GET /", "require": number })), "rules[0].require"),
            (changed(json!({ "responses": number })), "responses"),
        ]
    };
    let mut gateway = Gateway::start(&with_rules(json!([])));
    for (number, shown) in [(json!(5), "integer `5`"), (json!(-5), "integer `-5`"), (json!(5.5), "number `5.5`")] {
        for (policy, path) in with_number(&number) {
            let expected = format!("{path}: invalid type: {shown}, expected an object");
            for configuration in [string_value(&policy.to_string()), structure(&policy)] {
                let before = gateway.filter_log().len();
                assert!(!gateway.replace(configuration), "{policy}");
                assert_eq!(errors(&gateway.filter_log()[before..]), [expected.as_str()], "{policy}");
            }
        }
    }
}
