"""Sends each step's request and holds the answer, the access log and what reached the upstream against the script."""

from . import terminal
from .exchange import send
from .steps import STEPS

# Enough of a long value to recognise it by.
WIDEST = 100


def walk(gateway, wallet, log):
    """Tells each step as it goes, and gives the titles of those that came out otherwise."""
    titles = []
    for number, step in enumerate(STEPS, 1):
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
    line("sent", f"{step.request}{''.join(f' · {part}' for part in sent(step))}")
    line("back", " · ".join(part for part in [coloured_status(outcome.answer), outcome.challenge] if part))
    if identity := {name: value for name, value in outcome.reached.items() if name.replace("_", "-").startswith("x-jwt-")}:
        line("upstream", " ".join(f"{name}={shorten(value)}" for name, value in sorted(identity.items())))
    line("log", told(outcome.log) or "nothing")
    for surprise in outcome.surprises:
        line("", terminal.red(surprise))


TOLD = ("reason", "rule", "provider", "sub", "client_id")


def told(entry):
    return " ".join(f"{name}={quoted(entry[name])}" for name in TOLD if entry.get(name))


def sent(step):
    if step.bearer:
        yield step.bearer
    yield from (f"{name}: {value}" for name, value in step.headers.items())


def line(label, text):
    terminal.say(f"      {terminal.dim(f'{label:8}')} {text}")


def coloured_status(answer):
    colour = terminal.green if answer.status < 300 else terminal.yellow
    return colour(f"{answer.status} {answer.phrase}")


def shorten(value):
    return value if len(value) <= WIDEST else f"{value[:WIDEST]}…"


def quoted(value):
    return f'"{value}"' if " " in value else value
