"""The bundled setup in Docker, run for real: the walk of `make demo` against envoy/compose.yaml, and envoy/Dockerfile."""

import argparse
import json
import re
import signal
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
from demo.cognito import PASSWORD, Cognito
from demo.exchange import send
from demo.steps import STEPS
from demo.trial import CALLERS
from demo.walk import walk
from demo.wallet import Wallet
from images import Images
from setup import Setup
from tools import ROOT, Failed, run

POLICY = ROOT / "envoy" / "policy.json"
PATIENCE = 30


def main():
    options = arguments()
    # A plain kill ends what was started, too.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        with ExitStack() as stack:
            test(options, stack)
    except Failed as failure:
        return f"{terminal.red('make docker-test')}: {failure}"
    except KeyboardInterrupt:
        return "Ended."
    terminal.say(terminal.green("\nThe setup in Docker works as it should."))
    return 0


def arguments():
    parser = argparse.ArgumentParser(prog="make docker-test", description=__doc__, usage="make docker-test [ARGS=--both]")
    parser.add_argument("--both", action="store_true", help="walk with Docker Compose 1.29 too, and not with v2 alone")
    return parser.parse_args()


def test(options, stack):
    dockerfile.lint()
    terminal.heading("Docker")
    own = stack.enter_context(daemon())
    composes = {"v2": setup.compose_v2()} | ({"1.29": setup.compose_v1()} if options.both else {})
    images = stack.enter_context(Images(kept=own))
    terminal.heading("The images")
    for image in (*setup.images(), dockerfile.rust_image()):
        images.ensure(image)
    for version, compose in composes.items():
        terminal.heading(f"The setup, by Docker Compose {version}")
        with Setup(compose) as running:
            check(running)
    terminal.heading("The Dockerfile")
    dockerfile.check(images)


def check(running):
    wallet = Wallet(Cognito(running.cognito), running.machines)
    surprising = walk(running.gateway, wallet, AccessLog(running.log("envoy")))
    hold(not surprising, f"{len(surprising)} of {len(STEPS)} steps came out otherwise: {', '.join(surprising)}")
    terminal.say()
    for title, part in PARTS.items():
        part(running)
        terminal.say(f"  {terminal.green('✔')} {title}")


def curl_lines(running):
    printed = re.findall(r"^\s*curl -i -H '(\S+): (.+)' (http://[^/\s]+)(/\S*)$", running.log("prepare")(), re.MULTILINE)
    hold(len(printed) == len(CALLERS), f"prepare should print {len(CALLERS)} curl lines, but printed {len(printed)}")
    for name, value, gateway, path in printed:
        status = send(gateway, "GET", path, {name: value}).status
        hold(status == 200, f"prepare's curl line for {path} is answered with {status}")


def page(running):
    hold(send(running.page, "GET", "/settings").json()["gateway"] == running.gateway, "the page should call the gateway")
    signed_in = send(running.page, "POST", "/sign-in", body=json.dumps({"username": "bob", "password": PASSWORD}))
    hold(signed_in.status == 200, f"the page should sign bob in, but is answered with {signed_in.status}")
    token = signed_in.json()["access"]
    status = send(running.gateway, "GET", "/users/bob", {"authorization": f"Bearer {token}"}).status
    hold(status == 200, f"the page's token for bob should be good, but is answered with {status}")


def metrics(running):
    page = send(running.admin, "GET", "/stats/prometheus").body.decode()
    for series in ('jwt_authorizer_provider_allowed{provider="cognito"}', 'jwt_authorizer_reason{reason="scope_missing"}'):
        hold(re.search(rf"^{re.escape(series)} [1-9]", page, re.MULTILINE), f"Prometheus should read {series}")


def local_only(running):
    addresses = set(running.exposed())
    hold(addresses == {"127.0.0.1"}, f"only 127.0.0.1 should be listened on, and not {', '.join(addresses)}")


def new_rules(running):
    """Envoy takes up what `prepare` writes anew, here with a rule that nobody had."""
    policy = json.loads(POLICY.read_text())
    policy["rules"].append({"route": "GET /news", "access": "public"})
    with tempfile.TemporaryDirectory() as directory:
        changed = Path(directory) / "policy.json"
        changed.write_text(json.dumps(policy))
        running.run("run", "--rm", "-T", "--volume", f"{changed}:/envoy/policy.json:ro", "prepare", check=True)
    deadline = time.monotonic() + PATIENCE
    while send(running.gateway, "GET", "/news").status != 200:
        hold(time.monotonic() < deadline, f"Envoy has not taken up new rules after {PATIENCE} seconds")
        time.sleep(0.1)


def stopping(running):
    killed = running.stop()
    hold(not killed, f"{', '.join(killed)} did not end when told to")


PARTS = {
    "prepare's curl lines are answered as they say": curl_lines,
    "the README's lines too": readme.check,
    "the page signs users in": page,
    "Prometheus can read the filter's counters": metrics,
    "nothing is reachable from other machines": local_only,
    "new rules are taken up without a restart": new_rules,
    "everything ends when it is told to": stopping,
}


def hold(condition, complaint):
    if not condition:
        raise Failed(complaint)


if __name__ == "__main__":
    sys.exit(main())
