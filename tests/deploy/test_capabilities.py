"""The capabilities that the plain gateway leaves the module: all that it needs, and nothing in vain."""

import contextlib
import re
import unittest
from concurrent.futures import ThreadPoolExecutor

from demo.envoy import Refused
from demo.exchange import send
from demo.upstream import upstream

from . import envoys, manifests
from .issuer import Issuer
from .wasm_module import WasmModule

GIVEN = manifests.plugin_config(manifests.envoy_yaml())["capability_restriction_config"]["allowed_capabilities"]
CALLBACKS = {name for name in GIVEN if name.startswith("proxy_on_")}
CALLED = sorted(set(GIVEN) - CALLBACKS)


class Capabilities(unittest.TestCase):
    def test_callbacks_are_those_that_the_module_has(self):
        """One that is left out is not called. Without proxy_on_request_headers every request would pass."""
        module = WasmModule.read(envoys.MODULE)
        self.assertEqual(CALLBACKS, {name for name in module.capabilities() if name.startswith("proxy_on_")})
        self.assertLess(set(CALLED), module.imports)

    def test_the_module_asks_for_nothing_else(self):
        waited, answers, asked_for = self.live_through([None], has_counted)
        self.assertEqual(waited, [200] * 4)
        self.assertEqual(answers, [[200, 200, 401, 401, 403, 200]])
        self.assertEqual(asked_for, set())

    def test_none_is_given_in_vain(self):
        """One Envoy, with a listener for each capability that is taken away; what is asked for and not there is
        logged by its name. A filter that dies of it asks for more, to say so: that is not needed to live."""
        _, _, asked_for = self.live_through(CALLED, lambda envoy: set(CALLED) <= missed(envoy))
        self.assertEqual(set(CALLED) - asked_for, set())

    def live_through(self, missing, end):
        """A start, a wait for keys, requests of each outcome, and the counts of them, without each of `missing`."""
        policy, clusters = next((text, names) for place, text, names in manifests.policies() if place == "istio")
        listeners = []
        for name in missing:
            allowed = {one: {} for one in GIVEN if one != name}
            restriction = {"capability_restriction_config": {"allowed_capabilities": allowed}}
            listeners.append(envoys.listener(str(name), envoys.wasm_filter(policy, str(name), **restriction)))
        with contextlib.ExitStack() as stack:
            api, issuer = upstream().start(), Issuer().start()
            issuer.open.clear()
            servers = [("upstream", api), *((name, issuer) for name in clusters)]
            bootstrap = {
                "node": {"id": "test", "cluster": "test"},
                "admin": {"address": envoys.anywhere()},
                "static_resources": {"clusters": [envoys.cluster(name, at.address) for name, at in servers]},
            }
            envoy = stack.enter_context(envoys.running(bootstrap, listeners))
            # Some of the listeners are no use without what they lack, and refused for it.
            envoy.rejected = 1
            envoy.wait_for(lambda: attempted(envoy) >= 1, "has not read its listeners")
            listening = envoys.addresses(envoy)
            places = listening.values()
            callers = stack.enter_context(ThreadPoolExecutor(max(1, 4 * len(places))))
            first = [callers.submit(ask, at, "/items", issuer.token()) for at in places for _ in range(4)]
            envoy.wait_for(lambda: issuer.fetches >= min(1, len(places)), "has not fetched")
            # Only of those who wait is all of it asked.
            arrived = lambda: waiting(envoy, listening) + sum(one.done() for one in first)
            envoy.wait_for(lambda: arrived() >= len(first), "has not got the requests")
            issuer.open.set()
            waited = [one.result() for one in first]
            answers = list(callers.map(lambda at: outcomes(at, issuer), places))
            # If it does not come to that, the caller tells better what is not as it should be.
            with contextlib.suppress(Refused):
                envoy.wait_for(lambda: end(envoy), "has not come to the end")
            return waited, answers, missed(envoy)


def waiting(envoy, names):
    stats = dict(line.split(": ") for line in envoy.admin("stats?filter=downstream_rq_active$").splitlines())
    return sum(int(stats[f"http.{name}.downstream_rq_active"]) for name in names)


def missed(envoy):
    return set(re.findall(rf"{envoys.RESTRICTED} \S+ capability: (\w+)", envoys.log(envoy)))


def has_counted(envoy):
    """Once a second the filter hands its counts over; by then, what there was to ask of the host has been asked."""
    return "jwt_authorizer.allowed" in envoy.admin("stats?filter=^wasmcustom")


def attempted(envoy):
    return sum(envoy.updates())


def ask(address, path, token=None, **headers):
    credentials = {"authorization": f"Bearer {token}"} if token else {}
    try:
        return send(f"http://{address}", "GET", path, headers | credentials).status
    except OSError:
        return None


def outcomes(address, issuer):
    """One request of each kind; a client's own x-jwt-subject has to go, and the token's has to come."""
    return [
        ask(address, "/health", **{"x-jwt-subject": "mallory"}),
        ask(address, "/items", issuer.token()),
        ask(address, "/items"),
        ask(address, "/items", "nonsense"),
        ask(address, "/admin/users", issuer.token()),
        ask(address, "/admin/users", issuer.token(**{"cognito:groups": ["admin"]})),
    ]


if __name__ == "__main__":
    unittest.main()
