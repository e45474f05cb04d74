"""The programs that a comparison needs beside Envoy: the load generator, the empty filter, the module itself."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

BENCHES = Path(__file__).resolve().parent.parent
MODULE = BENCHES.parent / "dist" / "jwt-authorizer.wasm"


@dataclass(frozen=True)
class Modules:
    authorizer: Path
    empty: Path


def build_load(directory):
    program = Path(directory, "load")
    rustc("-O", BENCHES / "load" / "main.rs", "-o", program)
    return program


def build_empty(directory):
    module = Path(directory, "empty.wasm")
    options = ["-O", "-C", "panic=abort", "-C", "strip=symbols", "--crate-type", "cdylib", "--target", "wasm32-wasip1"]
    rustc(*options, BENCHES / "empty" / "lib.rs", "-o", module)
    return module


def rustc(*arguments):
    subprocess.run(["rustc", "--edition", "2024", *arguments], check=True)
