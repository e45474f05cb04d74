"""The requests that are sent, and their expected results."""

from demo.scenarios import Scenario

NO_CREDENTIAL = 'Bearer realm="api"'
INVALID = 'Bearer realm="api", error="invalid_token"'
INSUFFICIENT = 'Bearer realm="api", error="insufficient_scope"'

READ, WRITE = "https://api.example.com/read", "https://api.example.com/write"

BEN, BEN_ID, BEN_OTHER_CLIENT = "ben's token", "ben's ID token", "ben's token for another client"
BEN_READS, ADA_READS, CLEO_READS, DAN_READS = (f"{name}'s token with the scope read" for name in ("ben", "ada", "cleo", "dan"))
MACHINE = "the machine's token with the scope read"


def tokens(pool):
    return {
        BEN: pool.sign_in("ben").access,
        BEN_ID: pool.sign_in("ben").id,
        BEN_OTHER_CLIENT: pool.sign_in("ben", pool.other).access,
        BEN_READS: pool.authorize("ben", "read"),
        ADA_READS: pool.authorize("ada", "read"),
        CLEO_READS: pool.authorize("cleo", "read"),
        DAN_READS: pool.authorize("dan", "read"),
        MACHINE: pool.credentials("read"),
    }


def example(pool):
    acme = {"x-jwt-org-id": "acme", "x-jwt-org-tier": "free"}
    return [
        Scenario("A public route", "GET /health", 200, "public"),
        Scenario("No token", "GET /me", 401, "token_missing", challenge=NO_CREDENTIAL),
        Scenario("A user's token, as the pool issued it", "GET /me", 200, "allowed", BEN, upstream={"x-jwt-client-id": pool.web}),
        Scenario("The ID token, by mistake", "GET /me", 401, "token_use_mismatch", BEN_ID, challenge=INVALID),
        Scenario("A client that is not an audience", "GET /me", 401, "audience_mismatch", BEN_OTHER_CLIENT, challenge=INVALID),
        missing_scope("A user without scopes", "GET /items", BEN, READ),
        Scenario("A user with the scope", "GET /items", 200, "allowed", BEN_READS, upstream=acme),
        missing_scope("Another scope is required", "POST /items", BEN_READS, WRITE),
        Scenario(
            "A machine with the scope",
            "GET /items",
            200,
            "allowed",
            MACHINE,
            upstream={"x-jwt-client-id": pool.machine, "x-jwt-sub": pool.machine, "x-jwt-org-id": None},
        ),
        missing_scope("A machine without the scope", "POST /items", MACHINE, WRITE),
        refused("The group is missing", "GET /admin/users", "group_missing", BEN_READS),
        refused("A machine is in no group", "GET /admin/users", "group_missing", MACHINE),
        Scenario("The right group", "GET /admin/users", 200, "allowed", ADA_READS, upstream={"x-jwt-groups": "admin"}),
        Scenario("The user's own organisation", "GET /orgs/acme", 200, "allowed", BEN_READS, upstream=acme),
        refused("Another organisation", "GET /orgs/globex", "claim_mismatch", BEN_READS),
        refused("No organisation in the token", "GET /orgs/acme", "claim_mismatch", BEN),
        Scenario("Another one, for support", "GET /orgs/globex", 200, "allowed", DAN_READS, upstream={"x-jwt-groups": "support"}),
        Scenario("A tier that has reports", "GET /reports/q3", 200, "allowed", CLEO_READS, upstream={"x-jwt-org-tier": "pro"}),
        refused("A tier that has no reports", "GET /reports/q3", "claim_mismatch", BEN_READS),
        refused("A machine has no tier", "GET /reports/q3", "claim_mismatch", MACHINE),
        Scenario(
            "A forged tier, and a token",
            "GET /me",
            200,
            "allowed",
            BEN_READS,
            headers={"X-JWT-Org-Tier": "enterprise"},
            upstream=acme,
        ),
        Scenario("A route without a rule", "GET /secrets", 403, "route_denied", ADA_READS),
    ]


def refused(title, request, reason, bearer):
    return Scenario(title, request, 403, reason, bearer, challenge=INSUFFICIENT)


def missing_scope(title, request, bearer, scope):
    return Scenario(title, request, 403, "scope_missing", bearer, challenge=f'{INSUFFICIENT}, scope="{scope}"')


# Keys from a server without Cognito's certificate are not used, so no token is accepted.
IMPOSTOR = [
    Scenario("Keys from an impostor", "GET /me", 503, "keys_unavailable", BEN),
    Scenario("A public route needs no keys", "GET /health", 200, "public"),
]

# The README's module creates another pool, which did not issue the example's token.
README = [
    Scenario("A public route", "GET /health", 200, "public"),
    Scenario("No token", "GET /items", 401, "token_missing", challenge=NO_CREDENTIAL),
    Scenario("A token of another pool", "GET /items", 401, "issuer_unknown", BEN_READS, challenge=INVALID),
]
