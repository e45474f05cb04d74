"""What every issuer must pass: a token, no token, a token without the right, an ID token, new keys, and an outage."""

import unittest
from contextlib import ExitStack

from interop.gateway import eventually, temporary_directory

from .address import Address
from .gateway import Gateway
from .servers import Authlib, CognitoLocal, OAuth2MockServer, OidcProvider


class Issuer:
    """In this order, which the names have: each step goes on with the Envoy and the issuer of the one before."""

    server = None

    @classmethod
    def setUpClass(cls):
        cls.stack = ExitStack()
        cls.addClassCleanup(cls.stack.close)
        directory = cls.stack.enter_context(temporary_directory())
        cls.issuer = cls.stack.enter_context(cls.server(directory))
        cls.address = cls.stack.enter_context(Address(cls.issuer.port))
        # Envoy starts while the issuer is down.
        cls.address.go_down()
        gateway = Gateway(directory / "envoy", cls.address.server_address[1], cls.issuer.authority, cls.issuer.policy)
        cls.gateway = cls.stack.enter_context(gateway)
        cls.old_token = cls.issuer.access_token()

    def send(self, token, request=None):
        return self.gateway.send(*(request or self.issuer.allowed), token)

    def test_1_without_keys_a_token_cannot_be_decided(self):
        self.assertEqual(self.send(self.old_token), (503, "keys_unavailable"))
        self.assertEqual(self.send(None), (401, "token_missing"))
        self.assertEqual(self.gateway.send("GET", "/health"), (200, "public"))

    def test_2_once_the_issuer_is_up_its_keys_are_loaded(self):
        self.address.come_up()
        eventually("a valid token passes", lambda: self.send(self.old_token)[0] == 200)
        self.assertIn("wasm log jwt_authorizer", self.gateway.log())

    def test_3_a_token_for_the_api_passes(self):
        self.assertEqual(self.send(self.issuer.access_token()), (200, "allowed"))
        if token := self.issuer.user_tokens()["access_token"]:
            self.assertEqual(self.send(token), (200, "allowed"))

    def test_4_a_token_without_the_right_is_refused(self):
        method, path, reason = self.issuer.forbidden
        self.assertEqual(self.send(self.old_token, (method, path)), (403, reason))
        self.assertEqual(self.send(self.old_token, ("GET", "/nowhere")), (403, "route_denied"))

    def test_5_an_id_token_is_refused(self):
        token = self.issuer.user_tokens()["id_token"]
        self.assertEqual(self.send(token), (401, self.issuer.id_token_reason))

    def test_6_a_new_signing_key_is_fetched(self):
        self.issuer.rotate()
        new = self.issuer.access_token()
        # Also without a new `kid`: a signature that no known key verifies is a reason to fetch.
        self.assertEqual(self.send(new), (200, "allowed"))
        status, reason = self.send(self.old_token)
        if not self.issuer.withdraws:
            self.assertEqual(status, 200)
        else:
            self.assertEqual((status, reason), (401, "key_unknown" if self.issuer.new_kid else "signature_invalid"))

    def test_7_an_outage_is_not_noticed(self):
        self.address.go_down()
        self.assertEqual(self.send(self.issuer.access_token()), (200, "allowed"))
        self.assertEqual(self.send(self.issuer.user_tokens()["id_token"])[0], 401)
        self.address.come_up()

    def test_8_no_token_and_a_changed_token_are_refused(self):
        self.assertEqual(self.send(None), (401, "token_missing"))
        # Last, since it may start a fetch, and the next fetch for an unknown key has to wait.
        head, payload, signature = self.issuer.access_token().split(".")
        changed = signature[:10] + ("A" if signature[10] != "A" else "B") + signature[11:]
        self.assertEqual(self.send(f"{head}.{payload}.{changed}"), (401, "signature_invalid"))


class OidcProviderIssuer(Issuer, unittest.TestCase):
    server = OidcProvider


class CognitoLocalIssuer(Issuer, unittest.TestCase):
    server = CognitoLocal


class OAuth2MockServerIssuer(Issuer, unittest.TestCase):
    server = OAuth2MockServer


class AuthlibIssuer(Issuer, unittest.TestCase):
    server = Authlib
