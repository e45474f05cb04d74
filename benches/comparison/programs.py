"""The programs that a comparison needs beside Envoy: the load generator, filters that decide nothing, the module itself."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

BENCHES = Path(__file__).resolve().parent.parent
MODULE = BENCHES.parent / "dist" / "jwt-authorizer.wasm"


@dataclass(frozen=True)
class Modules:
    authorizer: Path
    empty: Path
    told: Path
    asks: Path
    reads: Path
    plain: Path

    @classmethod
    def build(cls, authorizer, directory):
        if not authorizer.is_file():
            sys.exit(f"{authorizer} is not there; `make build` makes it")
        floors = [build_floor(directory, name) for name in ("empty", "told", "asks")]
        return cls(authorizer, *floors, build_example("floor", "--cfg", "asks", "--cfg", "reads"), build_example("plain"))


def build_load(directory):
    program = Path(directory, "load")
    rustc("-O", BENCHES / "load" / "main.rs", "-o", program)
    return program


def build_floor(directory, name):
    module = Path(directory, f"{name}.wasm")
    options = ("-O", "-C", "panic=abort", "-C", "strip=symbols", "--crate-type", "cdylib", "--target", "wasm32-wasip1")
    rustc("--cfg", name, *options, BENCHES / "floor" / "lib.rs", "-o", module)
    return module


def build_example(name, *options):
    """As fast as it can be: with the optimisation that is Cargo's default for a release."""
    target = BENCHES.parent / "target" / "examples"
    command = ["cargo", "rustc", "--locked", "--quiet", "--release", "--config", "profile.release.opt-level=3"]
    command += ["--example", name, "--target", "wasm32-wasip1", "--target-dir", target, "--", *options]
    subprocess.run(command, check=True, cwd=BENCHES.parent)
    return target / "wasm32-wasip1" / "release" / "examples" / f"{name}.wasm"


def rustc(*arguments):
    subprocess.run(["rustc", "--edition", "2024", *arguments], check=True)
