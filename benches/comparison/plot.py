"""The results as a picture: a line for each workload, with a mark for what each filter adds, on a logarithmic scale."""

from math import ceil, floor, log10
from xml.sax.saxutils import escape

from .subjects import (
    AUTHORIZER,
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
)

# Colours that colour-blind readers can tell apart, on a dark page and on a light one.
COLOURS = {
    AUTHORIZER: "#d55e00",
    JWT_AUTHN: "#0072b2",
    JWT_AUTHN_CACHED: "#56b4e9",
    JWT_AUTHN_RBAC: "#00795a",
    JWT_AUTHN_CACHED_RBAC: "#3fbf9a",
    EMPTY: "#cccccc",
    JWT_SIMPLE: "#aa3377",
    HOST_CALLS: "#777777",
}
# All floors look the same; the workload says which one it is.
FLOORS = dict.fromkeys((CONTEXTS, REFUSES, VERIFIES_RS256, VERIFIES_ES256, PARSES_RS256, PARSES_ES256), COLOURS[HOST_CALLS])
MARKS = COLOURS | FLOORS | {IN_RUST: COLOURS[AUTHORIZER]}
WIDTH, LEFT, RIGHT, LINE, TOP, RADIUS = 860, 190, 40, 28, 112, 6


def svg(workloads, measurements):
    values = [m.added_us for (_, kind), m in measurements.items() if kind in MARKS and m.added_us > 0]
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    bottom = TOP + LINE * len(workloads)

    def across(value):
        share = (log10(max(value, 10**low)) - low) / (high - low)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    parts = [text(LEFT, 24, "CPU added to a request, µs (logarithmic)", weight="bold"), *legend()]
    for power in range(low, high + 1):
        x = across(10**power)
        parts.append(f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{bottom}" stroke="#999" stroke-width="0.5"/>')
        parts.append(text(x, bottom + 18, f"{10.0**power:g}", anchor="middle"))
    for number, workload in enumerate(workloads):
        y = TOP + LINE * number + LINE / 2
        marks = [(across(measurements[workload.name, kind].added_us), kind) for kind in workload.subjects if kind in MARKS]
        ends = [x for x, _ in marks]
        parts.append(text(LEFT - 12, y + 4, workload.name, anchor="end"))
        parts.append(f'<line x1="{min(ends):.1f}" y1="{y}" x2="{max(ends):.1f}" y2="{y}" stroke="#999" stroke-width="2"/>')
        # This filter's mark last, so that it is on top.
        for x, kind in reversed(marks):
            parts.append(f'<circle cx="{x:.1f}" cy="{y}" r="{RADIUS}" fill="{MARKS[kind]}"/>')
    height = bottom + 34
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">'
    ground = f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>'
    return "\n".join([head, ground, *parts, "</svg>", ""])


def legend():
    for number, (kind, colour) in enumerate(COLOURS.items()):
        x, y = LEFT + 225 * (number % 3), 46 + 20 * (number // 3)
        yield f'<circle cx="{x}" cy="{y}" r="{RADIUS}" fill="{colour}"/>'
        yield text(x + 12, y + 4, "floors" if kind == HOST_CALLS else kind)


def text(x, y, content, anchor="start", weight="normal"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}">{escape(content)}</text>'
