"""The Docker daemon: the one that runs, or one of the test's own, with its own store, which ends with the test."""

import os
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from demo import terminal
from tools import ROOT, Failed, need, run, tail

PATIENCE = 60


@contextmanager
def daemon():
    """Gives whether it is the test's own."""
    need("docker", "docker.io", "speaks to the Docker daemon")
    if answers():
        terminal.say("  A Docker daemon runs already")
        yield False
        return
    if os.geteuid() != 0:
        raise Failed("No Docker daemon answers, and only root can start one: start yours, or run this as root.")
    need("dockerd", "docker.io", "is the Docker daemon")
    # Sockets have short paths, and images want room.
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
            # It leaves this mounted.
            run("umount", sockets / "exec" / "netns" / "default", check=False)
        os.environ.pop("DOCKER_HOST")
        if before is not None:
            os.environ["DOCKER_HOST"] = before
        shutil.rmtree(sockets, ignore_errors=True)
        shutil.rmtree(store, ignore_errors=True)


def answers():
    return bool(run("docker", "version", "--format", "{{.Server.Version}}", check=False).strip())


def start(sockets, store):
    terminal.say("  No Docker daemon runs, so the test starts one of its own")
    command = ["dockerd", "--host", os.environ["DOCKER_HOST"], "--data-root", store]
    command += ["--exec-root", sockets / "exec", "--pidfile", sockets / "pid"]
    log = sockets / "log"
    with log.open("w") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
    deadline = time.monotonic() + PATIENCE
    while not answers():
        if process.poll() is not None or time.monotonic() > deadline:
            process.terminate()
            process.wait()
            raise Failed(f"A Docker daemon cannot be started here. It says:\n{tail(log.read_text(errors='replace'), 8)}")
        time.sleep(0.2)
    return process
