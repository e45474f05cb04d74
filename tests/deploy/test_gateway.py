"""The plain gateway: its whole envoy.yaml in a real Envoy, with its issuer behind TLS, through requests and a drain."""

import contextlib
import socket
import subprocess
import tempfile
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from demo.exchange import send
from demo.upstream import upstream

from . import envoys, manifests
from .issuer import HOST, Issuer


def at_home(api, issuer):
    """envoy.yaml where the cluster's addresses, ports and files are this machine's. All else is as it is."""
    bootstrap = manifests.envoy_yaml()
    resources = bootstrap["static_resources"]
    manifests.plugin_config(bootstrap)["vm_config"]["code"]["local"]["filename"] = str(envoys.MODULE)
    bootstrap["admin"]["address"] = envoys.anywhere()
    for listener in resources["listeners"]:
        listener["address"] = envoys.anywhere()
    clusters = {cluster["name"]: cluster for cluster in resources["clusters"]}
    for name, server in (("upstream", api), ("cognito", issuer)):
        [endpoints] = clusters[name]["load_assignment"]["endpoints"]
        [endpoint] = endpoints["lb_endpoints"]
        endpoint["endpoint"]["address"] = envoys.socket_address(server.address)
    context = clusters["cognito"]["transport_socket"]["typed_config"]["common_tls_context"]["validation_context"]
    context["trusted_ca"]["filename"] = str(issuer.authority)
    return bootstrap


def behind_admin(bootstrap, address):
    """The status listener leads to the admin server; its port is known only once Envoy runs, so both are given one."""
    [admin] = [one for one in bootstrap["static_resources"]["clusters"] if one["name"] == "admin"]
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

    def start(self, issuer=None, **options):
        bootstrap = behind_admin(at_home(self.api, issuer or self.issuer), f"127.0.0.1:{free_port()}")
        self.envoy = self.enter(envoys.running(bootstrap, **options))
        self.envoy.wait_for(lambda: len(envoys.addresses(self.envoy)) == 2, "has not both listeners")
        places = envoys.addresses(self.envoy)
        self.gateway, self.status = f"http://{places['gateway']}", f"http://{places['status']}"

    def get(self, path, token=None, **headers):
        credentials = {"authorization": f"Bearer {token}"} if token else {}
        return send(self.gateway, "GET", path, headers | credentials)

    def test_the_file_is_taken_whole(self):
        taken, said = envoys.validate(at_home(self.api, self.issuer))
        self.assertTrue(taken, said)

    def test_it_decides_by_keys_that_came_over_tls(self):
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
        ):
            with self.subTest(path=path, status=status):
                self.assertEqual(self.get(path, token).status, status)
        seen = self.get("/items", self.issuer.token(), **{"x-jwt-subject": "mallory"}).json()
        self.assertEqual(seen["headers"]["x-jwt-subject"], "alice")
        self.assertEqual(self.issuer.fetches, 1)
        self.assertNotIn(envoys.RESTRICTED, envoys.log(self.envoy))

    def test_an_issuer_with_another_name_has_no_keys(self):
        other = Issuer(Path(self.directory), "cognito.example.com").start()
        self.start(other)
        self.assertEqual(self.get("/items", other.token()).status, 503)
        self.assertEqual(other.fetches, 0)

    def test_others_see_of_admin_what_probes_and_prometheus_need(self):
        self.start()
        self.get("/items", self.issuer.token())
        for path, status in (("/ready", 200), ("/live", 200), ("/quitquitquit", 404), ("/config_dump", 404)):
            self.assertEqual(send(self.status, "GET", path).status, status, path)
        wanted = 'jwt_authorizer_provider_allowed{provider="cognito"} 1'
        self.envoy.wait_for(lambda: wanted in self.prometheus(), "has not counted the request")

    def prometheus(self):
        return send(self.status, "GET", "/stats/prometheus").body.decode()

    def test_a_pod_that_goes_refuses_nobody(self):
        """The very command of the Deployment's preStop, but for the port and the length of its sleep."""
        # Long enough that Envoy, which counts whole seconds, asks some clients to leave before it is over.
        self.start(drain_seconds=4)
        token, stop, seen = self.issuer.token(), threading.Event(), []

        def keep_asking():
            while not stop.is_set():
                seen.append(self.get("/items", token))

        clients = self.enter(ThreadPoolExecutor(4))
        asking = [clients.submit(keep_asking) for _ in range(4)]
        [container] = manifests.one(manifests.kubernetes(), "Deployment")["spec"]["template"]["spec"]["containers"]
        *shell, script = container["lifecycle"]["preStop"]["exec"]["command"]
        port = self.envoy.admin_address.rsplit(":", 1)[1]
        script = script.replace("9901", port).replace("sleep 30", "sleep 0.3")
        done = subprocess.run([*shell, script], capture_output=True, text=True, timeout=30)
        self.envoy.wait_for(lambda: any(is_last(answer) for answer in seen), "has asked nobody to leave")
        stop.set()
        for client in asking:
            client.result()
        self.assertIn("OK", done.stdout)
        self.assertEqual({answer.status for answer in seen}, {200})


def is_last(answer):
    return answer.headers.get("connection") == "close"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    unittest.main()
