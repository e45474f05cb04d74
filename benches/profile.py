"""Shows where the CPU of a request goes: `profile.py [--rounds N]`. Takes Linux's `perf`.

Prints, and writes to benches/results/profile.md, how many microseconds are spent in Envoy's own code, which has V8 and
BoringSSL in it, in the module's, in C libraries and in the kernel, and on how many pages of code: by this filter, by the
floor that every Wasm filter has, by jwt_authn.
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

# Those whose bars are missed.
PROFILED = ("seen", "unseen, RS256", "unseen, ES256", "refused: garbage")


def rows(workloads, profiles):
    for workload in workloads:
        bare = profiles[workload.name, NONE]
        for kind in (NONE, *workload.rivals):
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
        sys.exit("Profiling takes Linux's perf, which is not there; Debian has it as `linux-perf`, Ubuntu as `linux-tools-generic`.")
    workloads = [workload for workload in WORKLOADS if workload.name in PROFILED]
    with tempfile.TemporaryDirectory(prefix="jwt-authorizer-profile-") as directory:
        program, issuers = programs.build_load(directory), Issuers()
        modules = programs.Modules.build(programs.MODULE, directory)
        with rounds.prepared(workloads, issuers, modules, program, directory, say) as (envoy, loads):
            profiles = places.observe(envoy, loads, directory, options.rounds, say)
    head = ["workload", "filter", *places.PLACES, "sum", "pages: Envoy", "the module"]
    text = "\n".join([
        "# Where the CPU of a request goes",
        "",
        f"{Machine.here()}, one worker. Microseconds that a request takes more than it does without any filter,",
        "sampled by `perf` in the quarter of rounds that were quickest; to be sampled slows all down. Envoy's code has V8 and",
        "BoringSSL in it; the module's is what V8 has compiled. Then how many pages of 4 KiB a request spends 10 ns or more on, in",
        "all: AMD's Zen 4 remembers the addresses of 512 pages of code.",
        "",
        *report.table(head, rows(workloads, profiles)),
        "",
    ])
    print(text)
    (programs.BENCHES / "results" / "profile.md").write_text(text)


if __name__ == "__main__":
    main()
