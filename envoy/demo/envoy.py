"""One Envoy process: started, asked over its admin address, and ended by its own handle."""

import json
import os
import subprocess
import time
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

# The demo talks to this machine only, whatever proxy the environment names.
direct = build_opener(ProxyHandler({}))

# How the filter's line in Envoy's log begins when it does not take its rules.
REFUSAL = "configuration refused: "

# Compiling the module takes most of the start; this is for the slowest of machines.
PATIENCE = 60


class Refused(Exception):
    """Envoy does not run, or runs without what it was given; the text is what it says of that."""


class Envoy:
    def __init__(self, directory, drain_seconds=1):
        self.access_log, self.log = directory / "access.log", directory / "envoy.log"
        self.admin_path = directory / "admin-address"
        self.bootstrap = directory / "bootstrap.json"
        self.drain_seconds = drain_seconds
        self.process = None
        self.rejected = 0
        self.told = 0

    def __enter__(self):
        command = [binary(), "--config-path", self.bootstrap, "--admin-address-path", self.admin_path]
        command += ["--log-level", "warning", "--component-log-level", "wasm:info", "--log-format", "[%l][%n] %v"]
        # Two workers, each with a filter of its own, as in earnest.
        command += ["--concurrency", "2", "--disable-hot-restart", "--drain-time-s", str(self.drain_seconds)]
        command += ["--file-flush-interval-msec", "50"]
        with self.access_log.open("w") as out, self.log.open("w") as err:
            # In a session of its own, Ctrl-C reaches the demo alone, which then ends Envoy in order.
            self.process = subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL, start_new_session=True)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def wait_for_listener(self):
        """Where the listener listens, once it does."""
        self.wait_for(lambda: self.listeners(), "has no listener")
        return self.listeners()[0]

    def wait_for_update(self, updates):
        """Until the listener has been read `updates` times."""
        self.wait_for(lambda: self.updates()[0] >= updates, "has not read its new listener")

    def wait_for(self, condition, complaint):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise Refused(self.complaints() or f"Envoy ended with exit code {self.process.returncode}")
            try:
                done, rejected = condition(), self.updates()[1]
            except (OSError, URLError):
                done = rejected = False
            if rejected > self.rejected:
                self.rejected = rejected
                raise Refused(self.complaints())
            if done:
                return
            time.sleep(0.05)
        raise Refused(f"Envoy {complaint} after {PATIENCE} seconds\n{self.complaints()}")

    @property
    def admin_address(self):
        return self.admin_path.read_text()

    def admin(self, page):
        with direct.open(f"http://{self.admin_address}/{page}", timeout=5) as answer:
            return answer.read().decode()

    def listeners(self):
        found = json.loads(self.admin("listeners?format=json")).get("listener_statuses", [])
        addresses = [one["local_address"]["socket_address"] for one in found]
        return ["{address}:{port_value}".format(**address) for address in addresses]

    def updates(self):
        """How often the listener was taken up, and how often refused."""
        stats = json.loads(self.admin("stats?format=json&filter=^listener_manager.lds.update_"))["stats"]
        counts = {stat["name"].rsplit(".", 1)[1]: stat["value"] for stat in stats if "name" in stat}
        return counts.get("update_success", 0), counts.get("update_rejected", 0)

    def complaints(self, most=12):
        """What Envoy and the filter say is wrong, as far as it was not told before."""
        text = self.log.read_text(errors="replace")
        lines = [line for line in text[self.told :].splitlines() if line]
        self.told = len(text)
        # The rest is what Envoy says of the same mistake.
        if refusals := [line.partition(REFUSAL)[2] for line in lines if REFUSAL in line]:
            return refusals[-1]
        serious = [line for line in lines if line.startswith(("[error]", "[critical]")) or "rejected" in line]
        return "\n".join((serious or lines)[-most:])


def binary():
    if named := os.environ.get("ENVOY_BIN"):
        return named
    raise Refused("ENVOY_BIN names no Envoy; `make demo` installs one and names it")
