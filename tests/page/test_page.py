"""The demo's page in a real browser, with a real gateway: the page shows what the filter decided."""

import tempfile
import unittest
from contextlib import ExitStack

from browser import Page, chromium, demo, pairs


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        stack = ExitStack()
        cls.addClassCleanup(stack.close)
        cls.services = stack.enter_context(demo())
        profile = stack.enter_context(tempfile.TemporaryDirectory())
        cls.driver = stack.enter_context(chromium(profile))

    def setUp(self):
        self.page = Page(self.driver, self.services.url("page"))
        self.services.access_log.new_entries()

    def tearDown(self):
        self.assertEqual(self.page.browser_errors(), [])

    def decisions(self):
        """The access log entries of the requests since the last call."""
        entries = self.services.access_log.new_entries()
        return [(entry["method"], entry["path"], entry["status"], entry["reason"]) for entry in entries]

    def test_page_and_api_are_of_different_origins(self):
        self.assertEqual(self.driver.execute_script("return origin"), self.services.url("page"))
        self.assertNotEqual(self.services.url("page"), self.services.url("gateway"))

    def test_a_preflight_comes_before_a_request_with_a_token(self):
        self.page.sign_in("alice")
        result = self.page.send("GET /admin/reports")
        self.assertEqual((result.status, result.gateway, result.api), ("200 OK", "preflight ✓ · allowed", "answered"))
        self.assertEqual(
            self.decisions(),
            [("OPTIONS", "/admin/reports", 204, "preflight"), ("GET", "/admin/reports", 200, "allowed")],
        )

    def test_an_allowed_request_shows_the_claims_and_the_headers_set_from_them(self):
        self.assertEqual(self.page.sign_in("alice"), "Signed in as alice.")
        claims = pairs(self.page, "#claims")
        expected = {"username": "alice", "cognito:groups": "admin", "token_use": "access"}
        self.assertEqual({name: claims[name] for name in expected}, expected)
        self.assertEqual(
            self.page.send("GET /me").identity,
            {"x-jwt-subject": claims["sub"], "x-jwt-username": "alice", "x-jwt-groups": "admin"},
        )

    def test_a_refused_request_shows_its_challenge(self):
        insufficient = 'Bearer realm="demo", error="insufficient_scope"'
        scope = f'{insufficient}, scope="https://api.example.com/write"'
        for caller, request, status, challenge, reason in [
            ("anonymous", "GET /me", "401 Unauthorized", 'Bearer realm="demo"', "token_missing"),
            ("bob", "GET /admin/reports", "403 Forbidden", insufficient, "group_missing"),
            ("bob", "GET /users/alice", "403 Forbidden", insufficient, "claim_mismatch"),
            ("stock-sync", "POST /items", "403 Forbidden", scope, "scope_missing"),
            ("alice", "GET /secrets", "403 Forbidden", "none: no token would be accepted", "route_denied"),
        ]:
            with self.subTest(caller=caller, request=request):
                if caller == "anonymous":
                    self.page.choose("caller", caller)
                else:
                    self.page.sign_in(caller)
                result = self.page.send(request)
                self.assertEqual((result.status, result.challenge, result.api), (status, challenge, "not called"))
                self.assertEqual(self.decisions()[-1][3], reason)

    def test_forged_identity_headers_have_no_effect(self):
        self.page.one("#forge").click()
        self.assertEqual(self.page.send("GET /health").identity, {})
        self.page.sign_in("bob")
        identity = self.page.send("GET /me").identity
        self.assertEqual((identity["x-jwt-username"], identity.get("x-jwt-groups")), ("bob", None))
        self.assertEqual(self.page.send("GET /admin/reports").status, "403 Forbidden")

    def test_an_id_token_and_an_altered_token_are_refused(self):
        self.page.sign_in("alice")
        for credential, reason in [("id", "token_use_mismatch"), ("altered", "signature_invalid")]:
            with self.subTest(credential):
                self.page.choose("credential", credential)
                result = self.page.send("GET /me")
                self.assertEqual(result.challenge, 'Bearer realm="demo", error="invalid_token"')
                self.assertEqual(self.decisions()[-1][3], reason)

    def test_a_machine_gets_the_scopes_that_it_requested(self):
        self.page.sign_in("stock-sync", scope="read write")
        self.assertEqual(self.page.send("POST /items").status, "200 OK")

    def test_a_wrong_password_gives_no_token(self):
        self.assertIn("Incorrect username or password", self.page.sign_in("alice", password="guess"))
        self.assertEqual(self.page.send("GET /me").challenge, 'Bearer realm="demo"')
