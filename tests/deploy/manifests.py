"""The manifests of envoy/deploy, rendered as kustomize does, and the policy in each."""

import json

import jsonpatch
import yaml

from .envoys import ROOT

DEPLOY = ROOT / "envoy" / "deploy"
KUSTOMIZE = "kustomize.config.k8s.io"


def documents(*path):
    return [document for document in yaml.safe_load_all(DEPLOY.joinpath(*path).read_text()) if document]


def one(manifests, kind):
    [found] = [manifest for manifest in manifests if manifest["kind"] == kind]
    return found


def kubernetes(components=()):
    """The base as kustomize renders it, without the hash in the ConfigMap's name. Fields of kustomize that the base does
    not use are refused, so that none is silently ignored."""
    base = DEPLOY / "kubernetes"
    kustomization = read(base, "v1beta1", "Kustomization", {"resources", "configMapGenerator"})
    manifests = [document for name in kustomization["resources"] for document in documents("kubernetes", name)]
    for generator in kustomization["configMapGenerator"]:
        data = {name: (base / name).read_text() for name in generator["files"]}
        metadata = {"name": generator["name"]}
        manifests.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
    for component in components:
        manifests = patched(manifests, base / component)
    return manifests


def patched(manifests, directory):
    component = read(directory, "v1alpha1", "Component", {"patches"})
    for patch in component["patches"]:
        operations = yaml.safe_load((directory / patch["path"]).read_text())
        target = patch["target"]
        matches = [index for index, manifest in enumerate(manifests) if is_target(manifest, **target)]
        if not matches:
            raise AssertionError(f"{directory.name} patches {target}, which does not exist")
        for index in matches:
            manifests[index] = jsonpatch.apply_patch(manifests[index], operations)
    return manifests


def is_target(manifest, kind, name):
    return (manifest["kind"], manifest["metadata"]["name"]) == (kind, name)


def read(directory, version, kind, fields):
    kustomization = yaml.safe_load((directory / "kustomization.yaml").read_text())
    head = (kustomization.pop("apiVersion"), kustomization.pop("kind"))
    if head != (f"{KUSTOMIZE}/{version}", kind) or set(kustomization) != fields:
        raise AssertionError(f"{directory.name}/kustomization.yaml has fields that this renderer does not support")
    return kustomization


def envoy_yaml():
    return yaml.safe_load(one(kubernetes(), "ConfigMap")["data"]["envoy.yaml"])


def plugin_config(bootstrap):
    """The filter's configuration in envoy.yaml."""
    [manager] = bootstrap["static_resources"]["listeners"][0]["filter_chains"][0]["filters"]
    return manager["typed_config"]["http_filters"][0]["typed_config"]["config"]


def istio():
    return documents("istio", "wasm-plugin.yaml") + documents("istio", "cognito.yaml")


def envoy_gateway():
    return documents("envoy-gateway", "extension-policy.yaml") + documents("envoy-gateway", "proxy.yaml")


def patches():
    """What Envoy Gateway adds to its proxies' bootstrap: path → value."""
    operations = one(envoy_gateway(), "EnvoyProxy")["spec"]["bootstrap"]["jsonPatches"]
    return {patch["path"]: patch["value"] for patch in operations}


def gloo():
    return documents("gloo", "gateway.yaml") + documents("gloo", "cognito.yaml")


def policies():
    """Each platform, its policy as the text that the filter gets, and the clusters that its manifests create."""
    bootstrap = envoy_yaml()
    clusters = {cluster["name"] for cluster in bootstrap["static_resources"]["clusters"]}
    yield "kubernetes", plugin_config(bootstrap)["configuration"]["value"], clusters

    entry = one(istio(), "ServiceEntry")["spec"]
    names = {f"outbound|{port['number']}||{host}" for port in entry["ports"] for host in entry["hosts"]}
    yield "istio", json.dumps(one(istio(), "WasmPlugin")["spec"]["pluginConfig"]), names

    [wasm] = one(envoy_gateway(), "EnvoyExtensionPolicy")["spec"]["wasm"]
    yield "envoy-gateway", json.dumps(wasm["config"]), {patches()["/static_resources/clusters/-"]["name"]}

    upstream = one(gloo(), "Upstream")["metadata"]
    [wasm] = one(gloo(), "Gateway")["spec"]["httpGateway"]["options"]["wasm"]["filters"]
    yield "gloo", wasm["config"]["value"], {f"{upstream['name']}_{upstream['namespace']}"}
