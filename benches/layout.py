"""Looks which functions of the module a request runs through, and writes them to build/layout.txt: `layout.py LINKED`.

In a real Envoy, with a module whose functions log that they are entered. What the most usual requests run through comes
first, then what others need besides.
"""

import json
import re
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import functions
from comparison import programs, say, subjects
from comparison.envoy import Envoy
from comparison.load import Load
from comparison.subjects import AUTHORIZER
from comparison.tokens import Issuers
from comparison.workloads import WORKLOADS
from optimize import optimized

WATCHED = (
    "seen",
    "seen, for access logs",
    "seen, scope",
    "seen, claims to headers",
    "unseen, RS256",
    "unseen, ES256",
    "refused: expired",
    "refused: garbage",
)
# As many before them fill the cache, so that a token is forgotten for each that is new.
REQUESTS = 50
FIRST = "authorizer_on_request_headers"
# While Envoy asks for memory, it takes no calls.
SILENT = ("proxy_on_memory_allocate", "dlmalloc")
ENTERED = re.compile(r"wasm log .*: ([0-9a-f]{4})$", re.MULTILINE)


def entered(workload, names, module, program, issuers, directory):
    """The functions that most requests run through, in order."""
    tokens = Path(directory, "tokens")
    tokens.write_text("\n".join(replace(workload.tokens, count=min(workload.tokens.count, 2 * REQUESTS)).mint(issuers)))
    configuration = subjects.authorizer(workload.policy, issuers)
    for provider in configuration["providers"].values():
        provider["cache"] = {"max_tokens": REQUESTS}
    chains = {AUTHORIZER: [subjects.wasm(AUTHORIZER, module, json.dumps(configuration).encode())]}
    with Envoy(chains) as envoy:
        path = workload.policy.last_path()
        load = Load(program, envoy.addresses()[AUTHORIZER], path, tokens, workload.status)
        load.run(envoy, "--requests", str(2 * REQUESTS))
        # Only then is all of its log written.
        envoy.process.terminate()
        envoy.process.wait()
        order = [names[int(number, 16)] for number in ENTERED.findall(envoy.log_path.read_text())]
    starts = [place for place, name in enumerate(order) if name == FIRST][REQUESTS:]
    requests = [order[start:end] for start, end in pairwise(starts)]
    # Not what happened to come between two, such as a tick.
    times = Counter(name for request in requests for name in set(request))
    return [name for request in requests for name in request if times[name] > len(requests) / 2]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.splitlines()[0])
    with tempfile.TemporaryDirectory(prefix="jwt-authorizer-layout-") as directory:
        told = Path(directory, "told.wasm")
        with optimized(Path(sys.argv[1]))[0] as module:
            names = functions.make_tell(module)
            told.write_bytes(module.emit())
        program, issuers, seen = programs.build_load(directory), Issuers(), dict.fromkeys(SILENT)
        for workload in (workload for name in WATCHED for workload in WORKLOADS if workload.name == name):
            say(workload.name)
            seen |= dict.fromkeys(entered(workload, names, told, program, issuers, directory))
    functions.LAYOUT.write_text("\n".join(seen) + "\n")
    print(f"{functions.LAYOUT}: {len(seen)} of {len(names)} functions")


if __name__ == "__main__":
    main()
