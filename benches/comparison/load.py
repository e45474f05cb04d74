"""Runs the load generator, and measures the worker's CPU time for each request."""

import json
import os
import subprocess
from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    cpu_us: float
    requests: int
    per_second: float
    p50_us: float
    p99_us: float


class Load:
    """One stream of requests to one listener. Each run continues in the file of tokens where the last one stopped."""

    def __init__(self, program, address, path, tokens, status, cores=None):
        self.command = [program, "--address", address, "--path", path, "--tokens", tokens]
        self.status = status
        self.cores = cores
        self.sent = 0

    def run(self, envoy, *limit):
        pin = (lambda: os.sched_setaffinity(0, self.cores)) if self.cores else None
        before = envoy.worker_seconds()
        command = [*self.command, "--from", str(self.sent), *limit]
        run = subprocess.run(command, preexec_fn=pin, capture_output=True, text=True)
        spent = envoy.worker_seconds() - before
        if run.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, command))}: {run.stderr}")
        seen = json.loads(run.stdout)
        if set(seen["statuses"]) != {str(self.status)}:
            raise RuntimeError(f"{' '.join(map(str, command))}: expected {self.status}, got {seen['statuses']}")
        requests = seen["requests"]
        self.sent += requests
        return Sample(spent * 1e6 / requests, requests, requests / seen["seconds"], seen["p50_us"], seen["p99_us"])
