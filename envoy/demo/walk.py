"""Sends each step's request and holds the answer, the access log and what reached the upstream against the script."""

from . import terminal
from .exchange import send
from .steps import STEPS

LEGEND = """\
Of each step: what was sent, the answer, the identity headers if the request
reached the upstream, and what Envoy's access log says. The reason is told
there alone, not to whoever is refused.
"""


def walk(gateway, wallet, log, steps=STEPS):
    """Tells each step as it goes, and gives the titles of those that came out otherwise."""
    terminal.say(LEGEND)
    titles = []
    for number, step in enumerate(steps, 1):
        outcome = Outcome(step, gateway, wallet, log)
        tell(number, step, outcome)
        if outcome.surprises:
            titles.append(step.title)
    return titles


class Outcome:
    def __init__(self, step, gateway, wallet, log):
        headers = dict(step.headers)
        if step.bearer:
            headers["authorization"] = f"Bearer {wallet[step.bearer]}"
        self.answer = send(gateway, step.method, step.path, headers)
        self.challenge = self.answer.headers.get("www-authenticate")
        self.log = log.entry(self.answer.headers.get("x-request-id"))
        echo = self.answer.json() or {}
        self.reached = echo.get("headers", {})
        self.surprises = list(self.compare(step, echo))

    def compare(self, step, echo):
        if self.answer.status != step.status:
            yield f"the status should be {step.status}"
        if self.challenge != step.challenge:
            yield f"www-authenticate should be {step.challenge}"
        if self.log.get("reason") != step.reason:
            yield f"the access log should give the reason {step.reason}"
        if step.status >= 400 and set(echo) != {"message"}:
            yield f"the body should have no more than a message, but is {self.answer.body!r}"
        for name, value in step.upstream.items():
            if self.reached.get(name) != value:
                yield f"the upstream should see {name}: {value or 'nothing'}, but saw {self.reached.get(name, 'nothing')}"


def tell(number, step, outcome):
    mark = terminal.red("✘") if outcome.surprises else terminal.green("✔")
    terminal.say(f"{number:3} {mark} {terminal.bold(step.title)}")
    line("sent", sent(step), " · ")
    line("answer", [part for part in [coloured_status(outcome.answer), outcome.challenge] if part], " · ")
    if outcome.reached:
        identity = {name: value for name, value in sorted(outcome.reached.items()) if is_identity(name)}
        line("upstream", [f"{name}={quoted(value)}" for name, value in identity.items()] or ["no identity header"])
    line("log", told(outcome.log) or ["nothing"])
    for surprise in outcome.surprises:
        line("", [terminal.red(surprise)])


TOLD = ("reason", "rule", "provider", "sub", "client_id", "dry_run")


def told(entry):
    return [f"{name}={quoted(entry[name])}" for name in TOLD if entry.get(name)]


def sent(step):
    return [step.request, *([step.bearer] if step.bearer else []), *(f"{name}: {value}" for name, value in step.headers.items())]


def is_identity(name):
    # As for the filter, `_` and `-` are one letter.
    return name.replace("_", "-").startswith("x-jwt-")


def line(label, parts, between=" "):
    terminal.entry(f"      {terminal.dim(f'{label:8}')}", parts, between)


def coloured_status(answer):
    colour = terminal.green if answer.status < 300 else terminal.yellow
    return colour(f"{answer.status} {answer.phrase}")


def quoted(value):
    return f'"{value}"' if " " in value else value
