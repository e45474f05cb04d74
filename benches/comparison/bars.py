"""The bars: how much this filter may cost, as a share of what Envoy's own costs for the same work in the same run."""

from dataclasses import dataclass

from .subjects import (
    ASKS,
    AUTHORIZER,
    IN_RUST,
    JWT_AUTHN,
    JWT_AUTHN_CACHED,
    JWT_AUTHN_CACHED_RBAC,
    JWT_SIMPLE,
    READS_ES256,
    READS_RS256,
    REFUSES,
)


@dataclass(frozen=True)
class Ratio:
    """Added CPU of this filter under a workload, over that of another measurement."""

    title: str
    limit: float
    workload: str
    over: tuple
    # What does hardly more than can't be left out: the workload that it is measured in, and its name.
    floor: tuple = ()
    subject: str = AUTHORIZER

    def value(self, measurements):
        return ratio(measurements.get((self.workload, self.subject)), measurements.get(self.over))

    def floor_value(self, measurements):
        return ratio(measurements.get(self.floor), measurements.get(self.over))

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

    def floor_value(self, weights):
        return None

    def format(self, value):
        return f"{value:.3g} {self.unit}"


def ratio(one, other):
    return one.added_us / other.added_us if one and other else None


def against(rival, title, limit, workload, floor=("seen", ASKS)):
    return Ratio(title, limit, workload, (workload, rival), floor)


RATIOS = [
    against(JWT_AUTHN, "RS256, unseen token, over jwt_authn", 0.75, "unseen, RS256", ("unseen, RS256", READS_RS256)),
    against(JWT_AUTHN, "ES256, unseen token, over jwt_authn", 0.90, "unseen, ES256", ("unseen, ES256", READS_ES256)),
    against(JWT_AUTHN_CACHED, "seen token, over jwt_authn with its cache", 1.5, "seen"),
    against(JWT_AUTHN_CACHED, "the same, with the caller's identity for access logs", 1.5, "seen, for access logs"),
    against(JWT_AUTHN_CACHED_RBAC, "seen token and a scope, over jwt_authn with its cache + RBAC", 0.75, "seen, scope"),
    Ratio("5,000 rules over 5, seen token", 1.1, "5,000 rules, seen", ("seen", AUTHORIZER)),
    against(JWT_AUTHN_CACHED, "500 rules, over jwt_authn with its cache", 0.6, "500 rules, seen"),
    against(JWT_AUTHN_CACHED, "5,000 rules, over jwt_authn with its cache", 0.08, "5,000 rules, seen"),
    against(JWT_AUTHN, "expired token, over jwt_authn", 1.0, "refused: expired", ("refused: garbage", REFUSES)),
    Ratio(
        "RS256 without host cryptography, over jwt-simple as it comes",
        0.5,
        "unseen, RS256, in Rust",
        ("unseen, RS256, in Rust", JWT_SIMPLE),
        subject=IN_RUST,
    ),
    against(JWT_AUTHN, "garbage for a token, over jwt_authn", 1.0, "refused: garbage", ("refused: garbage", REFUSES)),
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
    floor: str


def judge(measurements, weights):
    """Of those bars that were measured."""
    return [
        verdict(bar, values)
        for bars, values in ((RATIOS, measurements), (WEIGHTS, weights))
        for bar in bars
        if bar.value(values) is not None
    ]


def verdict(bar, values):
    value, floor = bar.value(values), bar.floor_value(values)
    return Verdict(
        bar.title,
        bar.format(bar.limit),
        bar.format(value),
        value <= bar.limit,
        "" if floor is None else bar.format(floor),
    )
