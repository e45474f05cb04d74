"""Every manifest is one by its schema, and each of a table of mistakes is refused by it."""

import copy
import unittest

from . import manifests
from .schemas import mistakes

NOBODY = "0" * 64

PLACES = {
    "kubernetes": manifests.kubernetes(),
    "kubernetes with the init container": manifests.kubernetes(["init-container"]),
    "istio": manifests.istio(),
    "envoy-gateway": manifests.envoy_gateway(),
    "gloo": manifests.gloo(),
}

# Place, kind, path, and what is put there instead; `None` takes away what is there.
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
    ("istio", "WasmPlugin", "spec.sha256", "sha256:" + NOBODY),
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


def broken(place, kind, path, value):
    manifest = copy.deepcopy(manifests.one(PLACES[place], kind))
    *way, last = path.split(".")
    at = manifest
    for step in way:
        at = at[int(step)] if isinstance(at, list) else at[step]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return manifest


class Manifests(unittest.TestCase):
    def test_each_is_what_its_schema_asks_for(self):
        for place, found in PLACES.items():
            for manifest in found:
                with self.subTest(place=place, kind=manifest["kind"]):
                    self.assertEqual(mistakes(manifest), [])

    def test_a_mistake_is_refused(self):
        for mistake in MISTAKES:
            with self.subTest(mistake=mistake):
                self.assertNotEqual(mistakes(broken(*mistake)), [])

    def test_every_kind_has_been_broken(self):
        tried = {(place, kind) for place, kind, *_ in MISTAKES}
        of_components = {"kubernetes with the init container"}
        there = {(place, one["kind"]) for place, found in PLACES.items() for one in found if place not in of_components}
        self.assertEqual(there - tried, set())


class Closed(unittest.TestCase):
    """What no manifest may give up: closed, first in line, pinned."""

    def test_a_filter_that_cannot_run_refuses(self):
        self.assertEqual(manifests.plugin_config(manifests.envoy_yaml())["failure_policy"], "FAIL_RELOAD")
        self.assertIn(self.spec("istio", "WasmPlugin")["failStrategy"], ("FAIL_RELOAD", "FAIL_CLOSE"))
        self.assertIs(self.spec("envoy-gateway", "EnvoyExtensionPolicy")["wasm"][0]["failOpen"], False)
        self.assertIs(self.spec("gloo", "Gateway")["httpGateway"]["options"]["wasm"]["filters"][0]["failOpen"], False)

    def test_it_comes_before_what_relies_on_it(self):
        self.assertEqual(self.spec("istio", "WasmPlugin")["phase"], "AUTHN")
        stage = self.spec("gloo", "Gateway")["httpGateway"]["options"]["wasm"]["filters"][0]["filterStage"]
        self.assertEqual(stage["stage"], "AuthNStage")

    def test_the_image_is_pinned_and_nobody_has_the_placeholder(self):
        self.assertEqual(self.spec("istio", "WasmPlugin")["sha256"], NOBODY)
        wasm = self.spec("envoy-gateway", "EnvoyExtensionPolicy")["wasm"][0]
        self.assertEqual(wasm["code"]["image"]["sha256"], NOBODY)
        image = self.spec("gloo", "Gateway")["httpGateway"]["options"]["wasm"]["filters"][0]["image"]
        volume = self.pod("kubernetes")["volumes"][1]["image"]["reference"]
        [copier] = self.pod("kubernetes with the init container")["initContainers"]
        for reference in (image, volume, copier["image"]):
            self.assertTrue(reference.endswith(f"@sha256:{NOBODY}"), reference)

    def test_pods_have_few_rights_and_bounds(self):
        for place in ("kubernetes", "kubernetes with the init container"):
            pod = self.pod(place)
            self.assertIs(pod["automountServiceAccountToken"], False)
            self.assertIs(pod["securityContext"]["runAsNonRoot"], True)
            self.assertEqual(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault")
            for container in pod["containers"] + pod.get("initContainers", []):
                rights = container["securityContext"]
                self.assertIs(rights["readOnlyRootFilesystem"], True)
                self.assertIs(rights["allowPrivilegeEscalation"], False)
                self.assertEqual(rights["capabilities"], {"drop": ["ALL"]})
                self.assertLessEqual({"cpu", "memory"}, set(container["resources"]["limits"]))
            [envoy] = pod["containers"]
            self.assertLess({"startupProbe", "readinessProbe", "livenessProbe"}, set(envoy))

    def test_names_that_have_to_agree_do(self):
        base = PLACES["kubernetes"]
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

    def spec(self, place, kind):
        return manifests.one(PLACES[place], kind)["spec"]

    def pod(self, place):
        return self.spec(place, "Deployment")["template"]["spec"]


if __name__ == "__main__":
    unittest.main()
