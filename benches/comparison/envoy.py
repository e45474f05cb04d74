"""One Envoy process with one worker: how it is started, where it listens, and what its worker has spent."""

import json
import os
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
PATIENCE = 120


def binary():
    """Envoy as ENVOY_BIN names it, or from the package that brings it along."""
    named = os.environ.get("ENVOY_BIN")
    if named:
        return Path(named)
    import envoy

    return Path(envoy.__path__[0], "_bin", "envoy")


def version():
    printed = subprocess.run([binary(), "--version"], check=True, capture_output=True, text=True).stdout
    return printed.split("version: ")[-1].strip()


def bootstrap(chains):
    """`chains` is the HTTP filters of each listener, by the listener's name."""
    return {
        "admin": {"address": socket_address()},
        "static_resources": {"listeners": [listener(name, filters) for name, filters in chains.items()]},
    }


def socket_address():
    return {"socket_address": {"address": "127.0.0.1", "port_value": 0}}


def listener(name, filters):
    answer = {"match": {"prefix": "/"}, "direct_response": {"status": 200, "body": {"inline_string": "ok"}}}
    manager = {
        "@type": MANAGER,
        "stat_prefix": "ingress",
        "generate_request_id": False,
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [answer]}]},
        "http_filters": [*filters, {"name": "router", "typed_config": {"@type": ROUTER}}],
    }
    chain = {"filters": [{"name": "http", "typed_config": manager}]}
    return {"name": name, "address": socket_address(), "filter_chains": [chain]}


class Envoy:
    """A running Envoy; a context manager, so that none is left behind."""

    def __init__(self, chains, cores=None):
        self.directory = tempfile.TemporaryDirectory(prefix="envoy-")
        directory = Path(self.directory.name)
        Path(directory, "envoy.json").write_text(json.dumps(bootstrap(chains)))
        self.admin_path = Path(directory, "admin")
        self.log_path = Path(directory, "log")
        command = [binary(), "-c", Path(directory, "envoy.json"), "--concurrency", "1", "--disable-hot-restart"]
        command += ["--log-level", "warn", "--log-path", self.log_path, "--admin-address-path", self.admin_path]
        pin = (lambda: os.sched_setaffinity(0, cores)) if cores else None
        self.process = subprocess.Popen(command, preexec_fn=pin, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        try:
            self.wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.directory.cleanup()

    def wait_until_ready(self):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                if self.admin("ready").startswith("LIVE"):
                    return
            except OSError:
                pass
            time.sleep(0.005)
        raise RuntimeError(f"Envoy did not start:\n{self.log_path.read_text()[-4000:]}")

    def admin(self, page):
        with urllib.request.urlopen(f"http://{self.admin_path.read_text()}/{page}") as answer:
            return answer.read().decode()

    def addresses(self):
        """Where each listener listens, by its name."""
        addresses = {}
        for status in json.loads(self.admin("listeners?format=json"))["listener_statuses"]:
            address = status["local_address"]["socket_address"]
            addresses[status["name"]] = f"{address['address']}:{address['port_value']}"
        return addresses

    def worker_seconds(self):
        """What the worker's thread has spent on a CPU so far; the kernel counts it in nanoseconds."""
        for task in Path("/proc", str(self.process.pid), "task").iterdir():
            if Path(task, "comm").read_text().strip() == "wrk:worker_0":
                return int(Path(task, "schedstat").read_text().split()[0]) / 1e9
        raise RuntimeError("Envoy has no worker")
