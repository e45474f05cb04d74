"""The metrics that Prometheus reads from a gateway after allowed, refused and dry-run requests and failed key fetches."""

import re
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache

from prometheus_client.parser import text_string_to_metric_families

from demo.exchange import send
from demo.upstream import upstream

from .gateway import DOWN, Gateway, eventually, provider, serving, token

PROVIDERS = ["main", "rule", "jwks_keys", "with-dash_and_line", "detailed"]
# A provider with counts by audience and client, and a token whose claim cannot be a header.
SETTINGS = {
    "detailed": {
        "audiences": ["api", "api.v2"],
        "clients": ["web", "https://app.example/old"],
        "claims_to_headers": {"x-name": "name"},
    }
}
CLAIMS = {"detailed": {"client_id": "https://app.example/old", "aud": "api.v2", "name": "two\nlines"}}
# Rule names with characters that could break the pattern of a stats tag.
RULES = [
    "GET /users/{id}",
    "ANY /files/{path+}",
    "v1.2/items.list",
    'a "quoted" \\ name',
    "items: read at http://api.example:80/",
    "lecture d'été",
    "x.allowed",
    "provider.other.denied",
    "cluster.items.upstream_rq_200",
]
DRY_RUN, PUBLIC = "GET /dry-run", "GET /public"
POLICY = {
    "providers": {name: provider(name, **SETTINGS.get(name, {})) for name in PROVIDERS} | {"down": provider("down", DOWN)},
    "rules": [
        *({"route": f"GET /{number}", "name": name} for number, name in enumerate(RULES)),
        {"route": DRY_RUN, "mode": "dry_run"},
        {"route": PUBLIC, "access": "public"},
    ],
}


@dataclass(frozen=True)
class Request:
    path: str
    status: int
    provider: str | None = None
    expired: bool = False


# The same token often enough that each worker sees it again.
TRAFFIC = [
    *(Request(f"/{number}", 200, "main") for number, _ in enumerate(RULES) for _ in range(8)),
    *(Request(f"/{number}", 401) for number, _ in enumerate(RULES)),
    *(Request("/0", 200, name) for name in PROVIDERS),
    *(Request("/0", 401, name, expired=True) for name in PROVIDERS),
    *[Request("/dry-run", 200), Request("/dry-run", 200, "main", expired=True), Request("/dry-run", 200, "main")],
    *[Request("/public", 200), Request("/nowhere", 403), Request("/0", 503, "down")],
]
ALLOWED = sum(request.status == 200 for request in TRAFFIC)
DENIED = len(TRAFFIC) - ALLOWED


class Scrape:
    """The series by name, each a list of labels with a value."""

    def __init__(self, text):
        families = list(text_string_to_metric_families(text))
        names = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
        self.kinds = {}
        self.series = {}
        for family in families:
            for sample in family.samples:
                # This parser adds `_total` to every counter's name that lacks it; Prometheus does not.
                name = family.name if family.type == "counter" and family.name in names else sample.name
                self.kinds[name] = family.type
                self.series.setdefault(name, []).append((sample.labels, sample.value))

    def total(self, name, **labels):
        """The sum of the filter's series of that name that have these labels."""
        samples = self.series.get(f"jwt_authorizer_{name}", [])
        return sum(value for found, value in samples if labels.items() <= found.items())

    def values(self, name, label):
        return {labels.get(label) for labels, _ in self.series.get(f"jwt_authorizer_{name}", [])}

    def labels(self, name):
        """The labels of the series of this full name."""
        return set(self.series[name][0][0])

    def is_complete(self):
        """Whether every worker has flushed its metrics: the last ones for the requests and for each provider's keys."""
        requests = self.total("rule_allowed") + self.total("rule_denied") == len(TRAFFIC)
        failed = self.total("provider_jwks_fetch_failed") > 0
        # The worker that fetched may not be the one that reports the keys.
        series = ["provider_jwks_fetch_success", "provider_jwks_seconds_since_success"]
        return requests and failed and all(self.values(name, "provider") == {*PROVIDERS} for name in series)


@cache
def scrape():
    """Sends the traffic and reads the metrics once for all tests."""
    with ExitStack() as stack:
        gateway = Gateway(POLICY, stack.enter_context(serving(upstream())), stack)
        for request in TRAFFIC:
            status = send(f"http://{gateway.address}", "GET", request.path, credentials(request)).status
            assert status == request.status, f"{request} was answered with {status}"
        eventually("all requests are counted", lambda: read(gateway).is_complete())
        # Once more: a worker may have flushed its metrics in the middle of the last read.
        return read(gateway)


@cache
def credentials(request):
    if not request.provider:
        return {}
    claims = CLAIMS.get(request.provider, {}) | ({"exp": 1} if request.expired else {})
    return {"authorization": f"Bearer {token(request.provider, **claims)}"}


def read(gateway):
    return Scrape(gateway.envoy.admin("stats/prometheus"))
