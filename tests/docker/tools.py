"""Runs other programs and reports their failures. In CI, missing programs are installed from Debian."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from demo import terminal

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


class Failed(Exception):
    """The test failed or cannot run; the text says why, and what to do about it."""


def run(*command, check=True, quiet=True, **options):
    """Returns the command's output. Without `quiet` its stderr goes to the terminal."""
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "cwd": ROOT, **options}
    done = subprocess.run(command, stderr=subprocess.PIPE if quiet else None, **options)
    if check and done.returncode:
        output = b"".join(part for part in (done.stdout, done.stderr) if part).decode(errors="replace")
        raise Failed(f"`{' '.join(map(str, command))[:200]}` failed.\n{tail(output)}")
    return done.stdout.decode(errors="replace")


def tail(text, most=25):
    return "\n".join(text.rstrip().splitlines()[-most:])


def need(program, package, reason):
    """Requires `program`. `package` is its Debian package; `reason` completes the sentence "it …"."""
    if shutil.which(program):
        return
    advice = f"{program} is not installed; it {reason}. On Debian and Ubuntu: apt-get install {package}"
    if os.environ.get("CI") != "true" or os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Failed(advice)
    terminal.say(f"  Installing Debian's {package}: it {reason}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "--quiet", "--option", "DPkg::Lock::Timeout=300"]
    run(*apt, "update", env=environment)
    run(*apt, "install", "--yes", "--no-install-recommends", package, env=environment)
