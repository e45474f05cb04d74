"""The script: which requests are sent, and what must come of them. One script for `make demo` and `make docker-test`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .cognito import USERS
from .wallet import ALICE, ALICE_ELSEWHERE, ALICE_ID, BOB, EXPIRED, NONSENSE, READER, WRITER

NO_CREDENTIAL = 'Bearer realm="demo"'
INVALID = 'Bearer realm="demo", error="invalid_token"'
INSUFFICIENT = 'Bearer realm="demo", error="insufficient_scope"'

GROUPS = {user: ",".join(groups) or None for user, groups in USERS.items()}


@dataclass(frozen=True)
class Step:
    title: str
    request: str
    status: int
    # What the access log gives as the reason.
    reason: str
    bearer: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    challenge: str | None = None
    # Headers as the upstream got them; None where it must have got none.
    upstream: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def method(self):
        return self.request.split()[0]

    @property
    def path(self):
        return self.request.split()[1]


STEPS = [
    Step("A public route", "GET /health", 200, "public"),
    Step("No token", "GET /me", 401, "token_missing", challenge=NO_CREDENTIAL),
    Step("Nonsense for a token", "GET /me", 401, "token_malformed", NONSENSE, challenge=INVALID),
    Step(
        "A good access token",
        "GET /me",
        200,
        "allowed",
        ALICE,
        upstream={"x-jwt-username": "alice", "x-jwt-groups": GROUPS["alice"]},
    ),
    Step("The ID token, by mistake", "GET /me", 401, "token_use_mismatch", ALICE_ID, challenge=INVALID),
    Step("A token for another client", "GET /me", 401, "audience_mismatch", ALICE_ELSEWHERE, challenge=INVALID),
    Step("An expired token", "GET /items", 401, "token_expired", EXPIRED, challenge=INVALID),
    Step(
        "A machine with the scope",
        "GET /items",
        200,
        "allowed",
        READER,
        upstream={"x-jwt-scope": "https://api.example.com/read", "x-jwt-username": None},
    ),
    Step(
        "The scope is missing",
        "POST /items",
        403,
        "scope_missing",
        READER,
        challenge=f'{INSUFFICIENT}, scope="https://api.example.com/write"',
    ),
    Step("The same, with that scope", "POST /items", 200, "allowed", WRITER),
    Step("The group is missing", "GET /admin/reports", 403, "group_missing", BOB, challenge=INSUFFICIENT),
    Step("The right group", "GET /admin/reports", 200, "allowed", ALICE, upstream={"x-jwt-groups": GROUPS["alice"]}),
    Step("One's own record", "GET /users/bob", 200, "allowed", BOB, upstream={"x-jwt-username": "bob"}),
    Step("Somebody else's record", "GET /users/alice", 403, "claim_mismatch", BOB, challenge=INSUFFICIENT),
    Step("A route without a rule", "GET /secrets", 403, "route_denied", ALICE),
    Step(
        "A browser's preflight",
        "OPTIONS /items",
        204,
        "preflight",
        headers={"origin": "https://app.example.com", "access-control-request-method": "POST"},
    ),
    Step(
        "A forged identity, public route",
        "GET /health",
        200,
        "public",
        headers={"x-jwt-username": "alice", "X_JWT_Groups": "admin"},
        upstream={"x-jwt-username": None, "x_jwt_groups": None},
    ),
    Step(
        "A forged identity, and a token",
        "GET /me",
        200,
        "allowed",
        BOB,
        headers={"x-jwt-username": "alice", "x-jwt-groups": "admin"},
        upstream={"x-jwt-username": "bob", "x-jwt-groups": GROUPS["bob"]},
    ),
]
