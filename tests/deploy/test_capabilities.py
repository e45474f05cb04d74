"""The capabilities that the plain gateway allows the module: all that it needs, and no others."""

import contextlib
import re
import unittest
from concurrent.futures import ThreadPoolExecutor

from demo.envoy import EnvoyError
from demo.exchange import send
from demo.upstream import upstream

from . import envoys, manifests
from .issuer import Issuer
from .wasm_module import WasmModule

ALLOWED = manifests.plugin_config(manifests.envoy_yaml())["vm_config"]["capability_restriction_config"]["allowed_capabilities"]
CALLBACKS = {name for name in ALLOWED if name.startswith("proxy_on_")}
HOST_CALLS = sorted(set(ALLOWED) - CALLBACKS)


class Capabilities(unittest.TestCase):
    def test_the_callbacks_are_those_that_the_module_exports(self):
        """Envoy does not call a missing one. Without proxy_on_request_headers every request would pass."""
        module = WasmModule.read(envoys.MODULE)
        self.assertEqual(CALLBACKS, {name for name in module.capabilities() if name.startswith("proxy_on_")})
        self.assertLess(set(HOST_CALLS), module.imports)

    def test_the_module_needs_no_other(self):
        waited, statuses, restricted = self.run_filter([None], has_flushed_metrics)
        self.assertEqual(waited, [200] * 4)
        self.assertEqual(statuses, [[200, 200, 401, 401, 403, 200]])
        self.assertEqual(restricted, set())

    def test_the_module_uses_each_of_them(self):
        """One Envoy with a listener for each capability that is removed. Envoy logs the name of a capability that the
        module calls without having it. A filter that panics for lack of one calls more functions to report it; these
        do not matter here."""
        _, _, restricted = self.run_filter(HOST_CALLS, lambda envoy: set(HOST_CALLS) <= restricted_calls(envoy))
        self.assertEqual(set(HOST_CALLS) - restricted, set())

    def run_filter(self, missing, is_done):
        """A start, requests that wait for keys, requests of each result, and their metrics, without each of `missing`."""
        policy, clusters = next((text, names) for platform, text, names in manifests.policies() if platform == "istio")
        listeners = []
        for name in missing:
            allowed = {capability: {} for capability in ALLOWED if capability != name}
            wasm = envoys.wasm_filter(policy, str(name))
            restriction = {"allowed_capabilities": allowed}
            wasm["typed_config"]["config"]["vm_config"]["capability_restriction_config"] = restriction
            listeners.append(envoys.listener(str(name), wasm))
        with contextlib.ExitStack() as stack:
            api, issuer = upstream().start(), Issuer().start()
            issuer.released.clear()
            bootstrap = envoys.bootstrap({"upstream": api} | dict.fromkeys(clusters, issuer))
            envoy = stack.enter_context(envoys.running(bootstrap, listeners))
            # Envoy refuses some listeners for lack of the capability; that is expected.
            envoy.rejected = 1
            envoy.wait_for(lambda: update_attempts(envoy) >= 1, "has not read its listeners")
            listeners = envoy.listeners()
            addresses = listeners.values()
            callers = stack.enter_context(ThreadPoolExecutor(max(1, 4 * len(addresses))))
            first = [callers.submit(status_of, address, "/items", issuer.token()) for address in addresses for _ in range(4)]
            envoy.wait_for(lambda: issuer.fetches >= min(1, len(addresses)), "has not fetched")
            # All of these requests must wait for keys, since some capabilities are only used for waiting requests.
            arrived = lambda: waiting(envoy, listeners) + sum(request.done() for request in first)
            envoy.wait_for(lambda: arrived() >= len(first), "has not got the requests")
            issuer.released.set()
            waited = [request.result() for request in first]
            statuses = list(callers.map(lambda address: statuses_of_each_kind(address, issuer), addresses))
            # After a timeout the caller's assertions give the better message.
            with contextlib.suppress(EnvoyError):
                envoy.wait_for(lambda: is_done(envoy), "has not finished")
            return waited, statuses, restricted_calls(envoy)


def waiting(envoy, names):
    stats = dict(line.split(": ") for line in envoy.admin("stats?filter=downstream_rq_active$").splitlines())
    return sum(int(stats[f"http.{name}.downstream_rq_active"]) for name in names)


def restricted_calls(envoy):
    return set(re.findall(rf"{envoys.RESTRICTED} \S+ capability: (\w+)", envoys.log(envoy)))


def has_flushed_metrics(envoy):
    """The filter flushes its metrics once a second; by then it has made all its other host calls."""
    return "jwt_authorizer.allowed" in envoy.admin("stats?filter=^wasmcustom")


def update_attempts(envoy):
    return sum(envoy.updates())


def status_of(address, path, token=None, **headers):
    credentials = {"authorization": f"Bearer {token}"} if token else {}
    try:
        return send(f"http://{address}", "GET", path, headers | credentials).status
    except OSError:
        return None


def statuses_of_each_kind(address, issuer):
    """One request of each kind. The first has a forged x-jwt-subject, which the filter must remove."""
    return [
        status_of(address, "/health", **{"x-jwt-subject": "mallory"}),
        status_of(address, "/items", issuer.token()),
        status_of(address, "/items"),
        status_of(address, "/items", "nonsense"),
        status_of(address, "/admin/users", issuer.token()),
        status_of(address, "/admin/users", issuer.token(**{"cognito:groups": ["admin"]})),
    ]


if __name__ == "__main__":
    unittest.main()
