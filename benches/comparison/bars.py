"""The bars: how much this filter may cost, as a share of what Envoy's own costs for the same work in the same run."""

from dataclasses import dataclass

from .subjects import AUTHORIZER, JWT_AUTHN, JWT_AUTHN_CACHED, JWT_AUTHN_CACHED_RBAC


@dataclass(frozen=True)
class Ratio:
    """Added CPU of this filter under a workload, over that of another measurement."""

    title: str
    limit: float
    workload: str
    over: tuple

    def value(self, measurements):
        own, other = measurements.get((self.workload, AUTHORIZER)), measurements.get(self.over)
        return own.added_us / other.added_us if own and other else None

    def format(self, value):
        return f"{value:.2f}"


@dataclass(frozen=True)
class Weight:
    title: str
    limit: float
    unit: str
    divisor: float
    field: str

    def value(self, weights):
        return getattr(weights, self.field) / self.divisor if weights else None

    def format(self, value):
        return f"{value:.3g} {self.unit}"


def against(rival, title, limit, workload):
    return Ratio(title, limit, workload, (workload, rival))


RATIOS = [
    against(JWT_AUTHN, "RS256, unseen token, over jwt_authn", 0.75, "unseen, RS256"),
    against(JWT_AUTHN, "ES256, unseen token, over jwt_authn", 0.90, "unseen, ES256"),
    against(JWT_AUTHN_CACHED, "seen token, over jwt_authn with its cache", 1.5, "seen"),
    against(JWT_AUTHN_CACHED, "the same, with the caller's identity for access logs", 1.5, "seen, for access logs"),
    against(JWT_AUTHN_CACHED_RBAC, "seen token and a scope, over jwt_authn with its cache + RBAC", 0.75, "seen, scope"),
    Ratio("5,000 rules over 5, seen token", 1.1, "5,000 rules, seen", ("seen", AUTHORIZER)),
    against(JWT_AUTHN_CACHED, "500 rules, over jwt_authn with its cache", 0.6, "500 rules, seen"),
    against(JWT_AUTHN_CACHED, "5,000 rules, over jwt_authn with its cache", 0.08, "5,000 rules, seen"),
    against(JWT_AUTHN, "expired token, over jwt_authn", 1.0, "refused: expired"),
    against(JWT_AUTHN, "garbage for a token, over jwt_authn", 1.0, "refused: garbage"),
]
WEIGHTS = [
    Weight("size of the module", 700, "KB", 1000, "module_bytes"),
    Weight("memory of one worker's VM", 8, "MiB", 1 << 20, "memory_bytes"),
    Weight("start of a worker with 5,000 rules, over an empty filter", 50, "ms", 0.001, "start_up_seconds"),
]


@dataclass(frozen=True)
class Verdict:
    title: str
    bar: str
    measured: str
    met: bool


def judge(measurements, weights):
    """Of those bars that were measured."""
    values = [(bar, bar.value(measurements)) for bar in RATIOS] + [(bar, bar.value(weights)) for bar in WEIGHTS]
    return [
        Verdict(bar.title, bar.format(bar.limit), bar.format(value), value <= bar.limit)
        for bar, value in values
        if value is not None
    ]
