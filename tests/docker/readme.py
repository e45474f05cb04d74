"""Runs the lines of docs/docker.md: each must get the status in its comment."""

import os
import re
from urllib.parse import urlsplit

from demo.scenarios import SCENARIOS
from tools import ROOT, Failed, run

# A block of shell lines that gets tokens from `prepare`.
BLOCK = re.compile(r"^```sh\n((?:(?!^```).*\n)*?.*\bprepare \w.*\n(?:(?!^```).*\n)*)```$", re.MULTILINE)
STATUS = re.compile(r"^curl (.*?)\s+# (\d{3})\b", re.MULTILINE)

# Runs the lines with the ports and the Compose of this test, and prints only the status.
PRELUDE = """
docker() { shift; $COMPOSE "$@"; }
curl() { command curl --silent --output /dev/null --write-out '%{http_code}\\n' "${@/127.0.0.1:8080/127.0.0.1:$GATEWAY_PORT}"; }
"""


def check(setup):
    block = lines()
    expected = [(line, int(status)) for line, status in STATUS.findall(block)]
    for line, status in expected:
        if (request(line), status) not in {(scenario.request, scenario.status) for scenario in SCENARIOS}:
            raise Failed(f"docs/docker.md: `curl {line}` with {status} is not in envoy/demo/scenarios.py.")
    environment = {**os.environ, **setup.environment, "COMPOSE": " ".join(setup.compose)}
    statuses = run("bash", "-euc", PRELUDE + block, env=environment).split()
    if statuses != [str(status) for _, status in expected]:
        raise Failed(f"docs/docker.md: the lines got the statuses {', '.join(statuses)}.\n{block}")
    return len(expected)


def lines():
    found = BLOCK.findall((ROOT / "docs/docker.md").read_text())
    if len(found) != 1:
        raise Failed(f"docs/docker.md should have one block of shell lines that gets tokens from `prepare`, but has {len(found)}.")
    return found[0]


def request(line):
    method = re.search(r"-X (\w+)", line)
    url = re.search(r"http://\S+", line)
    return f"{method[1] if method else 'GET'} {urlsplit(url[0]).path}"
