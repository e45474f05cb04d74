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
# An editor that replaces the file removes it for a moment.
MISSING_AFTER = 1


class Interactive:
    def __init__(self, services):
        self.services = services
        self.renewed = None
        # Since when the rules cannot be read, and whether this was said.
        self.unreadable, self.has_reported = None, False

    def run(self):
        self.begin()
        while self.services.envoy.process.poll() is None:
            time.sleep(POLL_INTERVAL)
            self.step()
        raise EnvoyError(self.services.envoy.errors())

    def begin(self):
        self.renew_tokens()
        self.print_instructions()
        self.services.access_log.new_entries()

    def step(self):
        for entry in self.services.access_log.new_entries():
            request = f"{entry['method']} {entry['path']} {entry['status']}"
            terminal.entry(f"  {terminal.dim(entry['time'][11:19])}", [request, *log_fields(entry)])
        if time.monotonic() - self.renewed > RENEW_AFTER:
            self.renew_tokens()
        self.read_policy()
        print_warnings(self.services.envoy)

    def read_policy(self):
        try:
            outdated = self.services.configuration.is_outdated()
        except (OSError, UnicodeError) as error:
            self.unreadable = self.unreadable or time.monotonic()
            if time.monotonic() - self.unreadable > MISSING_AFTER and not self.has_reported:
                problem = "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read ({error})"
                terminal.say(terminal.red(f"  {POLICY} {problem}. The previous rules stay in force until it is back."))
                self.has_reported = True
            return
        if outdated:
            self.apply_policy()
        elif self.has_reported:
            terminal.say(terminal.green(f"  {POLICY} is back, unchanged."))
        self.unreadable, self.has_reported = None, False

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
        terminal.say(f"  Envoy's own log is {directory}/{self.services.envoy.log.name}, as long as the demo runs.")
        terminal.say(f"  {terminal.bold('Ctrl-C')} stops everything. Until then, the access log and what the filter warns of:\n")

    def apply_policy(self):
        applied, _ = self.services.envoy.updates()
        try:
            self.services.configuration.write()
            self.services.envoy.wait_for_update(applied + 1)
        except OSError:
            # It was removed after it was read; the next step sees that.
            return
        except (PlaceholderError, EnvoyError) as error:
            terminal.say(terminal.red(f"  {POLICY} is refused, and the previous rules stay in force:"))
            for line in str(error).splitlines():
                terminal.entry("   ", line.split())
        else:
            terminal.say(terminal.green(f"  The rules in {POLICY} are now in force."))


def print_warnings(envoy):
    for warning in envoy.warnings():
        terminal.entry(terminal.yellow("  The filter warns:"), warning.split())
