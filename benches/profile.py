"""Shows where a request's CPU time goes: `profile.py [--rounds N]`. Takes Linux's `perf`.

Prints, and writes to benches/results/profile.md, how many microseconds are spent in Envoy's own code (with V8 and
BoringSSL), in the module's code, in C libraries and in the kernel, and on how many pages of code: with this filter, with
Wasm filters that decide next to nothing, with jwt_authn.
"""

import argparse
import shutil
import sys
import tempfile

from comparison import places, programs, report, rounds, say
from comparison.machine import Machine
from comparison.subjects import NONE
from comparison.tokens import Issuers
from comparison.workloads import WORKLOADS

# The workloads with the least distance to the Wasm host's own cost.
PROFILED = ("seen", "unseen, RS256", "unseen, ES256", "refused: garbage")


def rows(workloads, profiles):
    for workload in workloads:
        bare = profiles[workload.name, NONE]
        for kind in (NONE, *workload.subjects):
            profile = profiles[workload.name, kind]
            taken = profile.microseconds
            added = [taken[place] - (bare.microseconds[place] if kind != NONE else 0) for place in places.PLACES]
            cells = [f"{value:.1f}" for value in (*added, sum(added))]
            cells += [str(profile.pages[place]) for place in (places.ENVOY, places.MODULE)]
            yield [workload.name, f"{NONE}, in all", *cells] if kind == NONE else ["", kind, *cells]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=24)
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    if not shutil.which("perf"):
        sys.exit("Profiling takes Linux's perf: apt install linux-perf (Debian) or linux-tools-generic (Ubuntu).")
    workloads = [workload for workload in WORKLOADS if workload.name in PROFILED]
    with tempfile.TemporaryDirectory(prefix="jwt-authorizer-profile-") as directory:
        program, issuers = programs.build_load(), Issuers()
        modules = programs.Modules.build(directory)
        with rounds.prepared(workloads, issuers, modules, program, directory, say) as (envoy, loads):
            profiles = places.observe(envoy, loads, directory, options.rounds, say)
    head = ["workload", "filter", *places.PLACES, "sum", "pages: Envoy", "the module"]
    text = "\n".join([
        "# Where a request's CPU time goes",
        "",
        f"{Machine.here()}, one worker. Microseconds that a filter adds to a request, sampled by `perf` in the quickest quarter",
        "of rounds. Sampling makes all of them slower. Envoy's code includes V8 and BoringSSL; the module's code is what V8 has",
        "compiled. The last columns count the pages of 4 KiB on which a request spends 10 ns or more: AMD's Zen 4, for example,",
        "keeps the addresses of 512 pages of code.",
        "",
        *report.table(head, rows(workloads, profiles)),
        "",
    ])
    print(text)
    (programs.BENCHES / "results" / "profile.md").write_text(text)


if __name__ == "__main__":
    main()
