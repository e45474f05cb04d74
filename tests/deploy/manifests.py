"""What envoy/deploy holds: every manifest, rendered where kustomize would, and the policy in each."""

import json

import jsonpatch
import yaml

from .envoys import ROOT

DEPLOY = ROOT / "envoy" / "deploy"
KUSTOMIZE = "kustomize.config.k8s.io"


def documents(*path):
    return [one for one in yaml.safe_load_all(DEPLOY.joinpath(*path).read_text()) if one]


def one(manifests, kind):
    [found] = [manifest for manifest in manifests if manifest["kind"] == kind]
    return found


def kubernetes(components=()):
    """The base as kustomize renders it, but for the hash in the ConfigMap's name. Only what the base uses is known, so
    that nothing of it is passed over."""
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
        hit = [at for at, one in enumerate(manifests) if is_aimed_at(one, **target)]
        if not hit:
            raise AssertionError(f"{directory.name} patches {target}, which is not there")
        for at in hit:
            manifests[at] = jsonpatch.apply_patch(manifests[at], operations)
    return manifests


def is_aimed_at(manifest, kind, name):
    return (manifest["kind"], manifest["metadata"]["name"]) == (kind, name)


def read(directory, version, kind, fields):
    kustomization = yaml.safe_load((directory / "kustomization.yaml").read_text())
    head = (kustomization.pop("apiVersion"), kustomization.pop("kind"))
    if head != (f"{KUSTOMIZE}/{version}", kind) or set(kustomization) != fields:
        raise AssertionError(f"{directory.name}/kustomization.yaml has something that is not known here")
    return kustomization


def envoy_yaml():
    return yaml.safe_load(one(kubernetes(), "ConfigMap")["data"]["envoy.yaml"])


def plugin_config(bootstrap):
    """What envoy.yaml says of the filter."""
    [manager] = bootstrap["static_resources"]["listeners"][0]["filter_chains"][0]["filters"]
    return manager["typed_config"]["http_filters"][0]["typed_config"]["config"]


def istio():
    return documents("istio", "wasm-plugin.yaml") + documents("istio", "cognito.yaml")


def envoy_gateway():
    return documents("envoy-gateway", "extension-policy.yaml") + documents("envoy-gateway", "proxy.yaml")


def patches():
    """What Envoy Gateway adds to its proxies' bootstrap: path → value."""
    given = one(envoy_gateway(), "EnvoyProxy")["spec"]["bootstrap"]["jsonPatches"]
    return {patch["path"]: patch["value"] for patch in given}


def gloo():
    return documents("gloo", "gateway.yaml") + documents("gloo", "cognito.yaml")


def policies():
    """Where a policy is → its text as the filter gets it, and the clusters that this place gives its proxy."""
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
