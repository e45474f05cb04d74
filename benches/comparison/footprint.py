"""What the module weighs: on disk, in a worker's memory, and when a worker starts."""

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
    """Bytes of linear memory of the worker's VM after so many requests, each with another token than the one before."""
    tokens = Path(directory, "tokens-memory")
    tokens.write_text("\n".join(Tokens(12_000).mint(issuers)))
    with Envoy({"all": filters(AUTHORIZER, Policy(), issuers, modules)}) as envoy:
        load = Load(program, envoy.addresses()["all"], Policy().last_path(), tokens, 200)
        load.run(envoy, "--requests", str(requests))
        return max(linear_memories(envoy.process.pid))


def linear_memories(pid):
    """The linear memories of a process's VMs. V8 reserves the whole address space that a module could ever use, and
    makes only what the module has grown to accessible: a mapping right before gigabytes of forbidden ones."""
    mappings = [MAPPING.match(line).groups() for line in Path("/proc", str(pid), "maps").read_text().splitlines()]
    sizes = [(int(end, 16) - int(start, 16), access) for start, end, access in mappings]
    return [
        size
        for (size, access), (reserved, forbidden) in zip(sizes, sizes[1:])
        if access == "rw-p" and forbidden == "---p" and reserved > GIBIBYTE
    ]


def start_up_seconds(issuers, modules, starts):
    """CPU time that a worker takes longer to start with this module and 5,000 rules than with the empty filter."""
    policy = Policy(rules=5_000)

    def spent(kind):
        with Envoy({"all": filters(kind, policy, issuers, modules)}) as envoy:
            return envoy.worker_seconds()

    return median(spent(AUTHORIZER) - spent(EMPTY) for _ in range(starts))
