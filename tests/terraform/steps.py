"""Which requests are sent, and what must come of them."""

from demo.steps import Step

NO_CREDENTIAL = 'Bearer realm="api"'
INVALID = 'Bearer realm="api", error="invalid_token"'
INSUFFICIENT = 'Bearer realm="api", error="insufficient_scope"'

READ, WRITE = "https://api.example.com/read", "https://api.example.com/write"

BEN, BEN_ID, BEN_ELSEWHERE = "ben's token", "ben's ID token", "ben's token for another client"
BEN_READS, ADA_READS, CLEO_READS, DAN_READS = (f"{name}'s token with the scope read" for name in ("ben", "ada", "cleo", "dan"))
MACHINE = "the machine's token with the scope read"


def wallet(pool):
    return {
        BEN: pool.sign_in("ben").access,
        BEN_ID: pool.sign_in("ben").id,
        BEN_ELSEWHERE: pool.sign_in("ben", pool.other).access,
        BEN_READS: pool.authorize("ben", "read"),
        ADA_READS: pool.authorize("ada", "read"),
        CLEO_READS: pool.authorize("cleo", "read"),
        DAN_READS: pool.authorize("dan", "read"),
        MACHINE: pool.credentials("read"),
    }


def script(pool):
    acme = {"x-jwt-org-id": "acme", "x-jwt-org-tier": "free"}
    return [
        Step("A public route", "GET /health", 200, "public"),
        Step("No token", "GET /me", 401, "token_missing", challenge=NO_CREDENTIAL),
        Step("A person, as the pool issued it", "GET /me", 200, "allowed", BEN, upstream={"x-jwt-client-id": pool.web}),
        Step("The ID token, by mistake", "GET /me", 401, "token_use_mismatch", BEN_ID, challenge=INVALID),
        Step("A client that is no audience", "GET /me", 401, "audience_mismatch", BEN_ELSEWHERE, challenge=INVALID),
        missing_scope("A person without scopes", "GET /items", BEN, READ),
        Step("A person with the scope", "GET /items", 200, "allowed", BEN_READS, upstream=acme),
        missing_scope("Another scope is asked for", "POST /items", BEN_READS, WRITE),
        Step(
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
        Step("The right group", "GET /admin/users", 200, "allowed", ADA_READS, upstream={"x-jwt-groups": "admin"}),
        Step("One's own organisation", "GET /orgs/acme", 200, "allowed", BEN_READS, upstream=acme),
        refused("Another's organisation", "GET /orgs/globex", "claim_mismatch", BEN_READS),
        refused("No organisation in the token", "GET /orgs/acme", "claim_mismatch", BEN),
        Step("Another's, for support", "GET /orgs/globex", 200, "allowed", DAN_READS, upstream={"x-jwt-groups": "support"}),
        Step("A tier that has reports", "GET /reports/q3", 200, "allowed", CLEO_READS, upstream={"x-jwt-org-tier": "pro"}),
        refused("A tier that has none", "GET /reports/q3", "claim_mismatch", BEN_READS),
        refused("A machine has no tier", "GET /reports/q3", "claim_mismatch", MACHINE),
        Step(
            "A forged tier, and a token",
            "GET /me",
            200,
            "allowed",
            BEN_READS,
            headers={"X-JWT-Org-Tier": "enterprise"},
            upstream=acme,
        ),
        Step("A route without a rule", "GET /secrets", 403, "route_denied", ADA_READS),
    ]


def refused(title, request, reason, bearer):
    return Step(title, request, 403, reason, bearer, challenge=INSUFFICIENT)


def missing_scope(title, request, bearer, scope):
    return Step(title, request, 403, "scope_missing", bearer, challenge=f'{INSUFFICIENT}, scope="{scope}"')


# Where the keys come from a server that cannot prove that it is Cognito, nobody gets in.
IMPOSTOR = [
    Step("Keys from an impostor", "GET /me", 503, "keys_unavailable", BEN),
    Step("A public route all the same", "GET /health", 200, "public"),
]

# Another pool: a token of the example's is nobody's here.
README = [
    Step("A public route", "GET /health", 200, "public"),
    Step("No token", "GET /items", 401, "token_missing", challenge=NO_CREDENTIAL),
    Step("A token of another pool", "GET /items", 401, "issuer_unknown", BEN_READS, challenge=INVALID),
]
