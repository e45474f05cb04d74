"""What is compared: filter chains that ask the same of a request, each in its own words."""

import base64
import json
from dataclasses import dataclass

from .tokens import AUDIENCE, SCOPE

NONE = "no filter"
EMPTY = "empty Wasm filter"
TOLD = "floor: told of beginning and end"
ASKS = "floor: the same, headers and clock"
REFUSES = "floor: the same and a refusal"
VERIFIES_RS256 = "floor: the same and RS256"
VERIFIES_ES256 = "floor: the same and ES256"
READS_RS256 = "floor: the same, RS256, token read and kept"
READS_ES256 = "floor: the same, ES256, token read and kept"
AUTHORIZER = "jwt-authorizer"
IN_RUST = "jwt-authorizer without host cryptography"
JWT_SIMPLE = "jwt-simple as it comes"
JWT_AUTHN = "jwt_authn"
JWT_AUTHN_CACHED = "jwt_authn with its cache"
JWT_AUTHN_RBAC = "jwt_authn + RBAC"
JWT_AUTHN_CACHED_RBAC = "jwt_authn with its cache + RBAC"

EXTENSIONS = "type.googleapis.com/envoy.extensions.filters.http"


@dataclass(frozen=True)
class Policy:
    """What is asked: a token of one of the providers at each of the rules' paths."""

    rules: int = 5
    providers: int = 1
    scope: bool = False
    claims_to_headers: bool = False
    # Whether access logs can tell who asked, or only, as with jwt_authn, why somebody was refused.
    access_log: bool = False

    @staticmethod
    def path(index):
        return f"/resources/{index}/items"

    def last_path(self):
        """The worst place for who looks through the rules one by one, and as good as any for who doesn't."""
        return self.path(self.rules - 1)


def filters(kind, policy, issuers, modules):
    """The HTTP filters, but for the router, of one of the kinds above."""
    match kind:
        case "no filter":
            return []
        case "empty Wasm filter":
            return [wasm(kind, modules.empty, b"")]
        case "floor: told of beginning and end":
            return [wasm(kind, modules.told, b"")]
        case "floor: the same, headers and clock":
            return [wasm(kind, modules.asks, b"")]
        case "floor: the same and a refusal":
            return [wasm(kind, modules.asks, b"refuse")]
        case "floor: the same and RS256" | "floor: the same and ES256":
            return [wasm(kind, modules.asks, issuers.questions(kind.split()[-1]))]
        case "floor: the same, RS256, token read and kept" | "floor: the same, ES256, token read and kept":
            return [wasm(kind, modules.reads, issuers.questions("RS256" if kind == READS_RS256 else "ES256"))]
        case "jwt-authorizer" | "jwt-authorizer without host cryptography":
            host_crypto = "off" if kind == IN_RUST else "on"
            configuration = json.dumps(authorizer(policy, issuers)).encode()
            return [wasm(f"{kind} {policy}", modules.authorizer, configuration, JWT_AUTHORIZER_HOST_CRYPTO=host_crypto)]
        case "jwt-simple as it comes":
            return [wasm(kind, modules.plain, issuers.pem("RS256"))]
        case "jwt_authn" | "jwt_authn with its cache":
            return [jwt_authn(policy, issuers, cached=kind == JWT_AUTHN_CACHED)]
        case "jwt_authn + RBAC" | "jwt_authn with its cache + RBAC":
            return [jwt_authn(policy, issuers, cached=kind == JWT_AUTHN_CACHED_RBAC), rbac()]


def wasm(name, module, configuration, **environment):
    return {
        "name": "wasm",
        "typed_config": {
            "@type": f"{EXTENSIONS}.wasm.v3.Wasm",
            "config": {
                "name": name,
                "configuration": {
                    "@type": "type.googleapis.com/google.protobuf.BytesValue",
                    "value": base64.b64encode(configuration).decode(),
                },
                "vm_config": {
                    # Each with a VM of its own, as if it were the only one.
                    "vm_id": name,
                    "runtime": "envoy.wasm.runtime.v8",
                    "environment_variables": {"key_values": environment},
                    "code": {"local": {"filename": str(module)}},
                },
            },
        },
    }


def authorizer(policy, issuers):
    provider = {"audiences": [AUDIENCE], "jwks": {"inline": issuers.jwks()}}
    if policy.claims_to_headers:
        provider["claims_to_headers"] = {"x-jwt-sub": "sub", "x-jwt-client": "client_id"}
    rule = {"scopes": [SCOPE]} if policy.scope else {}
    return {
        "filter_state": "all" if policy.access_log else "refused",
        "providers": {f"p{index}": provider | {"issuer": issuers.url(index)} for index in range(policy.providers)},
        "rules": [rule | {"route": f"GET {policy.path(index)}"} for index in range(policy.rules)],
    }


def jwt_authn(policy, issuers, cached):
    provider = {"audiences": [AUDIENCE], "local_jwks": {"inline_string": json.dumps(issuers.jwks())}, "forward": True}
    if policy.claims_to_headers:
        provider["claim_to_headers"] = [
            {"header_name": "x-jwt-sub", "claim_name": "sub"},
            {"header_name": "x-jwt-client", "claim_name": "client_id"},
        ]
    if policy.access_log:
        provider["payload_in_metadata"] = "payload"
    if policy.scope:
        # A scope is a word of the claim; to look for it as a substring would let `…/read-all` pass for `…/read`.
        provider["payload_in_metadata"] = "payload"
        provider["normalize_payload_in_metadata"] = {"space_delimited_claims": ["scope"]}
    if cached:
        # The default leaves out tokens over 4 KiB.
        provider["jwt_cache_config"] = {"jwt_max_token_size": 16 * 1024}
    names = [{"provider_name": f"p{index}"} for index in range(policy.providers)]
    requirement = {"requires_any": {"requirements": names}} if len(names) > 1 else names[0]
    return {
        "name": "jwt_authn",
        "typed_config": {
            "@type": f"{EXTENSIONS}.jwt_authn.v3.JwtAuthentication",
            "providers": {f"p{index}": provider | {"issuer": issuers.url(index)} for index in range(policy.providers)},
            "rules": [
                {"match": {"path": policy.path(index)}, "requires": requirement} for index in range(policy.rules)
            ],
        },
    }


def rbac():
    metadata = {
        "filter": "envoy.filters.http.jwt_authn",
        "path": [{"key": "payload"}, {"key": "scope"}],
        "value": {"list_match": {"one_of": {"string_match": {"exact": SCOPE}}}},
    }
    policy = {"permissions": [{"any": True}], "principals": [{"metadata": metadata}]}
    return {
        "name": "rbac",
        "typed_config": {"@type": f"{EXTENSIONS}.rbac.v3.RBAC", "rules": {"policies": {"scope": policy}}},
    }
