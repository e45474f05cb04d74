"""Measures the memory that the filter adds to an Envoy with 1, 4 and 16 workers: `footprint.py [--workers N ...]`.

Prints a table of the process's resident memory: idle, and after each worker has had more distinct tokens than its cache
holds. Beside it stands the difference from the same Envoy without the filter.
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

from comparison import programs, say
from comparison.envoy import Envoy
from comparison.footprint import linear_memories
from comparison.load import Load
from comparison.machine import Machine
from comparison.subjects import AUTHORIZER, EMPTY, NONE, Policy, filters
from comparison.tokens import Issuers
from comparison.workloads import UNSEEN, Tokens

# Each connection stays with one worker; there are enough for all.
CONNECTIONS = 200


@dataclass(frozen=True)
class Weight:
    workers: int
    kind: str
    idle: int
    loaded: int
    # More than `loaded`: compiling takes memory, which is freed.
    peak: int
    machine: int


def weigh(kind, workers, issuers, modules, program, tokens):
    policy = Policy()
    with Envoy({"all": filters(kind, policy, issuers, modules)}, workers=workers) as envoy:
        envoy.wait_until_idle()
        idle = envoy.memory("VmRSS")
        load = Load(program, envoy.addresses()["all"], policy.last_path(), tokens, 200)
        load.run(envoy, "--connections", str(CONNECTIONS), "--requests", str(UNSEEN * workers * 3 // 2))
        envoy.wait_until_idle()
        machine = max(linear_memories(envoy.process.pid), default=0)
        return Weight(workers, kind, idle, envoy.memory("VmRSS"), envoy.memory("VmHWM"), machine)


def table(weights):
    bare = {weight.workers: weight for weight in weights if weight.kind == NONE}
    lines = [
        "| workers | Envoy with | idle | after load | at most | added, idle | added, after load | a VM's memory |",
        "|--:|---|--:|--:|--:|--:|--:|--:|",
    ]
    for weight in weights:
        base = bare[weight.workers]
        more = (weight.idle - base.idle, weight.loaded - base.loaded)
        numbers = (weight.idle, weight.loaded, weight.peak, *more, weight.machine)
        cells = [f"{number / (1 << 20):.0f} MiB" if number else "" for number in numbers]
        lines.append(f"| {weight.workers} | {weight.kind} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 4, 16])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jwt-authorizer-footprint-") as directory:
        program, issuers = programs.build_load(), Issuers()
        modules = programs.Modules.build(directory)
        tokens = Path(directory, "tokens")
        tokens.write_text("\n".join(Tokens(UNSEEN).mint(issuers)))
        weights = []
        for workers in options.workers:
            for kind in (NONE, EMPTY, AUTHORIZER):
                say(f"{workers} workers, {kind}")
                weights.append(weigh(kind, workers, issuers, modules, program, tokens))
    print(f"{Machine.here()}; {UNSEEN:,} distinct RS256 tokens of 1 KiB to each worker\n\n{table(weights)}")


if __name__ == "__main__":
    main()
