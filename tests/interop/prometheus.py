"""A real Prometheus that has the series of the situations, as if each had gone on for more than an hour."""

import json
import re
import subprocess
import time
from contextlib import contextmanager
from os import environ
from urllib.parse import urlencode

from demo.envoy import direct

from .gateway import eventually

# Seconds. An alert looks back 15 minutes at most, and one waits for an hour.
DURATION, STEP = 5400, 15
# What a situation counts is spread over this time, so that the speed of the machine does not matter.
COUNTED_IN = 10
# What alerts and dashboard query.
SERIES = re.compile(r"jwt_authorizer_|envoy_wasm_|envoy_listener_manager_lds_update_rejected$|envoy_http_(downstream_)?rq_")


class Prometheus:
    def __init__(self, address, end):
        self.address, self.end = address, end

    def query(self, expression, seconds=0):
        """The values at each moment of the last `seconds`, by the labels of the series."""
        query = {"query": expression, "start": self.end - seconds, "end": self.end, "step": STEP}
        with direct.open(f"http://{self.address}/api/v1/query_range?{urlencode(query)}", timeout=30) as response:
            result = json.load(response)["data"]["result"]
        return [(series["metric"], [float(value) for _, value in series["values"]]) for series in result]


@contextmanager
def prometheus(directory, situations):
    """`situations` are scrapes before and after by the situation's name, which becomes the label `instance`."""
    now = int(time.time())
    samples = directory / "samples.txt"
    with samples.open("w") as file:
        write(file, situations, now - DURATION)
    run(environ["PROMTOOL"], "tsdb", "create-blocks-from", "openmetrics", samples, directory / "data")
    (directory / "prometheus.yml").write_text("global: {}\n")
    log = directory / "prometheus.log"
    command = [environ["PROMETHEUS"], f"--config.file={directory / 'prometheus.yml'}", "--web.listen-address=127.0.0.1:0"]
    with log.open("w") as output:
        process = subprocess.Popen([*command, f"--storage.tsdb.path={directory / 'data'}"], stdout=output, stderr=output)
    try:
        listening = re.compile(r'msg="Listening on".* address=([\d.:]+)')
        found = eventually("Prometheus listens", lambda: listening.search(log.read_text()))
        address = found[1]
        eventually("Prometheus is ready", lambda: is_ready(address))
        yield Prometheus(address, now - STEP)
    finally:
        process.kill()
        process.wait()


def is_ready(address):
    try:
        return direct.open(f"http://{address}/-/ready", timeout=5).status == 200
    except OSError:
        return False


def write(file, situations, start):
    """OpenMetrics text: a family's series one after the other, each with its samples in order."""
    families = {}
    for instance, (before, after, elapsed) in situations.items():
        for name, samples in after.series.items():
            if not SERIES.match(name):
                continue
            known = {key(labels): value for labels, value in before.series.get(name, [])}
            for labels, value in samples:
                if after.kinds.get(name) == "gauge":
                    growth = (value - known.get(key(labels), value)) / elapsed
                else:
                    # A counter that has not counted yet has no series.
                    growth = (value - known.get(key(labels), 0)) / COUNTED_IN
                families.setdefault(name, []).append((labels | {"instance": instance}, value, growth))
    for name, series in families.items():
        print(f"# TYPE {name} unknown", file=file)
        for labels, value, growth in series:
            quoted = ",".join(f"{label}={json.dumps(text)}" for label, text in labels.items())
            for second in range(0, DURATION + 1, STEP):
                print(f"{name}{{{quoted}}} {value + growth * second} {start + second}", file=file)
    print("# EOF", file=file)


def key(labels):
    return tuple(sorted(labels.items()))


def run(*command):
    ran = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120)
    if ran.returncode:
        raise AssertionError(f"{command}: {ran.stdout}{ran.stderr}")
    return ran.stdout
