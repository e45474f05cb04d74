"""Programs that the test runs: found, in CI installed from Debian, and run with their failure told."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from demo import terminal

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


class Failed(Exception):
    """The test cannot go on; the text says why, and what to do where something can be done."""


def run(*command, check=True, quiet=True, **options):
    """What the command prints. Without `quiet` its errors go to the terminal, as it works."""
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "cwd": ROOT, **options}
    done = subprocess.run(command, stderr=subprocess.PIPE if quiet else None, **options)
    if check and done.returncode:
        said = b"".join(part for part in (done.stdout, done.stderr) if part).decode(errors="replace")
        raise Failed(f"`{' '.join(map(str, command))[:200]}` failed.\n{tail(said)}")
    return done.stdout.decode(errors="replace")


def tail(text, most=25):
    return "\n".join(text.rstrip().splitlines()[-most:])


def need(program, package, reason):
    """Sees to it that Debian's `package` with `program` is there."""
    if shutil.which(program):
        return
    advice = f"There is no {program}, which {reason}. Debian and Ubuntu have it: apt-get install {package}"
    if os.environ.get("CI") != "true" or os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Failed(advice)
    terminal.say(f"  Installing Debian's {package}: it {reason}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "--quiet", "--option", "DPkg::Lock::Timeout=300"]
    run(*apt, "update", env=environment)
    run(*apt, "install", "--yes", "--no-install-recommends", package, env=environment)
