//! Authorization by a rule's access, scopes and groups, and the default for requests that match no rule.

use serde_json::{Value, json};

use crate::harness::{ALLOWED, Gateway, Outcome, PUBLIC, Request, Token, now, with_rules};

#[test]
fn access_decides_which_requests_are_allowed() {
    let gateway = Gateway::start(&with_rules(json!([
        { "route": "GET /public", "access": "public" },
        { "route": "GET /optional", "access": "optional" },
        { "route": "GET /authenticated", "access": "authenticated" },
        { "route": "GET /default" },
        { "route": "GET /deny", "access": "deny" },
    ])));
    let valid = Token::new().signed();
    let expired = Token::new().claim("exp", now() - 3600).signed();
    let missing = (401, "token_missing");
    let refused = (401, "token_expired");
    let denied = (403, "route_denied");
    for (path, without, with_valid, with_expired) in [
        ("/public", PUBLIC, PUBLIC, PUBLIC),
        ("/optional", (200, "anonymous"), ALLOWED, refused),
        ("/authenticated", missing, ALLOWED, refused),
        ("/default", missing, ALLOWED, refused),
        ("/deny", denied, denied, denied),
        ("/no/rule", denied, denied, denied),
    ] {
        gateway.expect([
            (format!("{path}, no token"), Request::get(path), without),
            (format!("{path}, valid token"), Request::get(path).bearer(&valid), with_valid),
            (format!("{path}, expired token"), Request::get(path).bearer(&expired), with_expired),
        ]);
    }
}

#[test]
fn refused_requests_never_reach_the_upstream() {
    let gateway = Gateway::start(&with_rules(json!([{ "route": "GET /token" }])));
    for path in ["/token", "/no/rule", "/a/../b"] {
        gateway.send(&Request::get(path));
    }
    assert_eq!(gateway.upstream.requests(), 0);
}

#[test]
fn requests_that_match_no_rule_get_the_default() {
    for (default, without, with) in [
        (json!("deny"), (403, "route_denied"), (403, "route_denied")),
        (json!("authenticated"), (401, "token_missing"), ALLOWED),
        (json!("public"), PUBLIC, PUBLIC),
    ] {
        let mut policy = with_rules(json!([{ "route": "GET /only", "access": "deny" }]));
        policy["default"] = default.clone();
        let gateway = Gateway::start(&policy);
        gateway.expect([
            (format!("{default}, no token"), Request::get("/other"), without),
            (format!("{default}, valid token"), Request::get("/other").bearer(Token::new().signed()), with),
            (format!("{default}, other method"), Request::new("POST", "/only"), without),
            (format!("{default}, matches a rule"), Request::get("/only"), (403, "route_denied")),
        ]);
    }
}

#[test]
fn a_list_of_scopes_needs_one_of_them_and_all_needs_every_one() {
    let missing = (403, "scope_missing");
    let many = (0..2_500).map(|n| format!("{n:x}")).collect::<Vec<_>>().join(" ");
    let rules = json!([
        { "route": "GET /any", "scopes": ["read", "write"] },
        { "route": "GET /all", "scopes": { "all": ["read", "write"] } },
        { "route": "GET /url", "scopes": ["https://api.example.com/read"] },
    ]);
    check(
        rules,
        "scope",
        [
            ("/any", json!("read"), ALLOWED),
            ("/any", json!("write"), ALLOWED),
            ("/any", json!("email write openid"), ALLOWED),
            ("/any", json!(["email", "write"]), ALLOWED),
            ("/any", json!("reader"), missing),
            ("/any", json!("Read"), missing),
            ("/any", json!("read,write"), missing),
            ("/any", json!("read\twrite"), missing),
            ("/any", json!(""), missing),
            // The filter stores each scope behind its length, and these strings contain what looks like a length. The next
            // rows have as many scopes as fit into a token.
            ("/any", json!(["\u{4}\0\0\0read", "read\u{4}\0\0\0"]), missing),
            ("/any", json!(many), missing),
            ("/any", json!(format!("{many} read")), ALLOWED),
            ("/any", json!(["read", 1]), missing),
            ("/any", json!({ "read": true }), missing),
            ("/any", json!(true), missing),
            ("/any", Value::Null, missing),
            ("/all", json!("read"), missing),
            ("/all", json!("write read"), ALLOWED),
            ("/url", json!("https://api.example.com/read"), ALLOWED),
            ("/url", json!("https://api.example.com/rea"), missing),
        ],
    );
}

#[test]
fn scopes_are_read_from_scp_too() {
    let rules = json!([{ "route": "GET /any", "scopes": ["read"] }]);
    check(
        rules,
        "scp",
        [
            ("/any", json!("read"), ALLOWED),
            ("/any", json!(["email", "read"]), ALLOWED),
            ("/any", json!("email"), (403, "scope_missing")),
        ],
    );
}

