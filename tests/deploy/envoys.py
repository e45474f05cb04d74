"""Runs a real Envoy with a manifest's configuration, in which only addresses, ports and file paths are changed."""

import json
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

from demo.configuration import LISTENER, LISTENERS, publish
from demo.envoy import TIMEOUT, Envoy, binary

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "dist" / "jwt-authorizer.wasm"
WASM = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm"
STRING = "type.googleapis.com/google.protobuf.StringValue"
# Envoy's log line for a capability that the module does not have.
RESTRICTED = "Attempted call to restricted"
TRAPS = ("panicked", "in-VM backtrace", "Uncaught RuntimeError")


def wasm_filter(policy, name="jwt_authorizer", module=MODULE, **more):
    """The filter as Istio, Envoy Gateway and Gloo configure it: the policy as JSON text."""
    config = {
        "name": name,
        "configuration": {"@type": STRING, "value": policy},
        "vm_config": {
            "vm_id": name,
            "runtime": "envoy.wasm.runtime.v8",
            "code": {"local": {"filename": str(module)}},
            # With a variable set, Rust's std reads the environment. Istio sets variables too.
            "environment_variables": {"key_values": {"ISTIO_META_WASM_PLUGIN_RESOURCE_VERSION": "1"}},
        },
    }
    return {"name": name, "typed_config": {"@type": WASM, "config": config | more}}


def listener(name, wasm, cluster="upstream"):
    manager = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    router = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
    route = {"match": {"prefix": "/"}, "route": {"cluster": cluster}}
    http = {
        "@type": manager,
        "stat_prefix": name,
        "http_filters": [wasm, {"name": "router", "typed_config": {"@type": router}}],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
    }
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": http}]
    return {"name": name, "address": free_address(), "filter_chains": [{"filters": filters}]}


def cluster(name, address):
    endpoint = {"endpoint": {"address": socket_address(address)}}
    assignment = {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]}
    return {"name": name, "type": "STATIC", "connect_timeout": "1s", "load_assignment": assignment}


def bootstrap(servers):
    """A bootstrap without listeners, with a cluster for each server."""
    return {
        "node": {"id": "test", "cluster": "test"},
        "admin": {"address": free_address()},
        "static_resources": {"clusters": [cluster(name, server.address) for name, server in servers.items()]},
    }


def socket_address(address):
    host, port = address.rsplit(":", 1)
    return {"socket_address": {"address": host, "port_value": int(port)}}


def free_address():
    return socket_address("127.0.0.1:0")


def validate(bootstrap):
    """Returns whether Envoy accepts the bootstrap, and its output."""
    with tempfile.TemporaryDirectory(prefix="deploy-") as directory:
        path = Path(directory, "bootstrap.json")
        path.write_text(json.dumps(bootstrap))
        command = [binary(), "--mode", "validate", "--config-path", path, "--log-level", "warning"]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=TIMEOUT)
        return done.returncode == 0, done.stdout + done.stderr


@contextmanager
def running(bootstrap, listeners=None, **options):
    """An Envoy with this bootstrap. `listeners` come from a file: they can be replaced, and Envoy may refuse them."""
    with tempfile.TemporaryDirectory(prefix="deploy-") as directory:
        directory = Path(directory)
        if listeners is not None:
            source = {"resource_api_version": "V3", "path_config_source": {"path": str(directory / LISTENERS)}}
            bootstrap = bootstrap | {"dynamic_resources": {"lds_config": source}}
            publish_listeners(directory, listeners)
        (directory / "bootstrap.json").write_text(json.dumps(bootstrap))
        with Envoy(directory, **options) as envoy:
            yield envoy
        trapped = [line for line in log(envoy).splitlines() if any(trap in line for trap in TRAPS)]
        if listeners is None and trapped:
            raise AssertionError("\n".join(trapped))


def publish_listeners(directory, listeners):
    publish(directory / LISTENERS, LISTENER, listeners)


def log(envoy):
    return envoy.log.read_text(errors="replace")
