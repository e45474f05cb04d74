"""One Envoy process, with one worker by default: how it is started, where it listens, how much CPU and memory it takes."""

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
PATIENCE = 120
# All requests go to this machine, so a proxy that the environment names is not used.
DIRECT = build_opener(ProxyHandler({}))


def binary():
    """Envoy's path, which the Makefile exports."""
    return Path(os.environ["ENVOY_BIN"])


def version():
    printed = subprocess.run([binary(), "--version"], check=True, capture_output=True, text=True).stdout
    return printed.split("version: ")[-1].strip()


def bootstrap(chains):
    """`chains` has the HTTP filters of each listener by its name."""
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
    # Spreads the connections evenly over the workers.
    balance = {"exact_balance": {}}
    return {"name": name, "address": socket_address(), "connection_balance_config": balance, "filter_chains": [chain]}


class Envoy:
    """A running Envoy; a context manager, so that it always ends."""

    def __init__(self, chains, cores=None, workers=1):
        self.directory = tempfile.TemporaryDirectory(prefix="envoy-")
        directory = Path(self.directory.name)
        Path(directory, "envoy.json").write_text(json.dumps(bootstrap(chains)))
        self.admin_path = Path(directory, "admin")
        self.log_path = Path(directory, "log")
        command = [binary(), "-c", Path(directory, "envoy.json"), "--disable-hot-restart"]
        command += ["--concurrency", str(workers)]
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
        with DIRECT.open(f"http://{self.admin_path.read_text()}/{page}", timeout=30) as answer:
            return answer.read().decode()

    def addresses(self):
        """The address of each listener by its name."""
        addresses = {}
        for status in json.loads(self.admin("listeners?format=json"))["listener_statuses"]:
            address = status["local_address"]["socket_address"]
            addresses[status["name"]] = f"{address['address']}:{address['port_value']}"
        return addresses

    def worker(self):
        """The folder in /proc of the worker's thread."""
        for task in Path("/proc", str(self.process.pid), "task").iterdir():
            if Path(task, "comm").read_text().strip() == "wrk:worker_0":
                return task
        raise RuntimeError("Envoy has no worker")

    def worker_seconds(self):
        """The CPU time of the worker's thread so far, which the kernel counts in nanoseconds."""
        return int(Path(self.worker(), "schedstat").read_text().split()[0]) / 1e9

    def memory(self, measure):
        """The memory of the process: VmRSS, or VmHWM for the most that it had (Linux)."""
        lines = Path("/proc", str(self.process.pid), "status").read_text().splitlines()
        [kilobytes] = [line.split()[1] for line in lines if line.startswith(f"{measure}:")]
        return int(kilobytes) * 1024

    def wait_until_idle(self):
        """Waits for V8's background work: until hardly any CPU time is spent in a second."""
        spent = -1.0
        while (now := self.seconds()) - spent > 0.02:
            spent = now
            time.sleep(1)

    def seconds(self):
        """The CPU time of all threads so far."""
        fields = Path("/proc", str(self.process.pid), "stat").read_text().rsplit(")", 1)[1].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
