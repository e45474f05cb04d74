"""Envoy's configuration with Terraform's output: the plugin JSON unchanged, the cluster with only its address changed."""

import copy
import json

from demo.configuration import load

UNUSED = "127.0.0.1:0"


def write(directory, module, outputs, upstream, keys):
    directory.mkdir()
    (directory / "bootstrap.json").write_text(json.dumps(bootstrap(module, outputs, upstream, keys)))


def bootstrap(module, outputs, upstream, keys):
    addresses = dict.fromkeys(("gateway", "admin", "cognito", "machines"), UNUSED) | {"upstream": upstream}
    document = load(module, addresses, outputs["plugin_json"])
    resources = document["static_resources"]
    resources["clusters"] = [cluster for cluster in resources["clusters"] if cluster["name"] == "upstream"]
    resources["clusters"].append(with_address(json.loads(outputs["envoy_cluster_json"]), keys))
    return document


def with_address(cluster, address):
    """The same cluster, TLS included, with its endpoint on this machine."""
    cluster = copy.deepcopy(cluster)
    [endpoints] = cluster["load_assignment"]["endpoints"]
    [endpoint] = endpoints["lb_endpoints"]
    host, port = address.rsplit(":", 1)
    endpoint["endpoint"]["address"]["socket_address"] = {"address": host, "port_value": int(port)}
    return cluster
