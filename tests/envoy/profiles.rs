//! Profiles: tokens in the form that each provider documents, and what the profile reads from them. The same facts are in
//! the tables of `docs/profiles.md`.

use serde_json::{Value, json};

use crate::harness::policy::merged;
use crate::harness::{ALLOWED, Gateway, Key, Outcome, Request, Token};

const POOL: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbC123xyz";
const RFC9068: &str = "https://as.example.com";
const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const OKTA: &str = "https://dev-1.okta.com/oauth2/default";
const AUTH0: &str = "https://dev-1.us.auth0.com/";
const REALM: &str = "https://sso.example.com/realms/shop";
const GOOGLE: &str = "https://accounts.google.com";

const USE: Outcome<'static> = (401, "token_use_mismatch");
const TYPE: Outcome<'static> = (401, "token_type_mismatch");
const SCOPE: Outcome<'static> = (403, "scope_missing");
const GROUP: Outcome<'static> = (403, "group_missing");
const UNKNOWN: Outcome<'static> = (401, "issuer_unknown");
const TENANT_MISMATCH: Outcome<'static> = (401, "tenant_mismatch");
const AUDIENCE: Outcome<'static> = (401, "audience_mismatch");

fn gateway() -> Gateway {
    let provider = |profile: &str, issuer: &str, audience: &str| {
        let keys = Key::set(&[Key::of("ES256")]);
        json!({ "profile": profile, "issuer": issuer, "audiences": [audience], "jwks": { "inline": keys } })
    };
    let with_tenants =
        |issuer: &str, audience: &str| merged(provider("entra", issuer, audience), json!({ "tenants": [TENANT] }));
    Gateway::start(&json!({
        "providers": {
            "cognito": provider("cognito", POOL, "web-client"),
            "rfc9068": provider("rfc9068", RFC9068, "https://api.example.com"),
            "entra-v1": with_tenants("https://sts.windows.net/{tenantid}/", "api://shop"),
            "entra-v2": with_tenants("https://login.microsoftonline.com/{tenantid}/v2.0", "api-client-id"),
            "okta": provider("okta", OKTA, "api://default"),
            "auth0": provider("auth0", AUTH0, "https://api.example.com"),
            "keycloak": provider("keycloak", REALM, "shop-api"),
            "google": provider("google", GOOGLE, "web.apps.googleusercontent.com"),
        },
        "rules": [
            { "route": "GET /any" },
            { "route": "GET /read", "scopes": ["read"] },
            { "route": "GET /admin", "groups": ["admin"] },
            { "route": "GET /editor", "groups": ["editor"] },
        ],
    }))
}

/// A token with these claims beside `iss`, `sub`, `iat` and `exp`.
fn token(issuer: &str, claims: Value) -> Token {
    let members = claims.as_object().unwrap().clone();
    let token = Token::new().without("aud").claim("iss", issuer);
    members.into_iter().fold(token, |token, (name, value)| token.claim(&name, value))
}

fn with(token: &Token, name: &str, value: impl Into<Value>) -> Token {
    token.clone().claim(name, value)
}

