"""The results as Markdown."""

from dataclasses import replace

from .rounds import SECONDS
from .subjects import NONE

# Between these, docs/performance.md shows the ratios.
BEGIN, END = "<!-- what make bench printed -->", "<!-- end -->"


def markdown(machine, workloads, measurements, rows, rounds):
    return "\n".join([
        "# This filter and Envoy's own",
        "",
        f"{machine}, one worker. {rounds} interleaved rounds of {SECONDS:g} s each. Every listener answers by itself, over HTTP/1.1",
        "with 8 keep-alive connections. Added CPU is the time that the worker's thread spends on a request beyond the same request",
        "without any filter, in the tenth of rounds in which the machine was least disturbed; the other numbers are medians. Tokens",
        "are of about 1 KB and there are 5 rules unless something else is said; the last rule is the one that matches.",
        "",
        "## Ratios of added CPU",
        "",
        *ratios(rows),
        "",
        "The floor is a Wasm filter that decides nothing: it only asks Envoy for what cannot be left out (the headers, the clock,",
        "the check of one signature, the refusal). It also parses an unseen token, with `base64` and `serde_json`, as far as its",
        "validity needs, and caches it with `hashlink`. It has no rules.",
        "",
        "## CPU, throughput and latency",
        "",
        *table(
            ["workload", "filter", "added µs", "median", "requests/s", "p50 µs", "p99 µs"],
            [
                line(workload, kind, measurements[workload.name, kind])
                for workload in workloads
                for kind in (NONE, *workload.subjects)
            ],
        ),
        "",
    ])


def ratios(rows):
    """With a column for the other version of the filter, if there is one."""
    before = any(row.before for row in rows)
    heads = ["", "measured", *(["before"] if before else []), "floor"]
    return table(heads, [[row.title, row.measured, *([row.before] if before else []), row.floor] for row in rows])


def shown_in(page, machine, rows):
    """The page with these ratios between its marks; another version of the filter is left out."""
    above, rest = page.split(BEGIN)
    _, below = rest.split(END)
    lines = ratios([replace(row, before="") for row in rows])
    return "\n".join([f"{above}{BEGIN}", f"Measured on: {machine}, one worker.", "", *lines, f"{END}{below}"])


def line(workload, kind, measured):
    if kind == NONE:
        first, added = [workload.name, kind], [f"({measured.cpu_us:.1f} in all)", ""]
    else:
        first, added = ["", kind], [f"{measured.added_us:.1f}", f"{measured.median_added_us:.1f}"]
    return [*first, *added, *(f"{value:,.0f}" for value in (measured.per_second, measured.p50_us, measured.p99_us))]


def table(heads, rows):
    lines = [heads, ["---"] * len(heads), *rows]
    return ["| " + " | ".join(cells) + " |" for cells in lines]
