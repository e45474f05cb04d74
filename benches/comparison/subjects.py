"""What is compared: filter chains that apply the same policy, each in its own configuration."""

import base64
import json
from dataclasses import dataclass

from .tokens import AUDIENCE, SCOPE

NONE = "no filter"
EMPTY = "empty Wasm filter"
CONTEXTS = "floor: contexts created and deleted"
HOST_CALLS = "floor: headers and clock"
REFUSES = "floor: headers, clock, refusal"
VERIFIES_RS256 = "floor: headers, clock, RS256"
VERIFIES_ES256 = "floor: headers, clock, ES256"
PARSES_RS256 = "floor: headers, clock, RS256, token parsed and cached"
PARSES_ES256 = "floor: headers, clock, ES256, token parsed and cached"
AUTHORIZER = "jwt-authorizer"
IN_RUST = "jwt-authorizer without host cryptography"
BEFORE = "before"
BEFORE_IN_RUST = "before, without host cryptography"
JWT_SIMPLE = "jwt-simple"
JWT_AUTHN = "jwt_authn"
JWT_AUTHN_CACHED = "jwt_authn with its cache"
JWT_AUTHN_RBAC = "jwt_authn + RBAC"
JWT_AUTHN_CACHED_RBAC = "jwt_authn with its cache + RBAC"

EXTENSIONS = "type.googleapis.com/envoy.extensions.filters.http"


@dataclass(frozen=True)
class Policy:
    """Each path of the rules needs a token of one of the providers."""

    rules: int = 5
    providers: int = 1
    scope: bool = False
    claims_to_headers: bool = False
    # Whether access logs get the caller's identity. Otherwise they get, as with jwt_authn, the reason of a refusal only.
    access_log: bool = False

    @staticmethod
    def path(index):
        return f"/resources/{index}/items"

    def last_path(self):
        """The worst one for a filter that tries the rules one by one."""
        return self.path(self.rules - 1)


def filters(kind, policy, issuers, modules):
    """The HTTP filters of one of the kinds above, without the router."""
    if kind == NONE:
        return []
    if kind in (JWT_AUTHN, JWT_AUTHN_CACHED):
        return [jwt_authn(policy, issuers, cached=kind == JWT_AUTHN_CACHED)]
    if kind in (JWT_AUTHN_RBAC, JWT_AUTHN_CACHED_RBAC):
        return [jwt_authn(policy, issuers, cached=kind == JWT_AUTHN_CACHED_RBAC), rbac()]
    if kind in (AUTHORIZER, IN_RUST, BEFORE, BEFORE_IN_RUST):
        module = modules.authorizer if kind in (AUTHORIZER, IN_RUST) else modules.before
        host_crypto = "off" if kind in (IN_RUST, BEFORE_IN_RUST) else "on"
        configuration = json.dumps(authorizer(policy, issuers)).encode()
        return [wasm(f"{kind} {policy}", module, configuration, JWT_AUTHORIZER_HOST_CRYPTO=host_crypto)]
    module, configuration = {
        EMPTY: (modules.empty, lambda: b""),
        CONTEXTS: (modules.contexts, lambda: b""),
        HOST_CALLS: (modules.host_calls, lambda: b""),
        REFUSES: (modules.host_calls, lambda: b"refuse"),
        VERIFIES_RS256: (modules.host_calls, lambda: issuers.signed_messages("RS256")),
        VERIFIES_ES256: (modules.host_calls, lambda: issuers.signed_messages("ES256")),
        PARSES_RS256: (modules.tokens, lambda: issuers.signed_messages("RS256")),
        PARSES_ES256: (modules.tokens, lambda: issuers.signed_messages("ES256")),
        JWT_SIMPLE: (modules.plain, lambda: issuers.pem("RS256")),
    }[kind]
    return [wasm(kind, module, configuration())]


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
                    # A VM for each, as if it were the only one.
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
        # A scope is one word of the claim: as a substring, `…/read` would also be found in `…/read-all`.
        provider["payload_in_metadata"] = "payload"
        provider["normalize_payload_in_metadata"] = {"space_delimited_claims": ["scope"]}
    if cached:
        # By default, tokens over 4 KiB are not cached.
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
