"""One Envoy process: started, queried through its admin address, and stopped."""

import json
import os
import re
import subprocess
import time
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

# The demo only connects to this machine, so a proxy from the environment must not be used.
direct = build_opener(ProxyHandler({}))

# The start of the filter's log line when it refuses its configuration.
REFUSAL = "configuration refused: "
WARNING = re.compile(r"\[(?:warning|error)\]\[wasm\] (?:wasm log [^:]*: )?(?:jwt_authorizer: )?(.*)")

# Most of the start is compiling the module, which can take long on a slow machine.
TIMEOUT = 60


class EnvoyError(Exception):
    """Envoy does not run, or refused its configuration; the text is from Envoy's log."""


class Envoy:
    def __init__(self, directory, drain_seconds=1):
        self.access_log, self.log = directory / "access.log", directory / "envoy.log"
        self.admin_path = directory / "admin-address"
        self.bootstrap = directory / "bootstrap.json"
        self.drain_seconds = drain_seconds
        self.process = None
        self.rejected = 0
        self.log_read = 0
        self.warnings_read = 0

    def __enter__(self):
        command = [binary(), "--config-path", self.bootstrap, "--admin-address-path", self.admin_path]
        command += ["--log-level", "warning", "--component-log-level", "wasm:info", "--log-format", "[%l][%n] %v"]
        # Two workers, each with its own Wasm VM: gateways in production have several too.
        command += ["--concurrency", "2", "--disable-hot-restart", "--drain-time-s", str(self.drain_seconds)]
        command += ["--file-flush-interval-msec", "50"]
        with self.access_log.open("w") as out, self.log.open("w") as err:
            # In its own session Envoy does not get Ctrl-C; the demo does, and stops Envoy in order.
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
        """Waits for the listener, and returns its address."""
        self.wait_for(lambda: self.listeners(), "has no listener")
        return next(iter(self.listeners().values()))

    def wait_for_update(self, updates):
        """Waits until the listener has been applied `updates` times."""
        self.wait_for(lambda: self.updates()[0] >= updates, "has not read its new listener")

    def wait_for(self, condition, failure):
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise EnvoyError(self.errors() or f"Envoy exited with code {self.process.returncode}")
            try:
                done, rejected = condition(), self.updates()[1]
            except (OSError, URLError):
                done = rejected = False
            if rejected > self.rejected:
                self.rejected = rejected
                raise EnvoyError(self.errors())
            if done:
                return
            time.sleep(0.05)
        raise EnvoyError(f"Envoy {failure} after {TIMEOUT} seconds\n{self.errors()}")

    @property
    def admin_address(self):
        return self.admin_path.read_text()

    def admin(self, page):
        with direct.open(f"http://{self.admin_address}/{page}", timeout=5) as response:
            return response.read().decode()

    def listeners(self):
        """The address of each listener, by the listener's name."""
        statuses = json.loads(self.admin("listeners?format=json")).get("listener_statuses", [])
        addresses = {status["name"]: status["local_address"]["socket_address"] for status in statuses}
        return {name: "{address}:{port_value}".format(**address) for name, address in addresses.items()}

    def updates(self):
        """How often a listener was applied, and how often one was refused."""
        stats = json.loads(self.admin("stats?format=json&filter=^listener_manager.lds.update_"))["stats"]
        counts = {stat["name"].rsplit(".", 1)[1]: stat["value"] for stat in stats if "name" in stat}
        return counts.get("update_success", 0), counts.get("update_rejected", 0)

    def warnings(self):
        """What the filter has warned of since the last call. A refusal of its configuration is an error, and not among them."""
        text = self.log.read_text(errors="replace")
        # The last line may be incomplete.
        end = text.rfind("\n") + 1
        lines, self.warnings_read = text[self.warnings_read : end].splitlines(), end
        found = [WARNING.match(line) for line in lines if REFUSAL not in line]
        return [match[1] for match in found if match]

    def errors(self, most=12):
        """What Envoy and the filter have logged as wrong since the last call."""
        text = self.log.read_text(errors="replace")
        lines = [line for line in text[self.log_read :].splitlines() if line]
        self.log_read = len(text)
        # Envoy's own lines repeat the filter's refusal with less detail.
        if refusals := [line.partition(REFUSAL)[2] for line in lines if REFUSAL in line]:
            return refusals[-1]
        serious = [line for line in lines if line.startswith(("[error]", "[critical]")) or "rejected" in line]
        return "\n".join((serious or lines)[-most:])


def binary():
    if named := os.environ.get("ENVOY_BIN"):
        return named
    raise EnvoyError("ENVOY_BIN is not set; `make demo` installs an Envoy and sets it")
