"""Tests the setup in Docker: the scenarios of `make demo` with envoy/compose.yaml, and the build of envoy/Dockerfile."""

import argparse
import json
import re
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import dockerfile
import readme
import setup
from daemon import daemon
from demo import terminal
from demo.access_log import AccessLog
from demo.checks import run_checks
from demo.cognito import Cognito
from demo.exchange import send
from demo.scenarios import SCENARIOS
from demo.signals import exit_on_signals
from demo.tokens import Tokens
from demo.users import CALLERS, PASSWORD
from images import Images
from setup import Setup
from tools import ROOT, Failed

POLICY = ROOT / "envoy" / "policy.json"
TIMEOUT = 30


def main():
    options = arguments()
    exit_on_signals()
    try:
        with ExitStack() as stack:
            test(options, stack)
    except Failed as failure:
        return f"{terminal.red('make docker-test')}: {failure}"
    except KeyboardInterrupt:
        return "Stopped."
    terminal.say(terminal.green("\nAll tests passed."))
    return 0


def arguments():
    parser = argparse.ArgumentParser(prog="make docker-test", description=__doc__, usage="make docker-test [ARGS=--both]")
    parser.add_argument("--both", action="store_true", help="test with Docker Compose 1.29 as well as v2")
    return parser.parse_args()


def test(options, stack):
    dockerfile.lint()
    terminal.heading("Docker")
    own_daemon = stack.enter_context(daemon())
    composes = {"v2": setup.compose_v2()} | ({"1.29": setup.compose_v1()} if options.both else {})
    images = stack.enter_context(Images(keep=own_daemon))
    terminal.heading("The images")
    for image in (*setup.images(), dockerfile.rust_image()):
        images.ensure(image)
    for version, compose in composes.items():
        terminal.heading(f"The setup with Docker Compose {version}")
        with Setup(compose) as running:
            check(running)
    terminal.heading("The Dockerfile")
    dockerfile.check(images)


def check(running):
    tokens = Tokens(Cognito(running.cognito), running.machines)
    failed = run_checks(running.gateway, tokens, AccessLog(running.log("envoy")))
    require(not failed, f"{len(failed)} of {len(SCENARIOS)} requests had another result: {', '.join(failed)}")
    terminal.say()
    for title, part in PARTS.items():
        part(running)
        terminal.say(f"  {terminal.green('✔')} {title}")


def curl_lines(running):
    printed = re.findall(r"^\s*curl -i -H '(\S+): (.+)' (http://[^/\s]+)(/\S*)$", running.log("prepare")(), re.MULTILINE)
    require(len(printed) == len(CALLERS), f"prepare should print {len(CALLERS)} curl lines, but printed {len(printed)}")
    for name, value, gateway, path in printed:
        status = send(gateway, "GET", path, {name: value}).status
        require(status == 200, f"prepare's curl line for {path} got the status {status}")


def page(running):
    require(send(running.page, "GET", "/settings").json()["gateway"] == running.gateway, "the page should call the gateway")
    signed_in = send(running.page, "POST", "/sign-in", body=json.dumps({"username": "bob", "password": PASSWORD}))
    require(signed_in.status == 200, f"the page should sign bob in, but got the status {signed_in.status}")
    token = signed_in.json()["access"]
    status = send(running.gateway, "GET", "/users/bob", {"authorization": f"Bearer {token}"}).status
    require(status == 200, f"the page's token for bob should be valid, but got the status {status}")


def metrics(running):
    page = send(running.admin, "GET", "/stats/prometheus").body.decode()
    for series in ('jwt_authorizer_provider_allowed{provider="cognito"}', 'jwt_authorizer_reason{reason="scope_missing"}'):
        require(re.search(rf"^{re.escape(series)} [1-9]", page, re.MULTILINE), f"Prometheus should read {series}")


def local_only(running):
    addresses = set(running.exposed())
    require(addresses == {"127.0.0.1"}, f"the ports should be published on 127.0.0.1 only, but are on {', '.join(addresses)}")


def new_rules(running):
    """Envoy applies a policy that `prepare` writes later, here with one more rule."""
    policy = json.loads(POLICY.read_text())
    policy["rules"].append({"route": "GET /news", "access": "public"})
    with tempfile.TemporaryDirectory() as directory:
        changed = Path(directory) / "policy.json"
        changed.write_text(json.dumps(policy))
        running.run("run", "--rm", "-T", "--volume", f"{changed}:/envoy/policy.json:ro", "prepare", check=True)
    deadline = time.monotonic() + TIMEOUT
    while send(running.gateway, "GET", "/news").status != 200:
        require(time.monotonic() < deadline, f"Envoy has not applied new rules after {TIMEOUT} seconds")
        time.sleep(0.1)


def stopping(running):
    killed = running.stop()
    require(not killed, f"{', '.join(killed)} did not stop on SIGTERM")


PARTS = {
    "prepare's curl lines succeed": curl_lines,
    "the README's lines get the status that they state": readme.check,
    "the page signs users in": page,
    "Prometheus can read the filter's metrics": metrics,
    "no port is reachable from other machines": local_only,
    "new rules are applied without a restart": new_rules,
    "all containers stop on SIGTERM": stopping,
}


def require(condition, message):
    if not condition:
        raise Failed(message)


if __name__ == "__main__":
    sys.exit(main())