/// Sends each token to its path, and checks status, reason and the logged client.
#[track_caller]
fn check<const N: usize>(table: [(&str, &str, Token, Outcome<'_>, Option<&str>); N]) {
    let gateway = gateway();
    let rows = table.iter().map(|(label, path, token, expected, _)| {
        (format!("{label}, {path}"), Request::get(*path).bearer(token.signed()), *expected)
    });
    let replies = gateway.expect(rows);
    for ((label, .., client), reply) in table.iter().zip(&replies) {
        assert_eq!(gateway.logged(reply).client_id.as_deref(), *client, "{label}");
    }
}

#[test]
fn cognito() {
    let access = token(
        POOL,
        json!({
            "client_id": "web-client", "token_use": "access", "scope": "openid read", "username": "alice",
            "cognito:groups": ["admin"], "origin_jti": "o", "jti": "j", "auth_time": 1, "version": 2,
        }),
    );
    let id = token(POOL, json!({ "aud": "web-client", "token_use": "id", "cognito:username": "alice" }));
    let machine = token(
        POOL,
        json!({ "client_id": "web-client", "sub": "web-client", "token_use": "access", "scope": "read", "version": 2 }),
    );
    let bound = with(&access, "aud", "https://api.example.com");
    let client = Some("web-client");
    check([
        ("access", "/read", access.clone(), ALLOWED, client),
        ("access", "/admin", access.clone(), ALLOWED, client),
        ("access", "/editor", access.clone(), GROUP, client),
        ("client credentials", "/read", machine.clone(), ALLOWED, client),
        ("client credentials", "/admin", machine, GROUP, client),
        ("for another resource", "/any", bound, AUDIENCE, None),
        ("ID", "/any", id, USE, None),
        ("no token_use", "/any", access.without("token_use"), USE, None),
    ]);
}

#[test]
fn rfc9068() {
    let access = token(
        RFC9068,
        json!({
            "aud": "https://api.example.com", "client_id": "app", "jti": "j", "scope": "openid read",
            "roles": ["admin"], "entitlements": ["editor"],
        }),
    )
    .header("typ", "at+jwt");
    let client = Some("app");
    check([
        ("access", "/read", access.clone(), ALLOWED, client),
        ("by role", "/admin", access.clone(), ALLOWED, client),
        ("by entitlement", "/editor", access.clone(), ALLOWED, client),
        ("with the media type", "/any", access.clone().header("typ", "application/at+jwt"), ALLOWED, client),
        ("plain JWT", "/any", access.clone().header("typ", "JWT"), TYPE, None),
        ("without typ", "/any", access.clone().header("typ", Value::Null), TYPE, None),
        ("a vendor's typ", "/any", access.clone().header("typ", "okta-internal-at+jwt"), TYPE, None),
        ("without jti", "/any", access.clone().without("jti"), USE, None),
        ("without client_id", "/any", access.without("client_id"), USE, None),
    ]);
}

#[test]
fn entra() {
    let v1 = |tenant: &str| format!("https://sts.windows.net/{tenant}/");
    let v2 = |tenant: &str| format!("https://login.microsoftonline.com/{tenant}/v2.0");
    let user = token(
        &v2(TENANT),
        json!({
            "aud": "api-client-id", "azp": "spa", "azpacr": "0", "scp": "openid read", "roles": ["admin"],
            "tid": TENANT, "oid": "o", "ver": "2.0", "uti": "u",
        }),
    );
    let old = token(
        &v1(TENANT),
        json!({
            "aud": "api://shop", "appid": "spa", "appidacr": "0", "scp": "read", "groups": ["admin"],
            "tid": TENANT, "oid": "o", "ver": "1.0",
        }),
    );
    let application = token(
        &v2(TENANT),
        json!({ "aud": "api-client-id", "azp": "job", "azpacr": "1", "roles": ["editor"], "tid": TENANT, "ver": "2.0" }),
    );
    let id = token(
        &v2(TENANT),
        json!({ "aud": "api-client-id", "tid": TENANT, "preferred_username": "alice", "ver": "2.0" }),
    );
    let other = "99999999-2222-3333-4444-555555555555";
    let (spa, job) = (Some("spa"), Some("job"));
    check([
        ("version 2", "/read", user.clone(), ALLOWED, spa),
        ("version 2, by role", "/admin", user.clone(), ALLOWED, spa),
        ("version 1", "/read", old.clone(), ALLOWED, spa),
        ("version 1, by group", "/admin", old.clone(), ALLOWED, spa),
        ("an application, by role", "/editor", application.clone(), ALLOWED, job),
        ("an application has no scope", "/read", application, SCOPE, job),
        ("ID", "/any", id, USE, None),
        ("another tenant in iss and tid", "/any", with(&with(&user, "iss", v2(other)), "tid", other), UNKNOWN, None),
        ("another tenant in tid", "/any", with(&user, "tid", other), TENANT_MISMATCH, None),
        ("no tid", "/any", user.clone().without("tid"), TENANT_MISMATCH, None),
        ("version 1, another tenant in tid", "/any", with(&old, "tid", other), TENANT_MISMATCH, None),
        ("the template as iss", "/any", with(&user, "iss", v2("{tenantid}")), UNKNOWN, None),
        (
            "version 1, another tenant in iss and tid",
            "/any",
            with(&with(&old, "iss", v1(other)), "tid", other),
            UNKNOWN,
            None,
        ),
    ]);
}

#[test]
fn okta() {
    let access = token(
        OKTA,
        json!({
            "ver": 1, "jti": "AT.1", "aud": "api://default", "cid": "0oa1", "uid": "00u1", "scp": ["openid", "read"],
            "groups": ["admin"], "auth_time": 1,
        }),
    )
    .header("typ", Value::Null);
    let id = token(OKTA, json!({ "ver": 1, "jti": "ID.1", "aud": "api://default", "amr": ["pwd"], "idp": "00o1" }));
    let client = Some("0oa1");
    check([
        ("access", "/read", access.clone(), ALLOWED, client),
        ("access", "/admin", access.clone(), ALLOWED, client),
        (
            "with Okta's own typ",
            "/any",
            access.clone().header("typ", "application/okta-internal-at+jwt"),
            ALLOWED,
            client,
        ),
        ("no such group", "/editor", access, GROUP, client),
        ("ID", "/any", id, USE, None),
    ]);
}

#[test]
fn auth0() {
    let audience = json!(["https://api.example.com", "https://dev-1.us.auth0.com/userinfo"]);
    let access = token(
        AUTH0,
        json!({
            "sub": "auth0|123456", "aud": audience, "azp": "app", "scope": "openid profile",
            "permissions": ["read"], "roles": ["admin"],
        }),
    );
    let standard = token(AUTH0, json!({ "aud": audience, "client_id": "app", "jti": "j", "scope": "read" }))
        .header("typ", "at+jwt");
    let machine = token(
        AUTH0,
        json!({
            "sub": "app@clients", "aud": "https://api.example.com", "azp": "app", "scope": "read",
            "gty": "client-credentials",
        }),
    );
    let id = token(AUTH0, json!({ "aud": "https://api.example.com", "name": "Alice", "email": "a@example.com" }));
    let client = Some("app");
    check([
        ("scopes in permissions", "/read", access.clone(), ALLOWED, client),
        ("by role", "/admin", access.clone(), ALLOWED, client),
        ("in the form of RFC 9068", "/read", standard, ALLOWED, client),
        ("client credentials", "/read", machine, ALLOWED, client),
        ("ID", "/any", id, USE, None),
        ("issuer without the trailing slash", "/any", with(&access, "iss", AUTH0.trim_end_matches('/')), UNKNOWN, None),
    ]);
}

#[test]
fn keycloak() {
    let access = token(
        REALM,
        json!({
            "jti": "j", "aud": ["shop-api", "account"], "typ": "Bearer", "azp": "shop-web", "scope": "openid read",
            "realm_access": { "roles": ["admin", "offline_access"] },
            "resource_access": { "account": { "roles": ["view-profile"] }, "shop-api": { "roles": ["editor"] } },
        }),
    );
    let elsewhere = with(&access, "resource_access", json!({ "other-api": { "roles": ["editor"] } }));
    let id = with(&access, "typ", "ID");
    let client = Some("shop-web");
    check([
        ("access", "/read", access.clone(), ALLOWED, client),
        ("by realm role", "/admin", access.clone(), ALLOWED, client),
        ("by role of the client in aud", "/editor", access.clone(), ALLOWED, client),
        ("the role of another client", "/editor", elsewhere, GROUP, client),
        ("with RFC 9068's typ", "/any", access.clone().header("typ", "at+jwt"), ALLOWED, client),
        ("ID", "/any", id, USE, None),
        ("refresh", "/any", with(&access, "typ", "Refresh"), USE, None),
        ("logout", "/any", with(&access, "typ", "Logout"), USE, None),
        ("for the account console", "/any", with(&access, "aud", "account"), AUDIENCE, None),
    ]);
}

#[test]
fn google() {
    let id = token(
        GOOGLE,
        json!({
            "aud": "web.apps.googleusercontent.com", "azp": "web.apps.googleusercontent.com", "hd": "example.com",
            "email": "a@example.com", "email_verified": true, "at_hash": "h", "nonce": "n",
        }),
    );
    let client = Some("web.apps.googleusercontent.com");
    check([
        ("ID", "/any", id.clone(), ALLOWED, client),
        ("ID tokens have no scopes", "/read", id.clone(), SCOPE, client),
        ("an ID token with typ at+jwt", "/any", id.clone().header("typ", "at+jwt"), USE, None),
        ("for another client", "/any", with(&id, "aud", "other.apps.googleusercontent.com"), AUDIENCE, None),
        ("the issuer's old name", "/any", with(&id, "iss", "accounts.google.com"), UNKNOWN, None),
    ]);
}

/// SPIFFE's JWT-SVIDs have no `iss`, and their keys have the `use` `jwt-svid`.
#[test]
fn spiffe() {
    let mut keys = Key::set(&[Key::of("ES256")]);
    keys["keys"][0]["use"] = json!("jwt-svid");
    let gateway = Gateway::start(&json!({
        "providers": { "workloads": {
            "without_issuer": true, "subjects": ["spiffe://example.org/*"], "audiences": ["shop"], "token_use": "access",
            "jwks": { "inline": keys }, "claims_to_headers": { "x-workload": "sub" },
        } },
        "rules": [
            { "route": "GET /any" },
            { "route": "GET /web", "require": { "claim": "sub", "equals": "spiffe://example.org/ns/shop/sa/web" } },
        ],
    }));
    let svid = token("", json!({ "sub": "spiffe://example.org/ns/shop/sa/web", "aud": ["shop"] })).without("iss");
    let row = |label: &'static str, path: &str, token: &Token, expected| {
        (label, Request::get(path).bearer(token.signed()), expected)
    };
    gateway.expect([
        row("a workload", "/any", &svid, ALLOWED),
        row("this workload", "/web", &svid, ALLOWED),
        row(
            "another workload",
            "/web",
            &with(&svid, "sub", "spiffe://example.org/ns/shop/sa/db"),
            (403, "claim_mismatch"),
        ),
        row("another trust domain", "/any", &with(&svid, "sub", "spiffe://example.org.evil.example/web"), UNKNOWN),
        row("for another audience", "/any", &with(&svid, "aud", "other"), AUDIENCE),
        row("with an issuer", "/any", &with(&svid, "iss", "https://issuer.example"), UNKNOWN),
        row("without a subject", "/any", &svid.clone().without("sub"), UNKNOWN),
        row("without exp", "/any", &svid.clone().without("exp"), (401, "expiration_missing")),
    ]);
    let echo = gateway.send(&Request::get("/any").bearer(svid.signed())).echo();
    assert_eq!(echo.all("x-workload"), ["spiffe://example.org/ns/shop/sa/web"]);
    let forged = Request::get("/any").bearer(svid.sign(&Key::other("ES256")));
    gateway.expect([("another signer", forged, (401, "signature_invalid"))]);
}

/// SAP's tenants are in the host of the issuer.
#[test]
fn a_tenant_in_the_host_of_the_issuer() {
    let issuer = |tenant: &str| format!("https://{tenant}.authentication.example/oauth/token");
    let gateway = Gateway::start(&json!({
        "providers": { "sap": {
            "issuer": issuer("{tenantid}"), "tenants": ["one", "two"], "tenant_claim": "zid", "audiences": ["shop"],
            "token_use": "access", "jwks": { "inline": Key::set(&[Key::of("ES256")]) },
        } },
        "rules": [{ "route": "GET /any" }],
    }));
    let of = |tenant: &str, zid: &str| {
        Request::get("/any").bearer(token(&issuer(tenant), json!({ "aud": "shop", "zid": zid })).signed())
    };
    gateway.expect([
        ("one tenant", of("one", "one"), ALLOWED),
        ("the other", of("two", "two"), ALLOWED),
        ("mixed", of("one", "two"), TENANT_MISMATCH),
        ("a third", of("three", "three"), UNKNOWN),
    ]);
}