#[test]
fn groups_are_a_list_a_string_or_a_bracketed_string() {
    let missing = (403, "group_missing");
    let rules = json!([
        { "route": "GET /any", "groups": ["admin", "owner"] },
        { "route": "GET /all", "groups": { "all": ["admin", "owner"] } },
        { "route": "GET /space", "groups": ["Domain Users"] },
    ]);
    check(
        rules,
        "groups",
        [
            ("/any", json!(["user", "admin"]), ALLOWED),
            ("/any", json!("owner"), ALLOWED),
            ("/any", json!("[user admin]"), ALLOWED),
            ("/any", json!("[admin]"), ALLOWED),
            ("/any", json!("user admin"), missing),
            ("/any", json!("[user]"), missing),
            ("/any", json!("[]"), missing),
            ("/any", json!(["administrator"]), missing),
            ("/any", json!(["admin", 1]), missing),
            ("/any", json!([["admin"]]), missing),
            ("/any", json!({ "admin": true }), missing),
            ("/all", json!(["admin"]), missing),
            ("/all", json!("[owner admin]"), ALLOWED),
            ("/space", json!("Domain Users"), ALLOWED),
            ("/space", json!(["Domain Users"]), ALLOWED),
            ("/space", json!("[Domain Users]"), missing),
        ],
    );
}

