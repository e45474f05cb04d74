"""After the walk-through: curl lines to try, the access log as it is written, and new rules as soon as they are saved."""

import os
import time

from . import configuration, terminal
from .checks import log_fields
from .configuration import PlaceholderError
from .envoy import EnvoyError
from .tokens import OF_CALLER
from .users import CALLERS

POLICY = os.path.relpath(configuration.POLICY)
# Tokens are valid for an hour.
RENEW_AFTER = 1800
POLL_INTERVAL = 0.3


class Interactive:
    def __init__(self, services):
        self.services = services
        self.renewed = None

    def run(self):
        self.renew_tokens()
        self.print_instructions()
        self.services.access_log.new_entries()
        while self.services.envoy.process.poll() is None:
            time.sleep(POLL_INTERVAL)
            for entry in self.services.access_log.new_entries():
                request = f"{entry['method']} {entry['path']} {entry['status']}"
                terminal.entry(f"  {terminal.dim(entry['time'][11:19])}", [request, *log_fields(entry)])
            if time.monotonic() - self.renewed > RENEW_AFTER:
                self.renew_tokens()
            if self.services.configuration.is_outdated():
                self.apply_policy()
        raise EnvoyError(self.services.envoy.errors())

    def renew_tokens(self):
        for caller in CALLERS:
            path = self.services.directory / caller.name
            path.touch(mode=0o600)
            path.write_text(f"authorization: Bearer {self.services.tokens.renew(OF_CALLER[caller.name])}\n")
        self.renewed = time.monotonic()

    def print_instructions(self):
        directory = os.path.relpath(self.services.directory)
        terminal.heading("Try it")
        terminal.say(f"  {terminal.cyan('In a browser')}, as any of these callers: {terminal.bold(self.services.url('page'))}\n")
        for caller in CALLERS:
            terminal.say(f"  {terminal.cyan(caller.name)}, {caller.role}:")
            terminal.say(f"    curl -i -H @{directory}/{caller.name} {self.services.url('gateway')}{caller.path}")
        terminal.say("\n  Each file holds a token, renewed for as long as the demo runs.")
        terminal.say("  Send one caller's request with another caller's token, and it is refused.")
        terminal.say(f"  The rules are in {terminal.bold(POLICY)}: change them, save, and send the request again.")
        terminal.say(f"  {terminal.bold('Ctrl-C')} stops everything. Until then, the access log:\n")

    def apply_policy(self):
        applied, _ = self.services.envoy.updates()
        try:
            self.services.configuration.write()
            self.services.envoy.wait_for_update(applied + 1)
        except (PlaceholderError, EnvoyError) as error:
            terminal.say(terminal.red(f"  {POLICY} is refused, and the previous rules stay in force:"))
            for line in str(error).splitlines():
                terminal.entry("   ", line.split())
        else:
            terminal.say(terminal.green(f"  The rules in {POLICY} are now in force."))
