"""What a control plane changes while requests run: the module itself, and a policy with a mistake in it. With the whole
listener, as Envoy Gateway and Gloo send it, and by itself, as Istio does.
"""

import contextlib
import json
import tempfile
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from demo.exchange import send
from demo.upstream import upstream

from . import envoys, manifests
from .issuer import Issuer

CUSTOM_SECTION, NAME = b"\0", b"release-2"
EXTENSION = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig"


class WithTheListener:
    """By LDS."""

    updates = "listener_manager.lds"

    def listener(self, wasm):
        return envoys.listener("gateway", wasm)

    def publish(self, wasm):
        envoys.replace(self.envoy.bootstrap.parent, [self.listener(wasm)])


class ByItself:
    """By ECDS."""

    updates = "extension_config_discovery.http_filter.jwt_authorizer"

    def listener(self, wasm):
        self.publish(wasm)
        source = {"resource_api_version": "V3", "path_config_source": {"path": str(self.extensions)}}
        return envoys.listener(
            "gateway", {"name": wasm["name"], "config_discovery": {"config_source": source, "type_urls": [envoys.WASM]}}
        )

    def publish(self, wasm):
        envoys.publish(self.extensions, EXTENSION, [wasm])

    @property
    def extensions(self):
        return self.directory / "extensions.json"


class Rollout:
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
        listener = self.listener(envoys.wasm_filter(self.policy))
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

    def count(self, name):
        stats = json.loads(self.envoy.admin(f"stats?format=json&filter=^{self.updates}.update_{name}$"))["stats"]
        return sum(stat.get("value", 0) for stat in stats)

    def end(self):
        self.wait_for_requests()
        self.stop.set()
        for client in self.clients:
            client.result()

    def test_another_module_refuses_nobody_and_fetches_nothing(self):
        other = self.directory / "release-2.wasm"
        section = bytes([len(NAME)]) + NAME
        other.write_bytes(envoys.MODULE.read_bytes() + CUSTOM_SECTION + bytes([len(section)]) + section)
        self.publish(envoys.wasm_filter(self.policy, module=other))
        self.envoy.wait_for(lambda: self.count("success") == 2, "has not taken the module up")
        self.end()
        self.assertEqual(set(self.statuses), {200})
        self.assertEqual(self.issuer.fetches, 1)

    def test_a_policy_with_a_mistake_leaves_the_one_before_in_force(self):
        # A refusal is what is waited for here.
        self.envoy.rejected = 1
        self.publish(envoys.wasm_filter(self.policy.replace('"audiences"', '"audience"')))
        self.envoy.wait_for(lambda: self.count("rejected") == 1, "has not refused the policy")
        self.assertIn("providers.cognito.audience", envoys.log(self.envoy))
        self.end()
        self.assertEqual(set(self.statuses), {200})


class ListenerRollout(WithTheListener, Rollout, unittest.TestCase):
    pass


class FilterRollout(ByItself, Rollout, unittest.TestCase):
    pass


if __name__ == "__main__":
    unittest.main()
