"""The plain gateway: its whole envoy.yaml in a real Envoy, with an issuer over TLS, requests, and a drain."""

import contextlib
import socket
import subprocess
import tempfile
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from demo.access_log import AccessLog
from demo.exchange import send
from demo.upstream import upstream

from . import envoys, manifests
from .issuer import HOST, Issuer


def on_this_machine(api, issuer):
    """envoy.yaml with addresses, ports and files of this machine. Nothing else is changed."""
    bootstrap = manifests.envoy_yaml()
    resources = bootstrap["static_resources"]
    manifests.plugin_config(bootstrap)["vm_config"]["code"]["local"]["filename"] = str(envoys.MODULE)
    bootstrap["admin"]["address"] = envoys.free_address()
    for listener in resources["listeners"]:
        listener["address"] = envoys.free_address()
    clusters = {cluster["name"]: cluster for cluster in resources["clusters"]}
    for name, server in (("upstream", api), ("cognito", issuer)):
        [endpoints] = clusters[name]["load_assignment"]["endpoints"]
        [endpoint] = endpoints["lb_endpoints"]
        endpoint["endpoint"]["address"] = envoys.socket_address(server.address)
    context = clusters["cognito"]["transport_socket"]["typed_config"]["common_tls_context"]["validation_context"]
    context["trusted_ca"]["filename"] = str(issuer.authority)
    return bootstrap


def with_admin_address(bootstrap, address):
    """The status listener routes to the admin server, so the admin port must be known before Envoy starts."""
    [admin] = [cluster for cluster in bootstrap["static_resources"]["clusters"] if cluster["name"] == "admin"]
    [endpoints] = admin["load_assignment"]["endpoints"]
    endpoints["lb_endpoints"][0]["endpoint"]["address"] = envoys.socket_address(address)
    bootstrap["admin"]["address"] = envoys.socket_address(address)
    return bootstrap


