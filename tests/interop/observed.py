"""What Prometheus is told of a gateway that has allowed, refused, reported, and failed to fetch keys."""

from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache

from prometheus_client.parser import text_string_to_metric_families

from demo.exchange import send
from demo.upstream import upstream

from .gateway import DOWN, Gateway, eventually, provider, serving, token

PROVIDERS = ["main", "rule", "jwks_keys", "with-dash_and_line"]
# Blanks, slashes, braces, dots, and whatever else may be in a name.
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
REPORTING, PUBLIC = "GET /reporting", "GET /public"
POLICY = {
    "providers": {name: provider(name) for name in PROVIDERS} | {"down": provider("down", DOWN)},
    "rules": [
        *({"route": f"GET /{number}", "name": name} for number, name in enumerate(RULES)),
        {"route": REPORTING, "mode": "dry_run"},
        {"route": PUBLIC, "access": "public"},
    ],
}


@dataclass(frozen=True)
class Sent:
    path: str
    status: int
    provider: str | None = None
    expired: bool = False


# Often enough the same token that each of the workers sees it again.
TRAFFIC = [
    *(Sent(f"/{number}", 200, "main") for number, _ in enumerate(RULES) for _ in range(8)),
    *(Sent(f"/{number}", 401) for number, _ in enumerate(RULES)),
    *(Sent("/0", 200, name) for name in PROVIDERS),
    *(Sent("/0", 401, name, expired=True) for name in PROVIDERS),
    *[Sent("/reporting", 200), Sent("/reporting", 200, "main", expired=True), Sent("/reporting", 200, "main")],
    *[Sent("/public", 200), Sent("/nowhere", 403), Sent("/0", 503, "down")],
]
ALLOWED = sum(sent.status == 200 for sent in TRAFFIC)
DENIED = len(TRAFFIC) - ALLOWED


class Scrape:
    """Each series: its name with pairs of labels and value."""

    def __init__(self, text):
        families = list(text_string_to_metric_families(text))
        self.kinds = {family.name: family.type for family in families}
        self.series = {}
        for family in families:
            for sample in family.samples:
                # Prometheus takes a counter's name as it is; this parser gives it a suffix.
                name = family.name if family.type == "counter" else sample.name
                self.series.setdefault(name, []).append((sample.labels, sample.value))

    def total(self, name, **labels):
        """Of the filter's series of that name, those with these labels."""
        found = self.series.get(f"jwt_authorizer_{name}", [])
        return sum(value for has, value in found if labels.items() <= has.items())

    def values(self, name, label):
        return {has.get(label) for has, _ in self.series.get(f"jwt_authorizer_{name}", [])}

    def labels(self, name):
        """The labels that series of this full name have, all of the same."""
        return set(self.series[name][0][0])

    def is_complete(self):
        """Whether each worker has handed over everything: what comes last of requests, and of each provider's keys."""
        requests = self.total("rule_allowed") + self.total("rule_denied") == len(TRAFFIC)
        failed = self.total("provider_jwks_fetch_failed") > 0
        # Who has fetched may be another than who has the keys.
        series = ["provider_jwks_fetch_success", "provider_jwks_seconds_since_success"]
        return requests and failed and all(self.values(name, "provider") == {*PROVIDERS} for name in series)


@cache
def scrape():
    """Made once for all tests."""
    with ExitStack() as stack:
        gateway = Gateway(POLICY, stack.enter_context(serving(upstream())), stack)
        for sent in TRAFFIC:
            status = send(f"http://{gateway.address}", "GET", sent.path, credentials(sent)).status
            assert status == sent.status, f"{sent} was answered with {status}"
        eventually("everything is counted", lambda: read(gateway).is_complete())
        # What was read last may have been handed over while the rest was read.
        return read(gateway)


@cache
def credentials(sent):
    if not sent.provider:
        return {}
    return {"authorization": f"Bearer {token(sent.provider, **({'exp': 1} if sent.expired else {}))}"}


def read(gateway):
    return Scrape(gateway.envoy.admin("stats/prometheus"))
