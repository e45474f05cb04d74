"""The programs that a comparison needs beside Envoy, built by Cargo: the load generator and the other Wasm filters."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

BENCHES = Path(__file__).resolve().parent.parent
MODULE = BENCHES.parent / "dist" / "jwt-authorizer.wasm"


@dataclass(frozen=True)
class Modules:
    authorizer: Path
    # Another version of the filter, to measure beside it.
    before: Path | None
    empty: Path
    contexts: Path
    host_calls: Path
    tokens: Path
    plain: Path

    @classmethod
    def build(cls, directory, authorizer=MODULE, before=None):
        for module in (authorizer, before):
            if module and not module.is_file():
                sys.exit(f"{module} does not exist; `make build` makes {MODULE.name}")
        return cls(
            authorizer,
            before,
            empty=build_module(directory, "floor"),
            contexts=build_module(directory, "floor", "contexts"),
            host_calls=build_module(directory, "floor", "host-calls"),
            tokens=build_module(directory, "floor", "tokens"),
            plain=build_module(directory, "plain"),
        )


def build_load():
    return build("load")


def build_module(directory, package, feature=""):
    """A copy, since Cargo writes each set of features to the same file."""
    options = ["--target", "wasm32-wasip1", *(["--features", feature] if feature else [])]
    return shutil.copy(build(package, *options), Path(directory, f"{package}-{feature or 'only'}.wasm"))


def build(package, *options):
    """The file that Cargo says it made."""
    command = ["cargo", "build", "--locked", "--quiet", "--profile", "comparison", "--package", package, *options]
    command += ["--message-format", "json-render-diagnostics"]
    run = subprocess.run(command, check=True, cwd=BENCHES.parent, stdout=subprocess.PIPE, text=True)
    messages = [json.loads(line) for line in run.stdout.splitlines()]
    [made] = [each for each in messages if each["reason"] == "compiler-artifact" and each["target"]["name"] == package]
    [path] = [Path(name) for name in made["filenames"]]
    return path
