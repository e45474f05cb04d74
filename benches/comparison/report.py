"""The results as Markdown."""

from .rounds import SECONDS
from .subjects import NONE


# Between these the README shows the bars.
BEGIN, END = "<!-- what make bench printed -->", "<!-- end -->"


def markdown(machine, workloads, measurements, verdicts, rounds):
    return "\n".join([
        "# This filter and Envoy's own",
        "",
        f"{machine}, one worker. {rounds} interleaved rounds of {SECONDS:g} s each; every listener answers by itself, over HTTP/1.1",
        "with 8 keep-alive connections. Added CPU is what the worker's thread spends on a request more than it does for the",
        "same request without any filter, in the tenth of rounds in which the machine was least disturbed; the rest are",
        "medians. Tokens of about 1 KB and 5 rules where nothing else is said; the last rule is the one that matches.",
        "",
        "## Bars",
        "",
        *bars(verdicts),
        "",
        "The floor is a Wasm filter that decides nothing, over the same rival: it only asks Envoy for what must be asked for",
        "(the headers, the clock, the check of one signature, the refusal). Of a token that was not seen before it also reads",
        "what tells whether it counts, with `base64` and `serde_json`, and keeps it, with `hashlink`. It has no rules.",
        "",
        "## CPU, throughput and latency",
        "",
        *table(
            ["workload", "filter", "added µs", "median", "requests/s", "p50 µs", "p99 µs"],
            [
                row(workload, kind, measurements[workload.name, kind])
                for workload in workloads
                for kind in (NONE, *workload.rivals)
            ],
        ),
        "",
    ])


def bars(verdicts):
    return table(["", "bar: at most", "measured", "", "floor"], [
        [verdict.title, verdict.bar, verdict.measured, "met" if verdict.met else "**missed**", verdict.floor]
        for verdict in verdicts
    ])


def shown_in(readme, machine, verdicts):
    """The README with these bars in the place of those that it shows."""
    before, rest = readme.split(BEGIN)
    _, after = rest.split(END)
    return "\n".join([f"{before}{BEGIN}", f"Measured on: {machine}, one worker.", "", *bars(verdicts), f"{END}{after}"])


def row(workload, kind, measured):
    if kind == NONE:
        first, added = [workload.name, kind], [f"({measured.cpu_us:.1f} in all)", ""]
    else:
        first, added = ["", kind], [f"{measured.added_us:.1f}", f"{measured.median_added_us:.1f}"]
    return [*first, *added, *(f"{value:,.0f}" for value in (measured.per_second, measured.p50_us, measured.p99_us))]


def table(heads, rows):
    lines = [heads, ["---"] * len(heads), *rows]
    return ["| " + " | ".join(cells) + " |" for cells in lines]
