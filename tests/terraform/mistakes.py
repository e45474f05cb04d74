"""Wrong variables: each is refused before AWS is asked for anything, with one message that says what to do."""

import json
import shutil

from .command import Failed, Terraform

GOOD = {
    "name": "acme",
    "domain": "acme-api",
    "resource_server": {"identifier": "https://api.example.com", "scopes": {"read": "Read", "write": "Write"}},
    "web_client": {"callback_urls": ["https://app.example.com/callback", "http://localhost:3000", "acme.app://signed-in"]},
    "machine_client": {"scopes": ["read"]},
    "groups": {"admin": "All"},
    "rules": [
        {"route": "GET /health", "access": "public"},
        {"route": "GET /health", "hosts": ["internal.example.com"]},
        {"route": "ANY /admin/{proxy+}", "groups": ["admin"]},
        {"route": "PUT /items", "scopes": {"all": ["read", "write"]}, "providers": ["cognito"], "name": "write"},
        {"route": "$default", "scopes": ["read", "write"], "require": {"claim": "sub", "exists": True}},
    ],
}

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/a"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:trigger"


def server(identifier="https://api.example.com", **scopes):
    return {"resource_server": {"identifier": identifier, "scopes": scopes or {"read": "Read", "write": "Write"}}}


def rule(**fields):
    return {"rules": [{"route": "GET /ok", "access": "public"}, fields]}


