"""Wrong variables: each is refused before any call to AWS, with one message that says what to do."""

import json
import shutil

from .command import Terraform

VALID = {
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
        'domain: Cognito does not allow "aws", "amazon" or "cognito" in a prefix, but the domain is "my-cognito".',
    ),
    (
        {"domain": "auth.example.com"},
        "domain: set domain_certificate_arn if this is a domain of your own, and only then; "
        'domain is "auth.example.com".',
    ),
    (
        {"domain_certificate_arn": CERTIFICATE},
        'domain: set domain_certificate_arn if this is a domain of your own, and only then; domain is "acme-api".',
    ),
    (
        server("https://api.example.com/"),
        'resource_server.identifier: a URI such as "https://api.example.com", without spaces, quotes and backslashes, '
        'and without a trailing slash, but is "https://api.example.com/".',
    ),
    (
        {"resource_server": {"identifier": "api", "scopes": {}}, "rules": [], "machine_client": {"scopes": ["read"]}},
        "resource_server.scopes: Cognito allows 1 to 100 scopes, but there are 0.",
    ),
    (
        server(**{"read": "Read", "write": "Write", "items/read": "Read"}),
        "resource_server.scopes: a name must not contain a space, slash, quote or backslash; the identifier is prepended to it. "
        'Wrong: "items/read".',
    ),
    (
        server(read="", write="Write"),
        "resource_server.scopes: each needs a description of 1 to 256 characters. Wrong: read.",
    ),
    (
        {"web_client": {"callback_urls": []}},
        "web_client.callback_urls: at least one is required: the URL that the browser returns to after sign-in.",
    ),
    (
        {"web_client": {"callback_urls": ["http://app.example.com/"]}},
        "web_client: callback_urls and logout_urls must be absolute URLs without a fragment, and http:// is only for localhost. "
        "Given: http://app.example.com/.",
    ),
    (
        {"web_client": {"callback_urls": ["http://localhost.example.com/"]}},
        "web_client: callback_urls and logout_urls must be absolute URLs without a fragment, and http:// is only for localhost. "
        "Given: http://localhost.example.com/.",
    ),
    (
        {"web_client": {"callback_urls": ["https://app.example.com/"], "scopes": ["read", "delete"]}},
        "web_client.scopes: not among resource_server.scopes: delete.",
    ),
    (
        {"machine_client": {"scopes": []}},
        "machine_client.scopes: at least one is required; Cognito issues no client credentials token without a scope.",
    ),
    (
        {"machine_client": {"scopes": ["https://api.example.com/read"]}},
        "machine_client.scopes: not among resource_server.scopes: https://api.example.com/read.",
    ),
    (
        {"groups": {"admin": "All", "the admins": "All"}},
        "groups: a name must not contain a space, comma or bracket, which separate names in a header. "
        'Wrong: "the admins".',
    ),
    ({"rules": {"GET /ok": "public"}}, 'rules: a list of objects, such as [{ route = "GET /items", scopes = ["read"] }].'),
    (
        rule(route="GET /items", group=["admin"]),
        "rules: unknown field, expected one of route, name, hosts, access, providers, scopes, groups, require, mode. "
        'Wrong: "group".',
    ),
    (
        rule(route="/items"),
        'rules: a route must be "METHOD /path", "ANY /path" or "$default". Wrong: "/items".',
    ),
    (rule(scopes=["read"]), 'rules: a route must be "METHOD /path", "ANY /path" or "$default". Wrong: null.'),
    (
        rule(route="GET /ok", scopes=["read"]),
        'rules: duplicate route for the same hosts. Wrong: "GET /ok".',
    ),
    *(
        (rule(route="GET /items", hosts=hosts), 'rules: hosts and providers must be lists of strings. Wrong: "GET /items".')
        for hosts in ["a.example", [5], {"a": "a.example"}]
    ),
    (
        rule(route="GET /items", access="private"),
        'rules: access must be public, optional, authenticated or deny. Wrong: "GET /items".',
    ),
    (rule(route="GET /items", mode="dry"), 'rules: mode must be enforce or dry_run. Wrong: "GET /items".'),
    (
        rule(route="GET /items", access="public", scopes=["read"]),
        "rules: where access is public or deny no token is checked, so providers, scopes, groups and require must not be set. "
        'Wrong: "GET /items".',
    ),
    *(
        (
            rule(route="GET /items", **{field: words}),
            "rules: scopes and groups must be a list, of which any one is enough, or { all = [...] }; to require none, "
            'leave them out. Wrong: "GET /items".',
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
        'rules: require must be an object, such as { claim = "sub", equals_path = "id" }. Wrong: "GET /items".',
    ),
    ({"default": "allow"}, 'default: deny, authenticated or public, but is "allow".'),
    (
        {"claims_to_headers": {"X-User": "sub"}},
        'claims_to_headers: header names must be in lower case, without spaces and colons. Wrong: "X-User".',
    ),
    (
        {"custom_attributes": ["custom:org_id"]},
        'custom_attributes: up to 20 letters, digits, _ and -, without "custom:". Wrong: "custom:org_id".',
    ),
    (
        {"pre_token_generation_lambda_arn": FUNCTION, "user_pool_tier": "LITE"},
        "pre_token_generation_lambda_arn: the plan LITE cannot change access tokens; set user_pool_tier to ESSENTIALS or PLUS.",
    ),
    ({"user_pool_tier": "PRO"}, 'user_pool_tier: LITE, ESSENTIALS or PLUS, but is "PRO".'),
    (
        {"access_token_minutes": 1},
        "access_token_minutes: Cognito allows whole minutes from 5 to 1440 (a day), not 1.",
    ),
    ({"envoy_cluster_name": "the keys"}, 'envoy_cluster_name: letters, digits and any of _.-, but is "the keys".'),
    ({"envoy_trusted_ca": "ca.pem"}, 'envoy_trusted_ca: an absolute path, but is "ca.pem".'),
]


def mismatches(module, directory, environment):
    """Yields the wrong messages. Only the files that validate are copied, so that no provider has to start."""
    directory.mkdir()
    for name in ["variables.tf", "rules.tf"]:
        shutil.copy(module / name, directory)
    terraform = Terraform(directory, environment)
    for change, message in [({}, None), *MISTAKES]:
        found = errors(terraform, VALID | change)
        if found != ([message] if message else []):
            yield f"{json.dumps(change)}\n  should be refused with {message}\n  but terraform reports  {found}"


def errors(terraform, variables):
    (terraform.directory / "terraform.tfvars.json").write_text(json.dumps(variables))
    _, output = terraform.run("plan", "-json", "-lock=false", allowed=(0, 1))
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    diagnostics = [line["diagnostic"] for line in lines if line["@level"] == "error"]
    # After the message Terraform names the line of the validation.
    return [diagnostic.get("detail", diagnostic["summary"]).split("\n\n")[0] for diagnostic in diagnostics]
