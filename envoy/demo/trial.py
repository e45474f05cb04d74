"""After the walk-through: curl lines to try, the access log as it comes, and new rules as soon as they are saved."""

import os
import time

from . import configuration, terminal
from .configuration import Blank
from .envoy import Refused
from .walk import told
from .wallet import ALICE, BOB, WRITER

# Who, as whom, and what to ask for.
CALLERS = [
    ("alice", ALICE, "in the group admin", "/admin/reports"),
    ("bob", BOB, "in no group", "/users/bob"),
    ("stock-sync", WRITER, "a machine", "/items"),
]
POLICY = os.path.relpath(configuration.POLICY)
# Tokens are good for an hour.
RENEWAL = 1800
PAUSE = 0.3


class Trial:
    def __init__(self, cast):
        self.cast = cast
        self.renewed = None

    def run(self):
        self.renew()
        self.invite()
        self.cast.log.news()
        while self.cast.envoy.process.poll() is None:
            time.sleep(PAUSE)
            for entry in self.cast.log.news():
                request = f"{entry['method']} {entry['path']} {entry['status']}"
                terminal.entry(f"  {terminal.dim(entry['time'][11:19])}", [request, *told(entry)])
            if time.monotonic() - self.renewed > RENEWAL:
                self.renew()
            if self.cast.configuration.is_outdated():
                self.take_rules()
        raise Refused(self.cast.envoy.complaints())

    def renew(self):
        for name, credential, *_ in CALLERS:
            path = self.cast.directory / name
            path.touch(mode=0o600)
            path.write_text(f"authorization: Bearer {self.cast.wallet.fresh(credential)}\n")
        self.renewed = time.monotonic()

    def invite(self):
        directory = os.path.relpath(self.cast.directory)
        terminal.heading("Yours to try")
        terminal.say(f"  {terminal.cyan('In a browser')}, as any of them: {terminal.bold(self.cast.url('page'))}\n")
        for name, _, role, path in CALLERS:
            terminal.say(f"  {terminal.cyan(name)}, {role}:")
            terminal.say(f"    curl -i -H @{directory}/{name} {self.cast.url('gateway')}{path}")
        terminal.say("\n  Each of these files holds a token, fresh for as long as the demo runs.")
        terminal.say("  Ask as one for what is another's, and you are refused.")
        terminal.say(f"  The rules are in {terminal.bold(POLICY)}: change them, save, and ask again.")
        terminal.say(f"  {terminal.bold('Ctrl-C')} ends everything. Until then, what Envoy logs of each request:\n")

    def take_rules(self):
        taken, _ = self.cast.envoy.updates()
        try:
            self.cast.configuration.write()
            self.cast.envoy.wait_for_update(taken + 1)
        except (Blank, Refused) as refusal:
            terminal.say(terminal.red(f"  {POLICY} is refused, and the rules from before stay in force:"))
            for complaint in str(refusal).splitlines():
                terminal.entry("   ", complaint.split())
        else:
            terminal.say(terminal.green(f"  The rules in {POLICY} are in force now."))
