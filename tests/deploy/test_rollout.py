"""Updates by a control plane while requests run: another module, and a policy with a mistake. The filter comes with the
whole listener, as from Envoy Gateway and Gloo, or alone, as from Istio.
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


class ByListener:
    """Over LDS."""

    updates = "listener_manager.lds"

    def listener(self, wasm):
        return envoys.listener("gateway", wasm)

    def publish(self, wasm):
        envoys.publish_listeners(self.envoy.bootstrap.parent, [self.listener(wasm)])


class ByExtension:
    """Over ECDS."""

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
        self.policy, clusters = next((text, names) for platform, text, names in manifests.policies() if platform == "istio")
        self.directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="deploy-")))
        self.issuer, api = Issuer().start(), upstream().start()
        bootstrap = envoys.bootstrap({"upstream": api} | dict.fromkeys(clusters, self.issuer))
        listener = self.listener(envoys.wasm_filter(self.policy))
        # Requests on the old filters may take this long; later ones would be cut off.
        self.envoy = stack.enter_context(envoys.running(bootstrap, [listener], drain_seconds=30))
        self.gateway = f"http://{self.envoy.wait_for_listener()}"
        self.statuses, self.stop, token = [], threading.Event(), self.issuer.token()

        def send_requests():
            while not self.stop.is_set():
                response = send(self.gateway, "GET", "/items", {"authorization": f"Bearer {token}"})
                self.statuses.append(response.status)

        clients = stack.enter_context(ThreadPoolExecutor(4))
        self.clients = [clients.submit(send_requests) for _ in range(4)]
        stack.callback(self.stop.set)
        self.wait_for_requests()

    def wait_for_requests(self):
        expected = len(self.statuses) + 40
        self.envoy.wait_for(lambda: len(self.statuses) >= expected, "has not answered")

    def count(self, name):
        stats = json.loads(self.envoy.admin(f"stats?format=json&filter=^{self.updates}.update_{name}$"))["stats"]
        return sum(stat.get("value", 0) for stat in stats)

    def finish(self):
        self.wait_for_requests()
        self.stop.set()
        for client in self.clients:
            client.result()

    def test_another_module_refuses_no_request_and_fetches_no_keys(self):
        other = self.directory / "release-2.wasm"
        section = bytes([len(NAME)]) + NAME
        other.write_bytes(envoys.MODULE.read_bytes() + CUSTOM_SECTION + bytes([len(section)]) + section)
        self.publish(envoys.wasm_filter(self.policy, module=other))
        self.envoy.wait_for(lambda: self.count("success") == 2, "has not loaded the module")
        self.finish()
        self.assertEqual(set(self.statuses), {200})
        self.assertEqual(self.issuer.fetches, 1)

    def test_a_policy_with_a_mistake_leaves_the_previous_one_in_force(self):
        # Here a rejected update is expected.
        self.envoy.rejected = 1
        self.publish(envoys.wasm_filter(self.policy.replace('"audiences"', '"audience"')))
        self.envoy.wait_for(lambda: self.count("rejected") == 1, "has not refused the policy")
        self.assertIn("providers.cognito.audience", envoys.log(self.envoy))
        self.finish()
        self.assertEqual(set(self.statuses), {200})


class ListenerRollout(ByListener, Rollout, unittest.TestCase):
    pass


class FilterRollout(ByExtension, Rollout, unittest.TestCase):
    pass


if __name__ == "__main__":
    unittest.main()
