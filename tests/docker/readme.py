"""The README's lines for the setup in Docker, run as they stand: each must be answered with the status it says."""

import os
import re
import subprocess
from urllib.parse import urlsplit

from demo.steps import STEPS
from tools import ROOT, Failed, run

# A block of shell lines that asks `prepare` for tokens.
BLOCK = re.compile(r"^```sh\n((?:(?!^```).*\n)*?.*\bprepare \w.*\n(?:(?!^```).*\n)*)```$", re.MULTILINE)
STATUS = re.compile(r"^curl (.*?)\s+# (\d{3})\b", re.MULTILINE)

# As a reader would run them, but against the ports and the Compose of this run, and telling the status alone.
PRELUDE = """
docker() { shift; $COMPOSE "$@"; }
curl() { command curl --silent --output /dev/null --write-out '%{http_code}\\n' "${@/127.0.0.1:8080/127.0.0.1:$GATEWAY_PORT}"; }
"""


def check(setup):
    block = lines()
    expected = [(line, int(status)) for line, status in STATUS.findall(block)]
    for line, status in expected:
        if (request(line), status) not in {(step.request, step.status) for step in STEPS}:
            raise Failed(f"README.md: `curl {line}` with {status} is no step of envoy/demo/steps.py.")
    environment = {**os.environ, **setup.environment, "COMPOSE": " ".join(setup.compose)}
    answered = run("bash", "-euc", PRELUDE + block, env=environment).split()
    if answered != [str(status) for _, status in expected]:
        raise Failed(f"README.md: its lines were answered with {', '.join(answered)}.\n{block}")
    return len(expected)


def lines():
    found = BLOCK.findall((ROOT / "docs/docker.md").read_text())
    if len(found) != 1:
        raise Failed(f"README.md should have one block of shell lines that asks `prepare` for tokens, but has {len(found)}.")
    return found[0]


def request(line):
    method = re.search(r"-X (\w+)", line)
    url = re.search(r"http://\S+", line)
    return f"{method[1] if method else 'GET'} {urlsplit(url[0]).path}"
