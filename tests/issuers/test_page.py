"""docs/your-own-issuer.md, with oidc-provider as the issuer: its configuration, its shell lines, and its mistakes."""

import json
import os
import re
import shutil
import subprocess
import unittest
from contextlib import ExitStack

from demo.configuration import replace
from deploy.issuer import certificate
from interop.gateway import eventually, temporary_directory

from .gateway import PAGE, Gateway, blocks, manager, on_this_machine, page_configuration, plugin, tls
from .servers import AUDIENCE, HOST, ISSUER, OidcProvider


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        stack = ExitStack()
        cls.addClassCleanup(stack.close)
        cls.directory = stack.enter_context(temporary_directory())
        cls.issuer = stack.enter_context(OidcProvider(cls.directory))

    def gateway(self, name, **more):
        """An Envoy of this test, with the page's configuration."""
        gateway = Gateway(self.directory / name, self.issuer.port, self.issuer.authority, **more)
        gateway.__enter__()
        self.addCleanup(gateway.__exit__)
        return gateway

    def loaded(self, gateway, token):
        eventually("the keys are loaded", lambda: gateway.send("GET", "/items", token)[1] != "keys_unavailable")
        return gateway

    def test_the_shell_lines_lead_to_200(self):
        gateway = self.gateway("lines")
        self.loaded(gateway, self.issuer.access_token())
        home = self.directory / "home"
        home.mkdir()
        (home / "envoy").symlink_to(os.environ["ENVOY_BIN"])
        replace(home / "envoy.json", on_this_machine(page_configuration(), self.issuer.port, self.issuer.authority))
        # JSON is YAML.
        (home / "envoy.json").rename(home / "envoy.yaml")
        # Names and ports of the page are on this machine.
        connect = [(f"{HOST}:443", f"127.0.0.1:{self.issuer.port}"), ("localhost:8080", gateway.address)]
        lines = [f'connect-to = "{place}:{address}"' for place, address in connect]
        (home / ".curlrc").write_text("\n".join([f'cacert = "{self.issuer.authority}"', 'noproxy = "*"', *lines]))
        for tool in ["bash", "curl", "jq"]:
            self.assertTrue(shutil.which(tool), f"the page's lines need {tool}, which is not installed")
        environment = os.environ | {"CURL_HOME": str(home), "PATH": f"{home}:{os.environ['PATH']}"}
        script = "set -euo pipefail\n" + "".join(blocks("sh"))
        ran = subprocess.run(["bash"], input=script, cwd=home, env=environment, capture_output=True, text=True, timeout=60)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        document, _ = json.JSONDecoder().raw_decode(ran.stdout)
        self.assertEqual(document["issuer"], ISSUER)
        self.assertIn("configuration 'envoy.yaml' OK", ran.stdout)
        self.assertIn("HTTP/1.1 200 OK", ran.stdout)
        self.assertTrue(ran.stdout.endswith("hello\n"), ran.stdout)
        self.assertIn("provider `login`", gateway.log())

    def test_the_other_statuses_are_as_the_page_says(self):
        token = self.issuer.access_token()
        gateway = self.loaded(self.gateway("statuses"), token)
        self.assertEqual(gateway.send("GET", "/items"), (401, "token_missing"))
        self.assertEqual(gateway.send("POST", "/items", token), (403, "scope_missing"))
        self.assertEqual(gateway.send("GET", "/health"), (200, "public"))

    def test_the_mistakes_have_the_reasons_of_the_page(self):
        token = self.issuer.access_token()
        gateway = self.loaded(self.gateway("mistakes"), token)
        opaque = self.issuer.client.client_credentials("/token", "read", resource="https://other.example.com")
        self.assertMistake(gateway, opaque["access_token"], 401, "token_malformed")
        self.assertMistake(gateway, self.issuer.user_tokens()["id_token"], 401, "token_type_mismatch")

    def test_another_issuer_has_the_reason_of_the_page(self):
        def add_slash(bootstrap):
            configuration = plugin(bootstrap)["configuration"]
            configuration["value"] = configuration["value"].replace(f'"{ISSUER}"', f'"{ISSUER}/"')

        gateway = self.gateway("slash", change=add_slash)
        self.assertMistake(gateway, self.issuer.access_token(), 401, "issuer_unknown")

    def test_another_audience_has_the_reason_of_the_page(self):
        def replace_audience(bootstrap):
            configuration = plugin(bootstrap)["configuration"]
            configuration["value"] = configuration["value"].replace(AUDIENCE, "https://other.example.com")

        token = self.issuer.access_token()
        gateway = self.loaded(self.gateway("audience", change=replace_audience), token)
        self.assertMistake(gateway, token, 401, "audience_mismatch")

    def test_a_wrong_cluster_has_the_reason_of_the_page(self):
        def trust_nobody_here(bootstrap):
            validation = tls(bootstrap)["common_tls_context"]["validation_context"]
            validation["trusted_ca"]["filename"] = str(self.other_authority)

        def expect_another_host(bootstrap):
            (name,) = tls(bootstrap)["common_tls_context"]["validation_context"]["match_typed_subject_alt_names"]
            name["matcher"]["exact"] = "login.example.net"

        def use_no_tls(bootstrap):
            del bootstrap["static_resources"]["clusters"][0]["transport_socket"]

        self.other_authority = certificate(self.directory / "other.pem", HOST)
        for change in [trust_nobody_here, expect_another_host, use_no_tls]:
            with self.subTest(change=change.__name__):
                gateway = self.gateway(change.__name__, change=change)
                self.assertMistake(gateway, self.issuer.access_token(), 503, "keys_unavailable")
                line = r"provider `login`: keys could not be fetched from cluster `login`: `\w+`"
                eventually("the line about the fetch", lambda: re.search(line, gateway.log()))

    def assertMistake(self, gateway, token, status, *reasons):
        got, reason = gateway.send("GET", "/items", token)
        self.assertEqual(got, status)
        self.assertIn(reason, reasons)
        table = PAGE.partition("## The mistakes")[2]
        row = next((line for line in table.splitlines() if line.startswith(f"| {status} | ") and f"`{reason}`" in line), None)
        self.assertIsNotNone(row, f"the page has no row for {reason}")

    def test_the_access_log_never_has_the_query(self):
        self.assertIn("%PATH(NQ)%", json.dumps(manager(page_configuration())["access_log"]))
