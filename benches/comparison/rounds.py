"""Measures all workloads in interleaved rounds, so that other load on the machine affects all of them equally.

On a shared machine there are moments in which everything takes half as long again, and some things more. Other load only
ever adds time, so a request's CPU time is taken from the quickest tenth of rounds. Medians are given beside it.
"""

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from .envoy import Envoy
from .load import Load
from .subjects import NONE, filters


@dataclass(frozen=True)
class Measurement:
    """One subject under one workload. Added time is over the same requests without a filter."""

    cpu_us: float
    added_us: float
    median_added_us: float
    per_second: float
    p50_us: float
    p99_us: float


# Short, so that a slow moment of the machine affects few samples, and those of all subjects.
SECONDS = 0.2
# Some 20,000 requests: after those, the caches of tokens are full.
WARM_UP_SECONDS = 2.0


def measure(workloads, issuers, modules, program, directory, rounds, say):
    """Measurements by workload and subject."""
    with prepared(workloads, issuers, modules, program, directory, say) as (envoy, loads):
        samples = {key: [] for key in loads}
        for number in range(rounds):
            say(f"round {number + 1} of {rounds}")
            for key, load in loads.items():
                samples[key].append(load.run(envoy, "--seconds", str(SECONDS)))
    return {key: summarise(samples[key], samples[key[0], NONE]) for key in samples}


@contextmanager
def prepared(workloads, issuers, modules, program, directory, say):
    """An Envoy that is warm, and a load for each workload and subject."""
    runs = [(workload, kind) for workload in workloads for kind in (NONE, *workload.subjects)]
    token_files = mint(workloads, issuers, directory, say)
    envoy_cores, load_cores = share_cores()
    chains = {name(kind, load.policy): filters(kind, load.policy, issuers, modules) for load, kind in runs}
    say(f"starting Envoy with {len(chains)} listeners")
    with Envoy(chains, envoy_cores) as envoy:
        addresses = envoy.addresses()
        loads = {
            (workload.name, kind): Load(
                program,
                addresses[name(kind, workload.policy)],
                workload.policy.last_path(),
                token_files[workload.tokens],
                200 if kind == NONE else workload.status,
                load_cores,
            )
            for workload, kind in runs
        }
        say("warming up")
        for load in loads.values():
            load.run(envoy, "--seconds", str(WARM_UP_SECONDS))
        yield envoy, loads


def mint(workloads, issuers, directory, say):
    files = {}
    for tokens in dict.fromkeys(workload.tokens for workload in workloads):
        say(f"minting {tokens.count} tokens: {tokens}")
        files[tokens] = Path(directory, f"tokens-{len(files)}")
        files[tokens].write_text("\n".join(tokens.mint(issuers)))
    return files


def name(kind, policy):
    """Filters that read no policy need one listener for all policies."""
    return kind if kind.endswith("filter") or kind.startswith("floor") else f"{kind}, {policy}"


def share_cores():
    """One core for Envoy and the others for the load, where there are several."""
    first, *others = sorted(os.sched_getaffinity(0))
    return ({first}, set(others)) if others else (None, None)


def summarise(samples, without):
    middle = lambda field: median(getattr(sample, field) for sample in samples)
    return Measurement(
        cpu_us=undisturbed(samples),
        added_us=undisturbed(samples) - undisturbed(without),
        median_added_us=median(sample.cpu_us - base.cpu_us for sample, base in zip(samples, without)),
        per_second=middle("per_second"),
        p50_us=middle("p50_us"),
        p99_us=middle("p99_us"),
    )


def undisturbed(samples):
    """CPU of a request in the quickest tenth of rounds."""
    return quantiles((sample.cpu_us for sample in samples), n=10, method="inclusive")[0]