class Gateway(unittest.TestCase):
    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.enter = stack.enter_context
        self.directory = self.enter(tempfile.TemporaryDirectory(prefix="deploy-"))
        self.api = upstream().start()
        self.issuer = Issuer(Path(self.directory), HOST).start()

    def start(self, issuer=None, escaped_slashes=None, **options):
        bootstrap = with_admin_address(on_this_machine(self.api, issuer or self.issuer), f"127.0.0.1:{free_port()}")
        if escaped_slashes:
            [manager] = bootstrap["static_resources"]["listeners"][0]["filter_chains"][0]["filters"]
            manager["typed_config"]["path_with_escaped_slashes_action"] = escaped_slashes
        self.envoy = self.enter(envoys.running(bootstrap, **options))
        self.envoy.wait_for(lambda: len(self.envoy.listeners()) == 2, "does not have both listeners")
        listeners = self.envoy.listeners()
        self.gateway, self.status = f"http://{listeners['gateway']}", f"http://{listeners['status']}"

    def get(self, path, token=None, **headers):
        credentials = {"authorization": f"Bearer {token}"} if token else {}
        return send(self.gateway, "GET", path, headers | credentials)

    def test_the_file_is_valid(self):
        valid, output = envoys.validate(on_this_machine(self.api, self.issuer))
        self.assertTrue(valid, output)

    def test_it_decides_with_keys_fetched_over_tls(self):
        self.start()
        writes, admin = {"scope": "https://api.example.com/write"}, {"cognito:groups": ["admin"]}
        for path, token, status in (
            ("/health", None, 200),
            ("/items", None, 401),
            ("/items", "nonsense", 401),
            ("/items", self.issuer.token(), 200),
            ("/items", self.issuer.token(client_id="MACHINE_CLIENT_ID"), 200),
            ("/items", self.issuer.token(client_id="another"), 401),
            ("/items", self.issuer.token(**writes), 403),
            ("/admin/users", self.issuer.token(), 403),
            ("/admin/users", self.issuer.token(**admin), 200),
            ("/elsewhere", self.issuer.token(), 403),
            ("/items%2f..%2fhealth", None, 400),
            ("/items%2f7", None, 403),
            ("/admin%2fusers", self.issuer.token(**admin), 400),
            ("/admin/group%2fproject", self.issuer.token(**admin), 200),
            ("/admin/caf%E9", self.issuer.token(**admin), 200),
            ("//admin//users", self.issuer.token(**admin), 200),
            ("/items/../admin/users", self.issuer.token(**admin), 200),
        ):
            with self.subTest(path=path, status=status):
                self.assertEqual(self.get(path, token).status, status)
        upstream_request = self.get("/items", self.issuer.token(), **{"x-jwt-subject": "mallory"}).json()
        self.assertEqual(upstream_request["headers"]["x-jwt-subject"], "alice")
        self.assertEqual(self.issuer.fetches, 1)
        self.assertNotIn(envoys.RESTRICTED, envoys.log(self.envoy))

    def test_the_filter_refuses_an_encoded_slash_with_a_reason(self):
        self.start()
        entry = self.refused("/admin%2Freports")
        self.assertEqual(entry["reason"], "path_ambiguous")

    def test_the_page_leads_from_envoys_own_refusal_of_a_path_to_its_setting(self):
        self.start(escaped_slashes="REJECT_REQUEST")
        entry = self.refused("/admin%2Freports")
        self.assertIsNone(entry["reason"])
        self.assertEqual(entry["details"], "path_normalization_failed")
        page = (envoys.ROOT / "docs" / "operating.md").read_text()
        [row] = [line for line in page.splitlines() if line.startswith(f"| `{entry['details']}` |")]
        self.assertIn("path_with_escaped_slashes_action: REJECT_REQUEST", row)

    def refused(self, path):
        response = self.get(path)
        self.assertEqual(response.status, 400)
        return AccessLog(self.envoy.access_log.read_text).entry(response.headers.get("x-request-id"))

    def test_keys_from_a_server_with_another_name_are_not_used(self):
        other = Issuer(Path(self.directory), "cognito.example.com").start()
        self.start(other)
        self.assertEqual(self.get("/items", other.token()).status, 503)
        self.assertEqual(other.fetches, 0)

    def test_the_status_listener_has_only_what_probes_and_prometheus_need(self):
        self.start()
        self.get("/items", self.issuer.token())
        for path, status in (("/ready", 200), ("/live", 200), ("/quitquitquit", 404), ("/config_dump", 404)):
            self.assertEqual(send(self.status, "GET", path).status, status, path)
        series = 'jwt_authorizer_provider_allowed{provider="cognito"} 1'
        self.envoy.wait_for(lambda: series in self.prometheus(), "has not counted the request")

    def prometheus(self):
        return send(self.status, "GET", "/stats/prometheus").body.decode()

    def test_a_terminating_pod_refuses_no_request(self):
        """Runs the command of the Deployment's preStop, with another port and a shorter sleep."""
        # Envoy counts whole seconds; with four it closes some connections before the drain ends.
        self.start(drain_seconds=4)
        token, stop, responses = self.issuer.token(), threading.Event(), []

        def send_requests():
            while not stop.is_set():
                responses.append(self.get("/items", token))

        clients = self.enter(ThreadPoolExecutor(4))
        running = [clients.submit(send_requests) for _ in range(4)]
        [container] = manifests.one(manifests.kubernetes(), "Deployment")["spec"]["template"]["spec"]["containers"]
        *shell, script = container["lifecycle"]["preStop"]["exec"]["command"]
        port = self.envoy.admin_address.rsplit(":", 1)[1]
        script = script.replace("9901", port).replace("sleep 30", "sleep 0.3")
        done = subprocess.run([*shell, script], capture_output=True, text=True, timeout=30)
        self.envoy.wait_for(lambda: any(closes_connection(response) for response in responses), "has closed no connection")
        stop.set()
        for client in running:
            client.result()
        self.assertIn("OK", done.stdout)
        self.assertEqual({response.status for response in responses}, {200})


def closes_connection(response):
    return response.headers.get("connection") == "close"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    unittest.main()
