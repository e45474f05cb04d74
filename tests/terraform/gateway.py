"""Envoy with what Terraform rendered: the plugin JSON as it is, and the cluster with nothing changed but where it leads."""

import copy
import json

import yaml
from demo.configuration import TEMPLATE, fill_in

NOWHERE = ("127.0.0.1", "0")


def write(directory, module, outputs, upstream, keys):
    directory.mkdir()
    (directory / "bootstrap.json").write_text(json.dumps(bootstrap(module, outputs, upstream, keys)))


def bootstrap(module, outputs, upstream, keys):
    values = {"MODULE": str(module), "POLICY": json.dumps(outputs["plugin_json"])}
    for name in ("GATEWAY", "ADMIN", "UPSTREAM", "COGNITO", "MACHINES"):
        values[f"{name}_HOST"], values[f"{name}_PORT"] = upstream.rsplit(":", 1) if name == "UPSTREAM" else NOWHERE
    document = yaml.safe_load(fill_in(TEMPLATE, TEMPLATE.read_text(), values))
    resources = document["static_resources"]
    resources["clusters"] = [cluster for cluster in resources["clusters"] if cluster["name"] == "upstream"]
    resources["clusters"].append(led_to(json.loads(outputs["envoy_cluster_json"]), keys))
    return document


def led_to(cluster, address):
    """The same cluster, name, TLS and all, with its endpoint on this machine."""
    cluster = copy.deepcopy(cluster)
    [endpoints] = cluster["load_assignment"]["endpoints"]
    [endpoint] = endpoints["lb_endpoints"]
    host, port = address.rsplit(":", 1)
    endpoint["endpoint"]["address"]["socket_address"] = {"address": host, "port_value": int(port)}
    return cluster
