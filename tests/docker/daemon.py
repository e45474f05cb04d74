"""The Docker daemon: the running one, or one that the test starts with its own store and stops at the end."""

import os
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from demo import terminal
from tools import ROOT, Failed, need, run, tail

TIMEOUT = 60


@contextmanager
def daemon():
    """Yields whether the test started it."""
    need("docker", "docker.io", "is Docker's command line client")
    if answers():
        terminal.say("  A Docker daemon is running")
        yield False
        return
    if os.geteuid() != 0:
        raise Failed("No Docker daemon is running, and only root can start one: start it, or run this test as root.")
    need("dockerd", "docker.io", "is the Docker daemon")
    # The path of a socket must be short; images need space.
    sockets = Path(tempfile.mkdtemp(prefix="docker-test-"))
    (ROOT / "target").mkdir(exist_ok=True)
    store = Path(tempfile.mkdtemp(prefix="docker-test-", dir=ROOT / "target"))
    before = os.environ.get("DOCKER_HOST")
    os.environ["DOCKER_HOST"] = f"unix://{sockets}/docker.sock"
    process = None
    try:
        process = start(sockets, store)
        yield True
    finally:
        if process:
            process.terminate()
            process.wait()
            # dockerd leaves this mounted.
            run("umount", sockets / "exec" / "netns" / "default", check=False)
        os.environ.pop("DOCKER_HOST")
        if before is not None:
            os.environ["DOCKER_HOST"] = before
        shutil.rmtree(sockets, ignore_errors=True)
        shutil.rmtree(store, ignore_errors=True)


def answers():
    return bool(run("docker", "version", "--format", "{{.Server.Version}}", check=False).strip())


def start(sockets, store):
    terminal.say("  No Docker daemon is running; the test starts one")
    command = ["dockerd", "--host", os.environ["DOCKER_HOST"], "--data-root", store]
    command += ["--exec-root", sockets / "exec", "--pidfile", sockets / "pid"]
    log = sockets / "log"
    with log.open("w") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
    deadline = time.monotonic() + TIMEOUT
    while not answers():
        if process.poll() is not None or time.monotonic() > deadline:
            process.terminate()
            process.wait()
            raise Failed(f"The Docker daemon does not start:\n{tail(log.read_text(errors='replace'), 8)}")
        time.sleep(0.2)
    return process
