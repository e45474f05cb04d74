"""The machine, described so that others can tell which numbers to expect from theirs."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from . import envoy


@dataclass(frozen=True)
class Machine:
    processor: str
    cores: int
    system: str
    envoy: str

    @classmethod
    def here(cls):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        models = [line.split(": ", 1)[1] for line in lines if line.startswith("model name")]
        return cls(
            processor=models[0] if models else platform.machine(),
            cores=os.cpu_count(),
            system=f"{platform.system()} {platform.machine()}",
            envoy=envoy.version().split("/")[1],
        )

    def __str__(self):
        return f"{self.processor}, {self.cores} cores, {self.system}; Envoy {self.envoy}"
