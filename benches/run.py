"""Compares the module with Envoy's own jwt_authn: `run.py [--quick] [--only WORDS] [--module PATH] [--against PATH]`.

Prints the results. A run of all workloads also writes benches/results/comparison.md and .svg and, unless it is quick, the
ratios into docs/performance.md. No result fails the run: timings never decide a test.
"""

import argparse
import tempfile
from pathlib import Path

from comparison import footprint, plot, programs, ratios, report, rounds, say
from comparison.machine import Machine
from comparison.tokens import Issuers
from comparison.workloads import WORKLOADS, with_before

PAGE = programs.BENCHES.parent / "docs" / "performance.md"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds: a glance, not a record")
    parser.add_argument("--only", default="", help="only workloads whose name has these words in it")
    parser.add_argument("--module", type=Path, default=programs.MODULE, help="the filter to measure")
    parser.add_argument("--against", type=Path, help="another version of the filter, measured beside it as `before`")
    parser.add_argument("--results", type=Path, default=programs.BENCHES / "results", help="where the results go")
    return parser.parse_args()


def main():
    options = arguments()
    number, starts, requests = (8, 3, 100_000) if options.quick else (40, 9, 1_000_000)
    workloads = [workload for workload in WORKLOADS if options.only in workload.name]
    if options.against:
        workloads = [with_before(workload) for workload in workloads]
    with tempfile.TemporaryDirectory(prefix="jwt-authorizer-bench-") as directory:
        program = programs.build_load()
        modules = programs.Modules.build(directory, options.module, options.against)
        issuers = Issuers()
        measurements = rounds.measure(workloads, issuers, modules, program, directory, number, say)
        weights = None
        if not options.only:
            say("measuring size, memory and start")
            weights = footprint.weigh(issuers, modules, program, directory, requests, starts)
    rows = ratios.rows(measurements, weights)
    machine = Machine.here()
    text = report.markdown(machine, workloads, measurements, rows, number)
    print(text)
    if not options.only:
        options.results.mkdir(exist_ok=True)
        (options.results / "comparison.md").write_text(text)
        (options.results / "comparison.svg").write_text(plot.svg(workloads, measurements))
        if not options.quick:
            PAGE.write_text(report.shown_in(PAGE.read_text(), machine, rows))


if __name__ == "__main__":
    main()
