"""Sends each scenario's request and compares the response, the access log and what reached the upstream with it."""

from . import terminal
from .exchange import send
from .scenarios import SCENARIOS

LEGEND = """\
For each request: what was sent, the answer, the identity headers if the
request reached the upstream, and the access log entry. The reason is only in
the access log; the caller does not see it.
"""


def run_checks(gateway, tokens, access_log, scenarios=SCENARIOS):
    """Prints each result, and returns the titles of the scenarios that failed."""
    terminal.say(LEGEND)
    failed = []
    for number, scenario in enumerate(scenarios, 1):
        result = Result(scenario, gateway, tokens, access_log)
        report(number, scenario, result)
        if result.mismatches:
            failed.append(scenario.title)
    return failed


class Result:
    def __init__(self, scenario, gateway, tokens, access_log):
        headers = dict(scenario.headers)
        if scenario.token:
            headers["authorization"] = f"Bearer {tokens[scenario.token]}"
        self.response = send(gateway, scenario.method, scenario.path, headers)
        self.challenge = self.response.headers.get("www-authenticate")
        self.log_entry = access_log.entry(self.response.headers.get("x-request-id"))
        body = self.response.json() or {}
        self.upstream_headers = body.get("headers", {})
        self.mismatches = list(self.compare(scenario, body))

    def compare(self, scenario, body):
        if self.response.status != scenario.status:
            yield f"the status should be {scenario.status}"
        if self.challenge != scenario.challenge:
            yield f"www-authenticate should be {scenario.challenge}"
        if self.log_entry.get("reason") != scenario.reason:
            yield f"the reason in the access log should be {scenario.reason}"
        if scenario.status >= 400 and set(body) != {"message"}:
            yield f"the body should have only a message, but is {self.response.body!r}"
        for name, expected in scenario.upstream.items():
            found = self.upstream_headers.get(name)
            if found != expected:
                yield f"the upstream should get {name}: {expected or 'nothing'}, but got {found or 'nothing'}"


def report(number, scenario, result):
    mark = terminal.red("✘") if result.mismatches else terminal.green("✔")
    terminal.say(f"{number:3} {mark} {terminal.bold(scenario.title)}")
    line("sent", request_parts(scenario), " · ")
    line("answer", [part for part in [coloured_status(result.response), result.challenge] if part], " · ")
    if result.upstream_headers:
        identity = {name: value for name, value in sorted(result.upstream_headers.items()) if is_identity(name)}
        line("upstream", [f"{name}={quoted(value)}" for name, value in identity.items()] or ["no identity header"])
    line("log", log_fields(result.log_entry) or ["nothing"])
    for mismatch in result.mismatches:
        line("", [terminal.red(mismatch)])


LOG_FIELDS = ("reason", "rule", "provider", "sub", "client_id", "dry_run")


def log_fields(entry):
    return [f"{name}={quoted(entry[name])}" for name in LOG_FIELDS if entry.get(name)]


def request_parts(scenario):
    token = [scenario.token] if scenario.token else []
    return [scenario.request, *token, *(f"{name}: {value}" for name, value in scenario.headers.items())]


def is_identity(name):
    # The filter also treats `_` and `-` in header names as equal.
    return name.replace("_", "-").startswith("x-jwt-")


def line(label, parts, between=" "):
    terminal.entry(f"      {terminal.dim(f'{label:8}')}", parts, between)


def coloured_status(response):
    colour = terminal.green if response.status < 300 else terminal.yellow
    return colour(f"{response.status} {response.phrase}")


def quoted(value):
    return f'"{value}"' if " " in value else value
