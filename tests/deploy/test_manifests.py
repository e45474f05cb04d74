"""Every manifest is valid by its schema, and the schema detects each of a table of mistakes."""

import copy
import unittest

from . import manifests
from .schemas import mistakes

# The digest that users must replace; no image has it.
PLACEHOLDER = "0" * 64

MANIFESTS = {
    "kubernetes": manifests.kubernetes(),
    "kubernetes with the init container": manifests.kubernetes(["init-container"]),
    "istio": manifests.istio(),
    "envoy-gateway": manifests.envoy_gateway(),
    "gloo": manifests.gloo(),
}

# Platform, kind, path, and the wrong value at this path; `None` removes the field.
CONTAINER = "spec.template.spec.containers.0"
WASM = "spec.wasm.0"
PORT = "spec.trafficPolicy.portLevelSettings.0"
GLOO = "spec.httpGateway.options.wasm.filters.0"
MISTAKES = [
    ("kubernetes", "Deployment", "spec.replica", 2),
    ("kubernetes", "Deployment", "spec.selector", None),
    ("kubernetes", "Deployment", f"{CONTAINER}.securityContext.readOnlyRootFileSystem", True),
    ("kubernetes", "Deployment", f"{CONTAINER}.lifecycle.preStop.sleep", 30),
    ("kubernetes", "Deployment", f"{CONTAINER}.readinessProbe.httpGet.port", None),
    ("kubernetes", "Deployment", "spec.template.spec.volumes.1.image.ref", "registry.example.com/jwt-authorizer"),
    ("kubernetes", "Service", "spec.ports.0.port", "http"),
    ("kubernetes", "Service", "spec.selectors", {}),
    ("kubernetes", "PodDisruptionBudget", "spec.minimumAvailable", 1),
    ("kubernetes", "ConfigMap", "data", ["envoy.yaml"]),
    ("kubernetes with the init container", "Deployment", "spec.template.spec.initContainers.0.name", None),
    ("istio", "WasmPlugin", "spec.failureStrategy", "FAIL_CLOSE"),
    ("istio", "WasmPlugin", "spec.failStrategy", "FAIL_CLOSED"),
    ("istio", "WasmPlugin", "spec.phase", "AUTHENTICATION"),
    ("istio", "WasmPlugin", "spec.sha256", "sha256:" + PLACEHOLDER),
    ("istio", "WasmPlugin", "spec.url", None),
    ("istio", "WasmPlugin", "spec.pluginConfig", "{}"),
    ("istio", "WasmPlugin", "spec.targetRefs", [{"kind": "Gateway", "name": "gateway"}]),
    ("istio", "ServiceEntry", "spec.ports.0.target", 443),
    ("istio", "ServiceEntry", "spec.resolution", "LOGICAL_DNS"),
    ("istio", "DestinationRule", f"{PORT}.tls.mode", "TLS"),
    ("istio", "DestinationRule", f"{PORT}.tls.subjectAltName", "cognito"),
    ("envoy-gateway", "EnvoyExtensionPolicy", f"{WASM}.failopen", False),
    ("envoy-gateway", "EnvoyExtensionPolicy", f"{WASM}.failOpen", "false"),
    ("envoy-gateway", "EnvoyExtensionPolicy", f"{WASM}.code.image", None),
    ("envoy-gateway", "EnvoyExtensionPolicy", f"{WASM}.code.type", "OCI"),
    ("envoy-gateway", "EnvoyExtensionPolicy", "spec.targetRefs.0.group", None),
    ("envoy-gateway", "EnvoyProxy", "spec.bootstrap.type", "Patch"),
    ("envoy-gateway", "EnvoyProxy", "spec.bootstrap.jsonPatches.0.op", "append"),
    ("gloo", "Gateway", f"{GLOO}.failOpen", "no"),
    ("gloo", "Gateway", f"{GLOO}.rootID", "jwt"),
    ("gloo", "Upstream", "spec.static.hosts.0.port", "443"),
]


def with_mistake(platform, kind, path, value):
    manifest = copy.deepcopy(manifests.one(MANIFESTS[platform], kind))
    *parents, field = path.split(".")
    node = manifest
    for parent in parents:
        node = node[int(parent)] if isinstance(node, list) else node[parent]
    if value is None:
        del node[field]
    else:
        node[field] = value
    return manifest


