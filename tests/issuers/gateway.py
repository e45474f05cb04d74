"""An Envoy with the configuration of docs/your-own-issuer.md, whose issuer is on this machine."""

import json
import re
from pathlib import Path

import yaml
from demo.access_log import AccessLog
from demo.configuration import replace
from demo.envoy import Envoy
from demo.exchange import send

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "your-own-issuer.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def page_configuration():
    (text,) = blocks("yaml")
    return yaml.safe_load(text)


def manager(bootstrap):
    (listener,) = bootstrap["static_resources"]["listeners"]
    return listener["filter_chains"][0]["filters"][0]["typed_config"]


def plugin(bootstrap):
    return manager(bootstrap)["http_filters"][0]["typed_config"]["config"]


def tls(bootstrap):
    return bootstrap["static_resources"]["clusters"][0]["transport_socket"]["typed_config"]


def on_this_machine(bootstrap, port, authority):
    """Replaces what differs on this machine: addresses and files."""
    (listener,) = bootstrap["static_resources"]["listeners"]
    (cluster,) = bootstrap["static_resources"]["clusters"]
    for address in [bootstrap["admin"]["address"], listener["address"]]:
        address["socket_address"]["port_value"] = 0
    (endpoints,) = cluster["load_assignment"]["endpoints"]
    endpoints["lb_endpoints"][0]["endpoint"]["address"]["socket_address"] = {"address": "127.0.0.1", "port_value": port}
    plugin(bootstrap)["vm_config"]["code"]["local"]["filename"] = str(ROOT / "dist" / "jwt-authorizer.wasm")
    tls(bootstrap)["common_tls_context"]["validation_context"]["trusted_ca"]["filename"] = str(authority)
    return bootstrap


class Gateway:
    """`policy` replaces the page's; `change` may edit the bootstrap before Envoy reads it."""

    def __init__(self, directory, port, authority, policy=None, change=lambda bootstrap: None):
        directory.mkdir()
        bootstrap = on_this_machine(page_configuration(), port, authority)
        if policy:
            plugin(bootstrap)["configuration"]["value"] = json.dumps(policy)
        change(bootstrap)
        self.envoy = Envoy(directory)
        replace(self.envoy.bootstrap, bootstrap)

    def __enter__(self):
        self.envoy.__enter__()
        try:
            self.address = self.envoy.wait_for_listener()
            self.access_log = AccessLog(self.envoy.access_log.read_text)
        except BaseException:
            self.envoy.__exit__()
            raise
        return self

    def __exit__(self, *details):
        self.envoy.__exit__(*details)

    def send(self, method, path, token=None):
        """The status of the answer, and the reason in the access log."""
        headers = {"x-request-id": "none"} | ({"authorization": f"Bearer {token}"} if token else {})
        known = len(self.access_log.entries())
        status = send(f"http://{self.address}", method, path, headers).status
        while len(entries := self.access_log.entries()) <= known:
            self.envoy.wait_for(lambda: len(self.access_log.entries()) > known, "has not written its access log")
        return status, entries[known]["reason"]

    def log(self):
        return self.envoy.log.read_text(errors="replace")
