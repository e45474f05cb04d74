"""What the rows of a comparison say: the CPU time that this filter adds to a request, over what another adds in the same
run; and what the module weighs."""

from dataclasses import dataclass

from .subjects import (
    AUTHORIZER,
    BEFORE,
    BEFORE_IN_RUST,
    HOST_CALLS,
    IN_RUST,
    JWT_AUTHN,
    JWT_AUTHN_CACHED,
    JWT_AUTHN_CACHED_RBAC,
    JWT_SIMPLE,
    PARSES_ES256,
    PARSES_RS256,
    REFUSES,
)


@dataclass(frozen=True)
class Ratio:
    title: str
    workload: str
    # Workload and subject of the measurement that is divided by.
    over: tuple
    # The same for the Wasm filter that does only what cannot be left out, if there is one.
    floor: tuple = ()
    subject: str = AUTHORIZER
    before: str = BEFORE


def over(rival, title, workload, floor=("seen", HOST_CALLS)):
    return Ratio(title, workload, (workload, rival), floor)


RATIOS = [
    over(JWT_AUTHN, "RS256, unseen token, over jwt_authn", "unseen, RS256", ("unseen, RS256", PARSES_RS256)),
    over(JWT_AUTHN, "ES256, unseen token, over jwt_authn", "unseen, ES256", ("unseen, ES256", PARSES_ES256)),
    over(JWT_AUTHN_CACHED, "seen token, over jwt_authn with its cache", "seen"),
    over(JWT_AUTHN_CACHED, "the same, with the caller's identity for access logs", "seen, for access logs"),
    over(JWT_AUTHN_CACHED_RBAC, "seen token and a scope, over jwt_authn with its cache + RBAC", "seen, scope"),
    Ratio("5,000 rules over 5, seen token", "5,000 rules, seen", ("seen", AUTHORIZER)),
    over(JWT_AUTHN_CACHED, "500 rules, over jwt_authn with its cache", "500 rules, seen"),
    over(JWT_AUTHN_CACHED, "5,000 rules, over jwt_authn with its cache", "5,000 rules, seen"),
    over(JWT_AUTHN, "expired token, over jwt_authn", "refused: expired", ("refused: garbage", REFUSES)),
    over(JWT_AUTHN, "garbage for a token, over jwt_authn", "refused: garbage", ("refused: garbage", REFUSES)),
    Ratio(
        "RS256 without host cryptography, over jwt-simple",
        "unseen, RS256, in Rust",
        ("unseen, RS256, in Rust", JWT_SIMPLE),
        subject=IN_RUST,
        before=BEFORE_IN_RUST,
    ),
]


@dataclass(frozen=True)
class Row:
    title: str
    measured: str
    floor: str = ""
    before: str = ""


def rows(measurements, weights):
    """A row for each ratio that was measured, then the weights, if they were."""
    found = [row(ratio, measurements) for ratio in RATIOS]
    return [each for each in found if each.measured] + (weight_rows(weights) if weights else [])


def row(ratio, measurements):
    def value(key):
        measured, base = measurements.get(key), measurements.get(ratio.over)
        return f"{measured.added_us / base.added_us:.2f}" if measured and base else ""

    return Row(
        ratio.title,
        value((ratio.workload, ratio.subject)),
        value(ratio.floor),
        value((ratio.workload, ratio.before)),
    )


def weight_rows(weights):
    return [
        Row("size of the module", f"{weights.module_bytes / 1000:.3g} KB"),
        Row("memory of one worker's VM", f"{weights.memory_bytes / (1 << 20):.3g} MiB"),
        Row("start of a worker with 5,000 rules, over an empty filter", f"{weights.start_up_seconds * 1000:.3g} ms"),
    ]
