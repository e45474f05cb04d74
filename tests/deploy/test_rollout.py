"""What a control plane changes while requests run: the module itself, and a policy with a mistake in it."""

import contextlib
import tempfile
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from demo.envoy import Refused
from demo.exchange import send
from demo.upstream import upstream

from . import envoys, manifests
from .issuer import Issuer

CUSTOM_SECTION, NAME = b"\0", b"release-2"


class Rollout(unittest.TestCase):
    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.policy, clusters = next((text, names) for place, text, names in manifests.policies() if place == "istio")
        self.directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="deploy-")))
        self.issuer, api = Issuer().start(), upstream().start()
        servers = [("upstream", api), *((name, self.issuer) for name in clusters)]
        bootstrap = {
            "node": {"id": "test", "cluster": "test"},
            "admin": {"address": envoys.anywhere()},
            "static_resources": {"clusters": [envoys.cluster(name, at.address) for name, at in servers]},
        }
        listener = envoys.listener("gateway", envoys.wasm_filter(self.policy))
        # What still runs on the old filters when this is over is cut off.
        self.envoy = stack.enter_context(envoys.running(bootstrap, [listener], drain_seconds=30))
        self.gateway = f"http://{self.envoy.wait_for_listener()}"
        self.statuses, self.stop, token = [], threading.Event(), self.issuer.token()

        def keep_asking():
            while not self.stop.is_set():
                answer = send(self.gateway, "GET", "/items", {"authorization": f"Bearer {token}"})
                self.statuses.append(answer.status)

        clients = stack.enter_context(ThreadPoolExecutor(4))
        self.clients = [clients.submit(keep_asking) for _ in range(4)]
        stack.callback(self.stop.set)
        self.wait_for_requests()

    def wait_for_requests(self):
        wanted = len(self.statuses) + 40
        self.envoy.wait_for(lambda: len(self.statuses) >= wanted, "has not answered")

    def give(self, wasm):
        envoys.replace(self.envoy.bootstrap.parent, [envoys.listener("gateway", wasm)])

    def end(self):
        self.wait_for_requests()
        self.stop.set()
        for client in self.clients:
            client.result()

    def test_another_module_refuses_nobody_and_fetches_nothing(self):
        other = self.directory / "release-2.wasm"
        section = bytes([len(NAME)]) + NAME
        other.write_bytes(envoys.MODULE.read_bytes() + CUSTOM_SECTION + bytes([len(section)]) + section)
        self.give(envoys.wasm_filter(self.policy, module=other))
        self.envoy.wait_for_update(2)
        self.end()
        self.assertEqual(set(self.statuses), {200})
        self.assertEqual(self.issuer.fetches, 1)

    def test_a_policy_with_a_mistake_leaves_the_one_before_in_force(self):
        self.give(envoys.wasm_filter(self.policy.replace('"audiences"', '"audience"')))
        with self.assertRaisesRegex(Refused, "providers.cognito.audience"):
            self.envoy.wait_for_update(2)
        self.end()
        self.assertEqual(set(self.statuses), {200})


if __name__ == "__main__":
    unittest.main()
