//! Scopes and groups as real issuers write them, with the page or the thread that shows the form.

use serde_json::{Value, json};

use super::gateway::Gateway;

struct Issuer {
    name: &'static str,
    /// Fields of the provider.
    provider: Value,
    claims: Value,
    scopes: &'static [&'static str],
    groups: &'static [&'static str],
    /// Neither scopes nor groups of the token.
    others: &'static [&'static str],
}

fn issuers() -> Vec<Issuer> {
    let profile = |profile: &str| json!({ "profile": profile });
    let groups_in = |profile: &str, claim: Value| json!({ "profile": profile, "group_claims": [claim] });
    vec![
        // docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
        Issuer {
            name: "Cognito",
            provider: profile("cognito"),
            claims: json!({ "cognito:groups": ["admin", "Billing.team"], "scope": "openid https://api.example.com/read" }),
            scopes: &["openid", "https://api.example.com/read"],
            groups: &["admin", "Billing.team"],
            others: &["read", "Billing"],
        },
        // docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-specifying-attribute-mapping.html
        Issuer {
            name: "Cognito, an attribute with several values of another provider",
            provider: groups_in("cognito", json!("custom:groups")),
            claims: json!({ "custom:groups": "[Users, Billing+admin, R%26D%2C+Berlin]" }),
            scopes: &[],
            groups: &["Users", "Billing admin", "R&D, Berlin"],
            others: &["admin", "Billing", "Billing+admin", "Berlin", "[Users", "Users,"],
        },
        Issuer {
            name: "Cognito, an attribute with one value",
            provider: groups_in("cognito", json!("custom:groups")),
            claims: json!({ "custom:groups": "Billing admin" }),
            scopes: &[],
            groups: &["Billing admin"],
            others: &["admin", "Billing"],
        },
        // github.com/aws-solutions-library-samples/guidance-for-claude-code-with-amazon-bedrock/issues/802
        Issuer {
            name: "API Gateway, a list as it passes it on",
            provider: profile("generic"),
            claims: json!({ "groups": "[11111111-1111 22222222-2222]" }),
            scopes: &[],
            groups: &["11111111-1111", "22222222-2222"],
            others: &["11111111", "[11111111-1111 22222222-2222]"],
        },
        // keycloak.org/docs/latest/server_admin: mappers for roles, and for groups with their full path
        Issuer {
            name: "Keycloak",
            provider: profile("keycloak"),
            claims: json!({
                "scope": "profile email",
                "realm_access": { "roles": ["offline_access", "uma_authorization"] },
                "resource_access": { "api": { "roles": ["editor"] }, "account": { "roles": ["manage-account"] } },
                "groups": ["/staff/admins"],
            }),
            scopes: &["profile", "email"],
            groups: &["offline_access", "uma_authorization", "editor", "/staff/admins"],
            others: &["manage-account", "admins", "staff"],
        },
        // auth0.com/docs/secure/tokens/access-tokens/access-token-profiles
        Issuer {
            name: "Auth0",
            provider: groups_in("auth0", json!("https://example.com/roles")),
            claims: json!({
                "scope": "openid read:items",
                "permissions": ["write:items"],
                "https://example.com/roles": ["admin"],
            }),
            scopes: &["openid", "read:items", "write:items"],
            groups: &["admin"],
            others: &["read", "items"],
        },
        // learn.microsoft.com/entra/identity-platform/access-token-claims-reference
        Issuer {
            name: "Entra",
            provider: profile("entra"),
            claims: json!({
                "scp": "Files.Read User.Read",
                "roles": ["Task.Write"],
                "groups": ["9d3f1c0e-0000-4000-8000-000000000000", "Finance, Berlin"],
                "wids": ["62e90394-69f5-4237-9190-012177145e10"],
            }),
            scopes: &["Files.Read", "User.Read"],
            groups: &["Task.Write", "9d3f1c0e-0000-4000-8000-000000000000", "Finance, Berlin"],
            others: &["Finance", "Berlin", "62e90394-69f5-4237-9190-012177145e10"],
        },
        Issuer {
            name: "Entra, more groups than a token has",
            provider: profile("entra"),
            claims: json!({ "_claim_names": { "groups": "src1" }, "hasgroups": true, "scp": "User.Read" }),
            scopes: &["User.Read"],
            groups: &[],
            others: &["src1", "groups"],
        },
        // developer.okta.com/docs/guides/validate-access-tokens
        Issuer {
            name: "Okta",
            provider: profile("okta"),
            claims: json!({ "scp": ["openid", "read"], "groups": ["Everyone", "Finance Team"] }),
            scopes: &["openid", "read"],
            groups: &["Everyone", "Finance Team"],
            others: &["Finance", "Team"],
        },
        // clerk.com/docs/guides/sessions/session-tokens
        Issuer {
            name: "Clerk",
            provider: json!({ "group_claims": [
                ["o", "rol"],
                { "claim": ["o", "per"], "separator": "," },
                { "claim": "fea", "separator": "," },
            ] }),
            claims: json!({ "o": { "rol": "admin", "per": "read,manage", "fpm": "3" }, "fea": "o:articles,u:dashboard" }),
            scopes: &[],
            groups: &["admin", "read", "manage", "o:articles", "u:dashboard"],
            others: &["read,manage", "articles", "3"],
        },
        // zitadel.com/docs/apis/openidoauth/claims: the roles are names of members, which no list has
        Issuer {
            name: "Zitadel",
            provider: json!({ "group_claims": ["urn:zitadel:iam:org:project:roles"] }),
            claims: json!({ "urn:zitadel:iam:org:project:roles": { "admin": { "1": "acme.example.com" } } }),
            scopes: &[],
            groups: &[],
            others: &["admin", "acme.example.com"],
        },
        // www.ory.sh/docs/hydra: `strategies.jwt.scope_claim` writes a list, text or both
        Issuer {
            name: "Hydra",
            provider: json!({ "group_claims": [["ext", "roles"]] }),
            claims: json!({ "scp": ["openid", "offline"], "scope": "openid offline", "ext": { "roles": ["admin"] } }),
            scopes: &["openid", "offline"],
            groups: &["admin"],
            others: &["roles"],
        },
        // github.com/grafana/grafana/issues/92801
        Issuer {
            name: "text of a JSON list",
            provider: profile("generic"),
            claims: json!({ "groups": r#"["dev","Billing admin"]"#, "scope": r#"["read", "write"]"# }),
            scopes: &["read", "write"],
            groups: &["dev", "Billing admin"],
            others: &["admin", r#""dev""#, r#"["dev","Billing"#],
        },
        Issuer {
            name: "text with commas",
            provider: groups_in("generic", json!({ "claim": "roles", "separator": "," })),
            claims: json!({ "roles": "user, Billing admin,notadmin" }),
            scopes: &[],
            groups: &["user", "Billing admin", "notadmin"],
            others: &["admin", "Billing", "user, Billing admin,notadmin"],
        },
    ]
}

#[test]
fn names_are_read_as_issuers_write_them() {
    for Issuer { name, provider, claims, scopes, groups, others } in issuers() {
        let token = Gateway::token(&claims);
        let all: Vec<_> = scopes.iter().chain(groups).chain(others).collect();
        for asked in all {
            // A scope in a rule has no spaces and no quotes.
            if !asked.contains([' ', '"']) {
                let mut gateway = Gateway::with_provider(&provider, &json!({ "scopes": [asked] }));
                let has = gateway.decide("/p/x", &token, &[]).is_ok();
                assert_eq!(has, scopes.contains(asked), "{name}: scope {asked}");
            }
            let mut gateway = Gateway::with_provider(&provider, &json!({ "groups": [asked] }));
            assert_eq!(gateway.decide("/p/x", &token, &[]).is_ok(), groups.contains(asked), "{name}: group {asked}");
        }
    }
}
