"""Where a request's CPU time goes: Linux's `perf` samples the worker's thread; the quickest rounds count."""

import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from .envoy import binary

ENVOY, MODULE, LIBRARIES, KERNEL = "Envoy", "the module", "C libraries", "the kernel"
PLACES = (ENVOY, MODULE, LIBRARIES, KERNEL)
SECONDS = 0.5
# Samples by CPU time: virtual machines seldom have the processor's own counters.
OBSERVE = ("perf", "record", "--quiet", "--event", "cpu-clock", "--freq", "4000")
SAMPLE = re.compile(r"\s*(?P<address>[0-9a-f]+) \((?P<object>.*)\)")
PAGE = 4096
# A page counts from this much time a request on, so that rare code does not count.
ON_A_PAGE_US = 0.01


@dataclass(frozen=True)
class Profile:
    """By place: a request's time there, and the number of pages of code on which it spends 10 ns or more."""

    microseconds: dict
    pages: dict


def observe(envoy, loads, directory, rounds, say):
    """A profile for each workload and subject; rounds are interleaved."""
    recorded = f"{directory}/perf.data"
    for load in loads.values():
        load.command = [*OBSERVE, "--tid", envoy.worker().name, "--output", recorded, "--", *load.command]
    seen = {key: [] for key in loads}
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}")
        for key, load in loads.items():
            spent = load.run(envoy, "--seconds", str(SECONDS)).cpu_us
            seen[key].append((spent, Counter(samples(recorded))))
    return {key: profile(each) for key, each in seen.items()}


def samples(recorded):
    """The place and the page of each sample."""
    command = ["perf", "script", "--input", recorded, "--fields", "ip,dso"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for line in listed.splitlines():
        if sample := SAMPLE.match(line):
            yield place_of(sample["object"]), int(sample["address"], 16) // PAGE


def place_of(loaded):
    """Whose code that is. What V8 has compiled is in no file."""
    if loaded.startswith("[kernel") or loaded == "[vdso]":
        return KERNEL
    if Path(loaded).name == binary().name:
        return ENVOY
    return LIBRARIES if ".so" in loaded else MODULE


def profile(observed):
    quickest = microseconds(sorted(observed, key=lambda each: each[0])[: max(1, len(observed) // 4)])
    pages = Counter(where for (where, _), spent in microseconds(observed).items() if spent >= ON_A_PAGE_US)
    return Profile({place: sum(spent for (where, _), spent in quickest.items() if where == place) for place in PLACES}, pages)


def microseconds(observed):
    """A request's time by place and page."""
    counted = sum((counts for _, counts in observed), Counter())
    each = mean(spent for spent, _ in observed) / counted.total()
    return {key: count * each for key, count in counted.items()}
