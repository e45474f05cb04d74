"""The requests that `make demo` and `make docker-test` send, and their expected results."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .tokens import ALICE, ALICE_ID, ALICE_OTHER_APP, BOB, EXPIRED, NOT_A_JWT, READER, WRITER
from .users import USERS

NO_CREDENTIAL = 'Bearer realm="demo"'
INVALID = 'Bearer realm="demo", error="invalid_token"'
INSUFFICIENT = 'Bearer realm="demo", error="insufficient_scope"'

GROUPS = {user: ",".join(groups) or None for user, groups in USERS.items()}


@dataclass(frozen=True)
class Scenario:
    title: str
    request: str
    status: int
    # The reason in the access log.
    reason: str
    # The name of the bearer token to send.
    token: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    challenge: str | None = None
    # Headers that the upstream must get; None: a header that it must not get.
    upstream: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def method(self):
        return self.request.split()[0]

    @property
    def path(self):
        return self.request.split()[1]


SCENARIOS = [
    Scenario("A public route", "GET /health", 200, "public"),
    Scenario("No token", "GET /me", 401, "token_missing", challenge=NO_CREDENTIAL),
    Scenario("Not a JWT", "GET /me", 401, "token_malformed", NOT_A_JWT, challenge=INVALID),
    Scenario(
        "A good access token",
        "GET /me",
        200,
        "allowed",
        ALICE,
        upstream={"x-jwt-username": "alice", "x-jwt-groups": GROUPS["alice"]},
    ),
    Scenario("The ID token, by mistake", "GET /me", 401, "token_use_mismatch", ALICE_ID, challenge=INVALID),
    Scenario("A token for another client", "GET /me", 401, "audience_mismatch", ALICE_OTHER_APP, challenge=INVALID),
    Scenario("An expired token", "GET /items", 401, "token_expired", EXPIRED, challenge=INVALID),
    Scenario(
        "A machine with the scope",
        "GET /items",
        200,
        "allowed",
        READER,
        upstream={"x-jwt-scope": "https://api.example.com/read", "x-jwt-username": None},
    ),
    Scenario(
        "The scope is missing",
        "POST /items",
        403,
        "scope_missing",
        READER,
        challenge=f'{INSUFFICIENT}, scope="https://api.example.com/write"',
    ),
    Scenario("The same request, with the scope", "POST /items", 200, "allowed", WRITER),
    Scenario("The group is missing", "GET /admin/reports", 403, "group_missing", BOB, challenge=INSUFFICIENT),
    Scenario("The right group", "GET /admin/reports", 200, "allowed", ALICE, upstream={"x-jwt-groups": GROUPS["alice"]}),
    Scenario("The user's own record", "GET /users/bob", 200, "allowed", BOB, upstream={"x-jwt-username": "bob"}),
    Scenario("Another user's record", "GET /users/alice", 403, "claim_mismatch", BOB, challenge=INSUFFICIENT),
    Scenario("A route without a rule", "GET /secrets", 403, "route_denied", ALICE),
    Scenario(
        "A browser's preflight",
        "OPTIONS /items",
        204,
        "preflight",
        headers={"origin": "https://app.example.com", "access-control-request-method": "POST"},
    ),
    Scenario(
        "A forged identity, public route",
        "GET /health",
        200,
        "public",
        headers={"x-jwt-username": "alice", "X_JWT_Groups": "admin"},
        upstream={"x-jwt-username": None, "x_jwt_groups": None},
    ),
    Scenario(
        "A forged identity, and a token",
        "GET /me",
        200,
        "allowed",
        BOB,
        headers={"x-jwt-username": "alice", "x-jwt-groups": "admin"},
        upstream={"x-jwt-username": "bob", "x-jwt-groups": GROUPS["bob"]},
    ),
]
