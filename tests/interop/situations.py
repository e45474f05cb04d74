"""What the alerts and the panels are for, each brought about in a real Envoy: the metrics before and after."""

import json
import time
from contextlib import ExitStack, contextmanager
from functools import cache

from demo.configuration import LISTENER, LISTENERS, publish
from demo.exchange import send
from demo.upstream import upstream
from joserfc import jwt
from joserfc.jwk import ECKey

from .gateway import DOWN, KEY, ROOT, Gateway, eventually, provider, serving, token
from .scrape import read

# Seconds
MEASURED = 5
TRAPPING = ROOT / "target" / "trapping" / "jwt-authorizer.wasm"
POLICY = {
    "providers": {"main": provider("main"), "down": provider("down", DOWN)},
    "rules": [
        {"route": "GET /items"},
        {"route": "GET /health", "access": "public"},
        {"route": "GET /dry-run", "mode": "dry_run"},
    ],
}


def valid_token(**claims):
    """Its name cannot be a header."""
    return token("main", client_id="web", name="two\nlines", **claims)


def healthy(gateway):
    valid = valid_token()
    for _ in range(10):
        get(gateway, 200, "/items", valid)
        get(gateway, 200, "/health")
        get(gateway, 200, "/dry-run")
    get(gateway, 401, "/items")
    get(gateway, 401, "/items", valid_token(exp=1))


def issuer_unreachable(gateway):
    healthy(gateway)
    for _ in range(5):
        get(gateway, 503, "/items", token("down"))


def keys_not_refreshed(gateway):
    # They were fetched before. From now on no fetch succeeds.
    gateway.issuer.is_down = True
    healthy(gateway)


def many_refused(gateway):
    healthy(gateway)
    for _ in range(20):
        get(gateway, 401, "/items")


def forged(gateway):
    other = ECKey.generate_key("P-256", {"kid": KEY.kid})
    claims = {"iss": "https://main.example", "aud": "api", "client_id": "web", "exp": int(time.time()) + 600}
    for _ in range(5):
        healthy(gateway)
    for _ in range(20):
        get(gateway, 401, "/items", jwt.encode({"alg": "ES256", "kid": KEY.kid}, claims, other))


def configuration_refused(gateway):
    healthy(gateway)
    path = gateway.envoy.bootstrap.with_name(LISTENERS)
    (listener,) = json.loads(path.read_text())["resources"]
    del listener["@type"]
    plugin(listener)["configuration"]["value"] = "{}"
    publish(path, LISTENER, [listener])
    eventually("the listener is refused", lambda: gateway.envoy.updates()[1] == 1)
    healthy(gateway)


def trapped(gateway):
    for _ in range(8):
        healthy(gateway)
    for _ in range(8):
        trap(gateway)
    # Envoy creates the VM again with the first request after one or two seconds.
    time.sleep(3)
    for _ in range(20):
        get(gateway, 200, "/health")


def trapped_for_good(gateway):
    healthy(gateway)
    for _ in range(8):
        trap(gateway)
    for _ in range(10):
        get(gateway, 503, "/health")


SITUATIONS = [
    healthy,
    issuer_unreachable,
    keys_not_refreshed,
    many_refused,
    forged,
    configuration_refused,
    trapped,
    trapped_for_good,
]


def get_status(gateway, path, token=None, **headers):
    credentials = {"authorization": f"Bearer {token}"} if token else {}
    return send(f"http://{gateway.address}", "GET", path, credentials | headers).status


def get(gateway, status, path, token=None):
    got = get_status(gateway, path, token)
    assert got == status, f"GET {path} was answered with {got} instead of {status}"


def trap(gateway):
    status = get_status(gateway, "/health", **{"x-trap": "now"})
    assert status == 503, f"a trap was answered with {status}"


def plugin(listener):
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    return manager["http_filters"][0]["typed_config"]["config"]


def policy(situation):
    # Only where no fetch succeeds may the keys be older than the last second.
    several = {"audiences": ["api", "old"], "clients": ["web", "old"], "claims_to_headers": {"x-name": "name"}}
    main = provider("main", **several)
    main["jwks"]["refresh_interval"] = "1s" if situation is keys_not_refreshed else "10m"
    unreachable = {"down": POLICY["providers"]["down"]} if situation is issuer_unreachable else {}
    return POLICY | {"providers": {"main": main} | unreachable}


@cache
def measured():
    """The metrics before and after each situation, and the seconds between, by the situation's name."""
    return {situation.__name__: measure(situation) for situation in SITUATIONS}


def measure(situation):
    with running(situation) as gateway:
        eventually("the keys are loaded", lambda: get_status(gateway, "/items", valid_token()) == 200)
        time.sleep(1.5)
        before, start = read(gateway), time.monotonic()
        situation(gateway)
        # Counts are handed to Envoy once a second, and ages are whole seconds: only after some of them is their growth exact.
        time.sleep(max(1.5, start + MEASURED - time.monotonic()))
        return before, read(gateway), time.monotonic() - start


@contextmanager
def running(situation):
    def change(bootstrap):
        config = plugin(bootstrap["static_resources"]["listeners"][0])
        if situation in (trapped, trapped_for_good):
            config["vm_config"]["code"]["local"]["filename"] = str(TRAPPING)
        if situation is trapped_for_good:
            config["failure_policy"] = "FAIL_CLOSED"

    with ExitStack() as stack:
        yield Gateway(policy(situation), stack.enter_context(serving(upstream())), stack, change)
