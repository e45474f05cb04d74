"""Compares the module with Envoy's own jwt_authn: `run.py [--quick] [--only WORDS] [--module PATH]`.

Writes benches/results/comparison.md and .svg, and the bars into the README; prints how each bar was met. A miss is no error: timings never decide a
test.
"""

import argparse
import tempfile
from pathlib import Path

from comparison import bars, footprint, plot, programs, report, rounds, say
from comparison.machine import Machine
from comparison.tokens import Issuers
from comparison.workloads import WORKLOADS


README = programs.BENCHES.parent / "README.md"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds: a glance, not a record")
    parser.add_argument("--only", default="", help="only workloads whose name has these words in it")
    parser.add_argument("--module", type=Path, default=programs.MODULE, help="the filter to measure")
    parser.add_argument("--results", type=Path, default=programs.BENCHES / "results", help="where the results go")
    return parser.parse_args()


def main():
    options = arguments()
    number, starts, requests = (8, 3, 100_000) if options.quick else (40, 9, 1_000_000)
    workloads = [workload for workload in WORKLOADS if options.only in workload.name]
    with tempfile.TemporaryDirectory(prefix="jwt-authorizer-bench-") as directory:
        program = programs.build_load(directory)
        modules = programs.Modules.build(options.module, directory)
        issuers = Issuers()
        measurements = rounds.measure(workloads, issuers, modules, program, directory, number, say)
        weights = None
        if not options.only:
            say("weighing the module")
            weights = footprint.weigh(issuers, modules, program, directory, requests, starts)
    verdicts = bars.judge(measurements, weights)
    machine = Machine.here()
    text = report.markdown(machine, workloads, measurements, verdicts, number)
    print(text)
    if not options.only:
        options.results.mkdir(exist_ok=True)
        (options.results / "comparison.md").write_text(text)
        (options.results / "comparison.svg").write_text(plot.svg(workloads, measurements))
        if not options.quick:
            README.write_text(report.shown_in(README.read_text(), machine, verdicts))


if __name__ == "__main__":
    main()
