"""The demo's page in a real browser, before the real gateway: what a person sees there is what the filter decided."""

import tempfile
import unittest
from contextlib import ExitStack

from browser import Page, chromium, demo, pairs


class ThePage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        stack = ExitStack()
        cls.addClassCleanup(stack.close)
        cls.cast = stack.enter_context(demo())
        profile = stack.enter_context(tempfile.TemporaryDirectory())
        cls.driver = stack.enter_context(chromium(profile))

    def setUp(self):
        self.page = Page(self.driver, self.cast.url("page"))
        self.cast.log.news()

    def tearDown(self):
        self.assertEqual(self.page.complaints(), [])

    def decisions(self):
        """Of the requests since, as the access log has them."""
        return [(entry["method"], entry["path"], entry["status"], entry["reason"]) for entry in self.cast.log.news()]

    def test_page_and_api_are_of_different_origins(self):
        self.assertEqual(self.driver.execute_script("return origin"), self.cast.url("page"))
        self.assertNotEqual(self.cast.url("page"), self.cast.url("gateway"))

    def test_a_call_with_a_token_follows_its_preflight(self):
        self.page.sign_in("alice")
        shown = self.page.ask("GET /admin/reports")
        self.assertEqual((shown.status, shown.gateway, shown.api), ("200 OK", "preflight ✓ · allowed", "answered"))
        self.assertEqual(
            self.decisions(),
            [("OPTIONS", "/admin/reports", 204, "preflight"), ("GET", "/admin/reports", 200, "allowed")],
        )

    def test_an_allowed_call_shows_the_claims_and_the_headers_made_of_them(self):
        self.assertEqual(self.page.sign_in("alice"), "Signed in as alice.")
        claims = pairs(self.page, "#claims")
        wanted = {"username": "alice", "cognito:groups": "admin", "token_use": "access"}
        self.assertEqual({name: claims[name] for name in wanted}, wanted)
        self.assertEqual(
            self.page.ask("GET /me").identity,
            {"x-jwt-subject": claims["sub"], "x-jwt-username": "alice", "x-jwt-groups": "admin"},
        )

    def test_a_refused_call_shows_its_challenge(self):
        insufficient = 'Bearer realm="demo", error="insufficient_scope"'
        scope = f'{insufficient}, scope="https://api.example.com/write"'
        for caller, request, status, challenge, reason in [
            ("nobody", "GET /me", "401 Unauthorized", 'Bearer realm="demo"', "token_missing"),
            ("bob", "GET /admin/reports", "403 Forbidden", insufficient, "group_missing"),
            ("bob", "GET /users/alice", "403 Forbidden", insufficient, "claim_mismatch"),
            ("stock-sync", "POST /items", "403 Forbidden", scope, "scope_missing"),
            ("alice", "GET /secrets", "403 Forbidden", "none: no other token would help", "route_denied"),
        ]:
            with self.subTest(caller=caller, request=request):
                if caller == "nobody":
                    self.page.choose("caller", caller)
                else:
                    self.page.sign_in(caller)
                shown = self.page.ask(request)
                self.assertEqual((shown.status, shown.challenge, shown.api), (status, challenge, "was not asked"))
                self.assertEqual(self.decisions()[-1][3], reason)

    def test_forged_identity_headers_have_no_effect(self):
        self.page.one("#forge").click()
        self.assertEqual(self.page.ask("GET /health").identity, {})
        self.page.sign_in("bob")
        identity = self.page.ask("GET /me").identity
        self.assertEqual((identity["x-jwt-username"], identity.get("x-jwt-groups")), ("bob", None))
        self.assertEqual(self.page.ask("GET /admin/reports").status, "403 Forbidden")

    def test_another_token_than_the_access_token_is_refused(self):
        self.page.sign_in("alice")
        for credential, reason in [("id", "token_use_mismatch"), ("altered", "signature_invalid")]:
            with self.subTest(credential):
                self.page.choose("credential", credential)
                shown = self.page.ask("GET /me")
                self.assertEqual(shown.challenge, 'Bearer realm="demo", error="invalid_token"')
                self.assertEqual(self.decisions()[-1][3], reason)

    def test_a_machine_has_the_scopes_that_it_asked_for(self):
        self.page.sign_in("stock-sync", scope="read write")
        self.assertEqual(self.page.ask("POST /items").status, "200 OK")

    def test_a_wrong_password_gives_no_token(self):
        self.assertIn("Incorrect username or password", self.page.sign_in("alice", password="guess"))
        self.assertEqual(self.page.ask("GET /me").challenge, 'Bearer realm="demo"')