/// Every route is asked with every text, so a name that is granted by mistake fails here.
#[test]
fn a_text_in_brackets_grants_its_members_and_nothing_else() {
    let names = ["admin", "auditor", "Users", "Billing admin", "Billing+admin", "billing"];
    let of_profile = |profile: &str, table: &[(&str, &[&str])]| {
        let rules = names.iter().enumerate().flat_map(|(n, name)| {
            let group = json!({ "route": format!("GET /{n}"), "groups": [name] });
            // Only JSON text and lists can have a scope with a space, which no rule can ask for.
            let scope = json!({ "route": format!("GET /scope/{n}"), "scopes": [name] });
            [Some(group), (!name.contains(' ')).then_some(scope)].into_iter().flatten()
        });
        let mut policy = with_rules(json!(rules.collect::<Vec<_>>()));
        policy["providers"]["main"]["profile"] = json!(profile);
        policy["providers"]["main"]["group_claims"] = json!(["custom:groups"]);
        let gateway = Gateway::start(&policy);
        gateway.expect(table.iter().flat_map(|(text, members)| {
            names.iter().enumerate().flat_map(move |(n, name)| {
                let token = Token::new().claim("custom:groups", *text).claim("scope", *text);
                let token = token.without("aud").claim("client_id", "api").claim("token_use", "access").signed();
                let request = |path: String| Request::get(path).bearer(&token);
                let expected = |missing| if members.contains(name) { ALLOWED } else { (403, missing) };
                let group = (format!("{profile}: {text} has group {name}"), request(format!("/{n}")));
                let scope = (format!("{profile}: {text} has scope {name}"), request(format!("/scope/{n}")));
                let scope = (!name.contains(' ')).then_some((scope.0, scope.1, expected("scope_missing")));
                [Some((group.0, group.1, expected("group_missing"))), scope].into_iter().flatten()
            })
        }));
    };
    let common: [(&str, &[&str]); 8] = [
        ("[auditor, admin]", &["auditor", "admin"]),
        ("[admin, auditor]", &["admin", "auditor"]),
        ("[admin auditor]", &["admin", "auditor"]),
        ("[Users, Billing admin]", &["Users", "Billing admin"]),
        ("[Billing admin, Users]", &["Users", "Billing admin"]),
        (r#"["Users","Billing admin"]"#, &["Users", "Billing admin"]),
        (r#"["admin",7]"#, &[]),
        (r#"["Users, admin"]"#, &[]),
    ];
    of_profile("cognito", &[&common[..], &[("[Users, Billing+admin]", &["Users", "Billing admin"])]].concat());
    of_profile("generic", &[&common[..], &[("[Users, Billing+admin]", &["Users", "Billing+admin"])]].concat());
}

#[test]
fn a_rule_with_scopes_and_groups_needs_both() {
    let gateway =
        Gateway::start(&with_rules(json!([{ "route": "GET /both", "scopes": ["read"], "groups": ["admin"] }])));
    let both = Token::new().claim("scope", "read").claim("groups", json!(["admin"]));
    gateway.expect([
        ("both", Request::get("/both").bearer(both.signed()), ALLOWED),
        ("no group", Request::get("/both").bearer(both.clone().without("groups").signed()), (403, "group_missing")),
        ("no scope", Request::get("/both").bearer(both.clone().without("scope").signed()), (403, "scope_missing")),
    ]);
}

#[test]
fn the_claims_of_scopes_and_groups_can_be_configured() {
    let mut policy = with_rules(json!([{ "route": "GET /", "scopes": ["read"], "groups": ["admin"] }]));
    policy["providers"]["main"]["scope_claims"] = json!(["https://example.com/scopes"]);
    policy["providers"]["main"]["group_claims"] = json!([["realm_access", "roles"]]);
    let gateway = Gateway::start(&policy);
    let configured =
        Token::new().claim("https://example.com/scopes", "read").claim("realm_access", json!({ "roles": ["admin"] }));
    let default = Token::new().claim("scope", "read").claim("groups", json!(["admin"]));
    gateway.expect([
        ("the configured claims", Request::get("/").bearer(configured.signed()), ALLOWED),
        ("the default claims", Request::get("/").bearer(default.signed()), (403, "scope_missing")),
    ]);
}

#[test]
fn a_claim_of_scopes_or_groups_may_have_a_separator_or_several_places() {
    let mut policy = with_rules(json!([
        { "route": "GET /admin", "groups": ["admin"] },
        { "route": "GET /billing", "groups": ["Billing admin"] },
        { "route": "GET /read", "scopes": ["read"] },
    ]));
    policy["providers"]["main"]["scope_claims"] =
        json!([{ "claim": "rights", "separator": ";" }, ["apps", "*", "scp"]]);
    policy["providers"]["main"]["group_claims"] =
        json!([{ "claim": "roles", "separator": "," }, ["orgs", "*", "roles"], ["teams", "*", "name"]]);
    let gateway = Gateway::start(&policy);
    let missing = (403, "group_missing");
    gateway.expect(
        [
            ("/admin", "roles", json!("user,admin"), ALLOWED),
            ("/admin", "roles", json!("admin , user"), ALLOWED),
            ("/admin", "roles", json!("notadmin"), missing),
            ("/admin", "roles", json!("user,notadmin,administrator"), missing),
            ("/admin", "roles", json!("Billing admin"), missing),
            ("/billing", "roles", json!("user,Billing admin"), ALLOWED),
            ("/billing", "roles", json!("[user, Billing admin]"), ALLOWED),
            ("/admin", "roles", json!("[Users, Billing admin]"), missing),
            ("/admin", "roles", json!("[user admin]"), missing),
            ("/admin", "roles", json!(["user,admin"]), missing),
            ("/admin", "roles", json!(["user", "admin"]), ALLOWED),
            ("/admin", "orgs", json!({ "1": { "roles": ["user"] }, "2": { "roles": ["admin"] } }), ALLOWED),
            ("/admin", "orgs", json!({ "1": { "roles": ["user"] }, "admin": { "roles": [] } }), missing),
            ("/admin", "teams", json!([{ "name": "user" }, { "name": "admin" }]), ALLOWED),
            ("/admin", "teams", json!([{ "name": "user" }, { "title": "admin" }]), missing),
            ("/read", "rights", json!("write;read"), ALLOWED),
            ("/read", "rights", json!("write read"), (403, "scope_missing")),
            ("/read", "apps", json!([{ "scp": "write" }, { "scp": "email read" }]), ALLOWED),
            ("/read", "apps", json!([{ "scp": "write" }]), (403, "scope_missing")),
        ]
        .map(|(path, claim, value, expected)| {
            let token = Token::new().claim(claim, value.clone()).signed();
            (format!("{path} {claim}={value}"), Request::get(path).bearer(token), expected)
        }),
    );
}

#[test]
fn the_profile_cognito_reads_cognitos_claims() {
    let mut policy = with_rules(json!([{ "route": "GET /", "groups": ["admin"] }]));
    policy["providers"]["main"]["profile"] = json!("cognito");
    let gateway = Gateway::start(&policy);
    let token = Token::new().without("aud").claim("client_id", "api").claim("token_use", "access");
    gateway.expect([
        (
            "cognito:groups",
            Request::get("/").bearer(token.clone().claim("cognito:groups", json!(["admin"])).signed()),
            ALLOWED,
        ),
        (
            "groups",
            Request::get("/").bearer(token.clone().claim("groups", json!(["admin"])).signed()),
            (403, "group_missing"),
        ),
        (
            "an ID token",
            Request::get("/").bearer(Token::new().claim("token_use", "id").signed()),
            (401, "token_use_mismatch"),
        ),
    ]);
}

/// Sends a token with the claim set to the value of each row.
#[track_caller]
fn check<const N: usize>(rules: Value, claim: &str, table: [(&str, Value, Outcome<'_>); N]) {
    let gateway = Gateway::start(&with_rules(rules));
    gateway.expect(table.map(|(path, value, expected)| {
        let token = Token::new().claim(claim, value.clone()).signed();
        (format!("{path} {claim}={value}"), Request::get(path).bearer(token), expected)
    }));
}
