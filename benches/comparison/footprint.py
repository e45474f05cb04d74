"""The module's size on disk, its memory in a worker, and the time that it adds to the start of a worker."""

import re
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from .envoy import Envoy
from .load import Load
from .subjects import AUTHORIZER, EMPTY, Policy, filters
from .workloads import Tokens

GIBIBYTE = 1 << 30
MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S+) ")


@dataclass(frozen=True)
class Weights:
    module_bytes: int
    memory_bytes: int
    requests: int
    start_up_seconds: float


def weigh(issuers, modules, program, directory, requests, starts):
    return Weights(
        module_bytes=modules.authorizer.stat().st_size,
        memory_bytes=worker_memory(issuers, modules, program, directory, requests),
        requests=requests,
        start_up_seconds=start_up_seconds(issuers, modules, starts),
    )


def worker_memory(issuers, modules, program, directory, requests):
    """Bytes of linear memory of the worker's VM after so many requests with different tokens."""
    tokens = Path(directory, "tokens-memory")
    tokens.write_text("\n".join(Tokens(12_000).mint(issuers)))
    with Envoy({"all": filters(AUTHORIZER, Policy(), issuers, modules)}) as envoy:
        load = Load(program, envoy.addresses()["all"], Policy().last_path(), tokens, 200)
        load.run(envoy, "--requests", str(requests))
        return max(linear_memories(envoy.process.pid))


def linear_memories(pid):
    """The sizes of the linear memories of a process's VMs. V8 reserves all addresses that a module could ever use, and makes
    accessible only what the module has grown to: a mapping right before gigabytes without access."""
    mappings = [MAPPING.match(line).groups() for line in Path("/proc", str(pid), "maps").read_text().splitlines()]
    sizes = [(int(end, 16) - int(start, 16), access) for start, end, access in mappings]
    return [
        size
        for (size, access), (reserved, next_access) in zip(sizes, sizes[1:])
        if access == "rw-p" and next_access == "---p" and reserved > GIBIBYTE
    ]


def start_up_seconds(issuers, modules, starts):
    """The CPU time that this module and 5,000 rules add to the start of a worker, over the empty filter."""
    policy = Policy(rules=5_000)

    def spent(kind):
        with Envoy({"all": filters(kind, policy, issuers, modules)}) as envoy:
            return envoy.worker_seconds()

    return median(spent(AUTHORIZER) - spent(EMPTY) for _ in range(starts))