MISTAKES = [
    ({"name": "a/b"}, 'name: up to 100 letters, digits, spaces and any of _+=,.@-, but is "a/b".'),
    (
        {"domain": "https://acme"},
        'domain: a prefix such as "acme-api" or a domain such as "auth.example.com", in lower case and without https://, '
        'but is "https://acme".',
    ),
    (
        {"domain": "my-cognito"},
        'domain: Cognito takes no prefix with "aws", "amazon" or "cognito" in it; choose another than "my-cognito".',
    ),
    (
        {"domain": "auth.example.com"},
        "domain: a domain of yours needs domain_certificate_arn, and a prefix has no use for it; "
        'domain is "auth.example.com".',
    ),
    (
        {"domain_certificate_arn": CERTIFICATE},
        'domain: a domain of yours needs domain_certificate_arn, and a prefix has no use for it; domain is "acme-api".',
    ),
    (
        server("https://api.example.com/"),
        'resource_server.identifier: a URI such as "https://api.example.com", without blanks, quotes and backslashes, and '
        'without a slash at the end, but is "https://api.example.com/".',
    ),
    (
        {"resource_server": {"identifier": "api", "scopes": {}}, "rules": [], "machine_client": {"scopes": ["read"]}},
        "resource_server.scopes: Cognito takes 1 to 100 of them, but there are 0.",
    ),
    (
        server(**{"read": "Read", "write": "Write", "items/read": "Read"}),
        "resource_server.scopes: a name has no blank, slash, quote or backslash; the identifier is put before it by itself. "
        'Wrong: "items/read".',
    ),
    (
        server(read="", write="Write"),
        "resource_server.scopes: each needs a description of 1 to 256 letters. Wrong: read.",
    ),
    (
        {"web_client": {"callback_urls": []}},
        "web_client.callback_urls: name at least one, the address that the browser comes back to after signing in.",
    ),
    (
        {"web_client": {"callback_urls": ["http://app.example.com/"]}},
        "web_client: callback_urls and logout_urls are whole URLs without a fragment, and http:// only for localhost. "
        "Given: http://app.example.com/.",
    ),
    (
        {"web_client": {"callback_urls": ["http://localhost.example.com/"]}},
        "web_client: callback_urls and logout_urls are whole URLs without a fragment, and http:// only for localhost. "
        "Given: http://localhost.example.com/.",
    ),
    (
        {"web_client": {"callback_urls": ["https://app.example.com/"], "scopes": ["read", "delete"]}},
        "web_client.scopes: not among resource_server.scopes: delete.",
    ),
    (
        {"machine_client": {"scopes": []}},
        "machine_client.scopes: Cognito gives client credentials no token without a scope; name at least one.",
    ),
    (
        {"machine_client": {"scopes": ["https://api.example.com/read"]}},
        "machine_client.scopes: not among resource_server.scopes: https://api.example.com/read.",
    ),
    (
        {"groups": {"admin": "All", "the admins": "All"}},
        "groups: a name has no blank, comma or bracket, which would tear it apart on its way in a header. "
        'Wrong: "the admins".',
    ),
    ({"rules": {"GET /ok": "public"}}, 'rules: a list of objects, such as [{ route = "GET /items", scopes = ["read"] }].'),
    (
        rule(route="GET /items", group=["admin"]),
        "rules: a rule has route, name, hosts, access, providers, scopes, groups, require, mode, and nothing else. "
        'Wrong: "group".',
    ),
    (
        rule(route="/items"),
        'rules: a route is "METHOD /path", "ANY /path" or "$default". Wrong: "/items".',
    ),
    (rule(scopes=["read"]), 'rules: a route is "METHOD /path", "ANY /path" or "$default". Wrong: null.'),
    (
        rule(route="GET /ok", scopes=["read"]),
        'rules: there is more than one for a route and the same hosts. Wrong: "GET /ok".',
    ),
    *(
        (rule(route="GET /items", hosts=hosts), 'rules: hosts and providers are lists of text. Wrong: "GET /items".')
        for hosts in ["a.example", [5], {"a": "a.example"}]
    ),
    (
        rule(route="GET /items", access="private"),
        'rules: access is public, optional, authenticated or deny. Wrong: "GET /items".',
    ),
    (rule(route="GET /items", mode="dry"), 'rules: mode is enforce or dry_run. Wrong: "GET /items".'),
    (
        rule(route="GET /items", access="public", scopes=["read"]),
        "rules: where access is public or deny no token is looked at, so providers, scopes, groups and require mean nothing. "
        'Wrong: "GET /items".',
    ),
    *(
        (
            rule(route="GET /items", **{field: words}),
            "rules: scopes and groups are lists, of which any will do, or { all = [...] }; to ask for none, leave them out. "
            'Wrong: "GET /items".',
        )
        for field, name in [("scopes", "read"), ("groups", "admin")]
        for words in [[], name, {"all": []}, {"any": [name]}, {"all": [name], "any": [name]}, {"any": name}, [[name]]]
    ),
    (
        rule(route="GET /items", scopes=["reed"]),
        'rules: scopes must be among resource_server.scopes. Wrong: "reed".',
    ),
    (rule(route="GET /items", groups={"all": ["boss"]}), 'rules: groups must be among groups. Wrong: "boss".'),
    (
        rule(route="GET /items", require='{"claim": "sub", "exists": true}'),
        'rules: require is an object, such as { claim = "sub", equals_path = "id" }. Wrong: "GET /items".',
    ),
    ({"default": "allow"}, 'default: deny, authenticated or public, but is "allow".'),
    (
        {"claims_to_headers": {"X-User": "sub"}},
        'claims_to_headers: header names are in lower case and have no blank or colon. Wrong: "X-User".',
    ),
    (
        {"custom_attributes": ["custom:org_id"]},
        'custom_attributes: up to 20 letters, digits, _ and -, without "custom:". Wrong: "custom:org_id".',
    ),
    (
        {"pre_token_generation_lambda_arn": FUNCTION, "user_pool_tier": "LITE"},
        "pre_token_generation_lambda_arn: the plan LITE changes no access tokens; set user_pool_tier to ESSENTIALS or PLUS.",
    ),
    ({"user_pool_tier": "PRO"}, 'user_pool_tier: LITE, ESSENTIALS or PLUS, but is "PRO".'),
    (
        {"access_token_minutes": 1},
        "access_token_minutes: Cognito takes whole minutes from 5 to 1440 (a day), not 1.",
    ),
    ({"envoy_cluster_name": "the keys"}, 'envoy_cluster_name: letters, digits and any of _.-, but is "the keys".'),
    ({"envoy_trusted_ca": "ca.pem"}, 'envoy_trusted_ca: an absolute path, but is "ca.pem".'),
]


def surprises(module, directory, environment):
    """What came out otherwise. What reads them stands alone here, so no provider is started."""
    directory.mkdir()
    for name in ["variables.tf", "rules.tf"]:
        shutil.copy(module / name, directory)
    terraform = Terraform(directory, environment)
    for change, message in [({}, None), *MISTAKES]:
        said = diagnosis(terraform, GOOD | change)
        if said != ([message] if message else []):
            yield f"{json.dumps(change)}\n  should be refused with {message}\n  but terraform says    {said}"


def diagnosis(terraform, variables):
    (terraform.directory / "terraform.tfvars.json").write_text(json.dumps(variables))
    _, said = terraform.run("plan", "-json", "-lock=false", allowed=(0, 1))
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    errors = [line["diagnostic"] for line in lines if line["@level"] == "error"]
    # Below the message Terraform names the line of the rule.
    return [error.get("detail", error["summary"]).split("\n\n")[0] for error in errors]
