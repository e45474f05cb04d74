"""The workloads: which tokens are sent, by which rules they are checked, and which filters are compared."""

from dataclasses import dataclass, field, replace

from .subjects import (
    AUTHORIZER,
    BEFORE,
    BEFORE_IN_RUST,
    CONTEXTS,
    EMPTY,
    HOST_CALLS,
    IN_RUST,
    JWT_AUTHN,
    JWT_AUTHN_CACHED,
    JWT_AUTHN_CACHED_RBAC,
    JWT_AUTHN_RBAC,
    JWT_SIMPLE,
    PARSES_ES256,
    PARSES_RS256,
    REFUSES,
    VERIFIES_ES256,
    VERIFIES_RS256,
    Policy,
)

# More tokens than any of the caches holds: when one is sent again, it is no longer cached.
UNSEEN = 12_000
# Large tokens fill the bytes that a cache may take, so fewer are needed.
UNSEEN_LARGE = 3_000
# Fewer than the 100 that jwt_authn's cache holds by default.
SEEN = 50


@dataclass(frozen=True)
class Tokens:
    """A file of tokens."""

    count: int
    algorithm: str = "RS256"
    size: int = 1024
    issuer: int = 0
    age: int = 60
    garbage: bool = False

    def mint(self, issuers):
        tokens = (
            issuers.token(self.algorithm, self.size, self.issuer, serial, self.age) for serial in range(self.count)
        )
        return [token[::-1].replace(".", "") if self.garbage else token for token in tokens]


@dataclass(frozen=True)
class Workload:
    name: str
    tokens: Tokens
    subjects: tuple
    policy: Policy = field(default_factory=Policy)
    status: int = 200


def seen(**fields):
    return Tokens(SEEN, **fields)


def unseen(**fields):
    return Tokens(UNSEEN, **fields)


WORKLOADS = [
    Workload("seen", seen(), (AUTHORIZER, JWT_AUTHN_CACHED, JWT_AUTHN, HOST_CALLS, CONTEXTS, EMPTY)),
    Workload("seen, for access logs", seen(), (AUTHORIZER, JWT_AUTHN_CACHED), Policy(access_log=True)),
    Workload("seen, scope", seen(), (AUTHORIZER, JWT_AUTHN_CACHED_RBAC, JWT_AUTHN_RBAC), Policy(scope=True)),
    Workload("seen, claims to headers", seen(), (AUTHORIZER, JWT_AUTHN_CACHED), Policy(claims_to_headers=True)),
    Workload("unseen, RS256", unseen(), (AUTHORIZER, JWT_AUTHN, JWT_AUTHN_CACHED, PARSES_RS256, VERIFIES_RS256)),
    Workload("unseen, RS256, scope", unseen(), (AUTHORIZER, JWT_AUTHN_RBAC), Policy(scope=True)),
    Workload("unseen, RS256, in Rust", unseen(), (IN_RUST, JWT_SIMPLE)),
    Workload("unseen, ES256", unseen(algorithm="ES256"), (AUTHORIZER, JWT_AUTHN, PARSES_ES256, VERIFIES_ES256)),
    Workload("unseen, EdDSA", unseen(algorithm="EdDSA"), (AUTHORIZER, JWT_AUTHN)),
    Workload("unseen, PS256", unseen(algorithm="PS256"), (AUTHORIZER, JWT_AUTHN)),
    Workload("500 rules, seen", seen(), (AUTHORIZER, JWT_AUTHN_CACHED), Policy(rules=500)),
    Workload("5,000 rules, seen", seen(), (AUTHORIZER, JWT_AUTHN_CACHED), Policy(rules=5_000)),
    Workload("10 providers, seen", seen(issuer=9), (AUTHORIZER, JWT_AUTHN_CACHED), Policy(providers=10)),
    Workload("50 providers, seen", seen(issuer=49), (AUTHORIZER, JWT_AUTHN_CACHED), Policy(providers=50)),
    Workload("50 providers, unseen", unseen(issuer=49), (AUTHORIZER, JWT_AUTHN), Policy(providers=50)),
    Workload("8 KB, seen", seen(size=8192), (AUTHORIZER, JWT_AUTHN_CACHED)),
    Workload("8 KB, unseen", Tokens(UNSEEN_LARGE, size=8192), (AUTHORIZER, JWT_AUTHN)),
    Workload("refused: expired", seen(age=48 * 3600), (AUTHORIZER, JWT_AUTHN_CACHED, JWT_AUTHN), status=401),
    Workload("refused: garbage", seen(garbage=True), (AUTHORIZER, JWT_AUTHN_CACHED, JWT_AUTHN, REFUSES), status=401),
]


def with_before(workload):
    """The same with another version of the filter beside it."""
    pairs = {AUTHORIZER: (AUTHORIZER, BEFORE), IN_RUST: (IN_RUST, BEFORE_IN_RUST)}
    return replace(workload, subjects=tuple(kind for each in workload.subjects for kind in pairs.get(each, (each,))))
