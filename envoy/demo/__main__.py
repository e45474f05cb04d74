"""Requests with real tokens through a real Envoy, on this machine alone: a walk-through, then yours to try."""

import argparse
import logging
import os
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from moto.server import ThreadedMotoServer

from . import configuration, terminal
from .access_log import AccessLog
from .cognito import Cognito
from .configuration import Blank, Configuration
from .envoy import Envoy, Refused
from .machines import machines
from .steps import STEPS
from .trial import Trial
from .upstream import upstream
from .walk import walk
from .wallet import Wallet

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "dist" / "jwt-authorizer.wasm"


def main():
    options = arguments()
    if not options.module.is_file():
        return f"{options.module} is not there; `make build` makes it"
    # The terminal's hanging up and a plain kill end the demo as Ctrl-C does: through the handles of what it started.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        with ExitStack() as stack:
            return demonstrate(options, stack)
    except Refused as refusal:
        return f"Envoy does not run with this module and these rules. It says:\n\n{refusal}\n\n{ADVICE}"
    except Blank as blank:
        return str(blank)
    except KeyboardInterrupt:
        terminal.say("\nEnded.")
        return 0


ADVICE = """\
If a line names a place in the policy, mend envoy/policy.json there. If it speaks of the module, run `make clean build`.
Then run `make demo` again."""


def arguments():
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__, usage="make demo [ARGS='--once --port N']")
    parser.add_argument("--once", action="store_true", help="end after the walk-through; fail if a step came out otherwise")
    parser.add_argument("--port", type=int, default=0, help="the gateway's port (default: one that is free)")
    parser.add_argument("--module", type=Path, default=MODULE, help="another build of the filter")
    return parser.parse_args()


def demonstrate(options, stack):
    (ROOT / "target").mkdir(exist_ok=True)
    directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="demo-", dir=ROOT / "target")))
    cast = Cast(options, directory, stack)
    cast.introduce()
    terminal.heading("The walk-through")
    surprising = walk(cast.gateway, cast.wallet, cast.log)
    terminal.say()
    if surprising:
        terminal.say(terminal.red(f"{len(surprising)} of {len(STEPS)} steps came out otherwise: {', '.join(surprising)}"))
    else:
        terminal.say(terminal.green(f"All {len(STEPS)} steps came out as they should."))
    if not options.once:
        Trial(cast).run()
    return 1 if surprising else 0


class Cast:
    """Everything that runs, each on a port of this machine that was free."""

    def __init__(self, options, directory, stack):
        self.directory = directory
        emulator = moto()
        stack.callback(emulator.stop)
        cognito = "{}:{}".format(*emulator.get_host_and_port())
        issuer, api = machines().start(), upstream().start()
        self.cognito = Cognito(f"http://{cognito}")
        self.wallet = Wallet(self.cognito, f"http://{issuer.address}")
        self.addresses = {
            "gateway": f"127.0.0.1:{options.port}",
            "admin": "127.0.0.1:0",
            "upstream": api.address,
            "cognito": cognito,
            "machines": issuer.address,
        }
        self.configuration = Configuration(directory, options.module.resolve(), self.addresses, self.cognito)
        self.configuration.write()
        self.envoy = stack.enter_context(Envoy(directory))
        self.addresses["gateway"] = self.envoy.wait_for_listener()
        self.addresses["admin"] = self.envoy.admin_address
        self.gateway = f"http://{self.addresses['gateway']}"
        self.log = AccessLog(self.envoy.access_log.read_text)

    def introduce(self):
        terminal.heading("What runs")
        for name, what in ROLES.items():
            terminal.say(f"  {terminal.cyan(f'{name:9}')} http://{self.addresses[name]:16} {what}")


ROLES = {
    "gateway": "Envoy with the filter",
    "admin": "Envoy's admin pages; /stats/prometheus has the filter's counters",
    "cognito": "a user pool in an emulated Cognito, with alice (group admin) and bob",
    "machines": "a second issuer, for client credentials",
    "upstream": "the API, which answers with what it got",
}


def moto():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    return server


if __name__ == "__main__":
    sys.exit(main())