class Manifests(unittest.TestCase):
    def test_each_is_valid(self):
        for platform, found in MANIFESTS.items():
            for manifest in found:
                with self.subTest(platform=platform, kind=manifest["kind"]):
                    self.assertEqual(mistakes(manifest), [])

    def test_a_mistake_is_detected(self):
        for mistake in MISTAKES:
            with self.subTest(mistake=mistake):
                self.assertNotEqual(mistakes(with_mistake(*mistake)), [])

    def test_there_is_a_mistake_for_every_kind(self):
        tried = {(platform, kind) for platform, kind, *_ in MISTAKES}
        # It has the same kinds as the base.
        skipped = "kubernetes with the init container"
        kinds = {
            (platform, manifest["kind"]) for platform, found in MANIFESTS.items() for manifest in found if platform != skipped
        }
        self.assertEqual(kinds - tried, set())


class Security(unittest.TestCase):
    """Every manifest fails closed, authenticates first, and pins the image."""

    def test_a_filter_that_cannot_run_refuses_requests(self):
        self.assertEqual(manifests.plugin_config(manifests.envoy_yaml())["failure_policy"], "FAIL_RELOAD")
        self.assertIn(self.spec("istio", "WasmPlugin")["failStrategy"], ("FAIL_RELOAD", "FAIL_CLOSE"))
        self.assertIs(self.spec("envoy-gateway", "EnvoyExtensionPolicy")["wasm"][0]["failOpen"], False)
        self.assertIs(self.spec("gloo", "Gateway")["httpGateway"]["options"]["wasm"]["filters"][0]["failOpen"], False)

    def test_the_filter_runs_before_authorization(self):
        self.assertEqual(self.spec("istio", "WasmPlugin")["phase"], "AUTHN")
        stage = self.spec("gloo", "Gateway")["httpGateway"]["options"]["wasm"]["filters"][0]["filterStage"]
        self.assertEqual(stage["stage"], "AuthNStage")

    def test_the_image_is_pinned_by_a_placeholder_digest(self):
        self.assertEqual(self.spec("istio", "WasmPlugin")["sha256"], PLACEHOLDER)
        wasm = self.spec("envoy-gateway", "EnvoyExtensionPolicy")["wasm"][0]
        self.assertEqual(wasm["code"]["image"]["sha256"], PLACEHOLDER)
        image = self.spec("gloo", "Gateway")["httpGateway"]["options"]["wasm"]["filters"][0]["image"]
        volume = self.pod("kubernetes")["volumes"][1]["image"]["reference"]
        [copier] = self.pod("kubernetes with the init container")["initContainers"]
        for reference in (image, volume, copier["image"]):
            self.assertTrue(reference.endswith(f"@sha256:{PLACEHOLDER}"), reference)

    def test_pods_have_minimal_privileges_and_limits(self):
        for platform in ("kubernetes", "kubernetes with the init container"):
            pod = self.pod(platform)
            self.assertIs(pod["automountServiceAccountToken"], False)
            self.assertIs(pod["securityContext"]["runAsNonRoot"], True)
            self.assertEqual(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault")
            for container in pod["containers"] + pod.get("initContainers", []):
                privileges = container["securityContext"]
                self.assertIs(privileges["readOnlyRootFilesystem"], True)
                self.assertIs(privileges["allowPrivilegeEscalation"], False)
                self.assertEqual(privileges["capabilities"], {"drop": ["ALL"]})
                self.assertLessEqual({"cpu", "memory"}, set(container["resources"]["limits"]))
            [envoy] = pod["containers"]
            self.assertLess({"startupProbe", "readinessProbe", "livenessProbe"}, set(envoy))

    def test_labels_and_names_match(self):
        base = MANIFESTS["kubernetes"]
        labels = self.spec("kubernetes", "Deployment")["template"]["metadata"]["labels"]
        for selector in (
            self.spec("kubernetes", "Deployment")["selector"]["matchLabels"],
            self.spec("kubernetes", "Service")["selector"],
            self.spec("kubernetes", "PodDisruptionBudget")["selector"]["matchLabels"],
        ):
            self.assertEqual(selector, labels)
        [configuration, _] = self.pod("kubernetes")["volumes"]
        generated = manifests.one(base, "ConfigMap")["metadata"]["name"]
        self.assertEqual(configuration["configMap"]["name"], generated)

    def spec(self, platform, kind):
        return manifests.one(MANIFESTS[platform], kind)["spec"]

    def pod(self, platform):
        return self.spec(platform, "Deployment")["template"]["spec"]


if __name__ == "__main__":
    unittest.main()
