"""A real gRPC client through the gateway to a real gRPC server: refusals are statuses of gRPC's own."""

import unittest
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import grpc
from grpc import StatusCode

from .gateway import DOWN, Gateway, eventually, provider, token

READ, WRITE = "items.Items/Read", "items.Items/Write"
POLICY = {
    "providers": {
        "main": provider("main", claims_to_headers={"x-jwt-sub": "sub"}),
        "down": provider("down", DOWN),
    },
    "rules": [
        {"route": f"POST /{READ}"},
        {"route": f"POST /{WRITE}", "scopes": ["write"]},
        {"route": "POST /items.Items/Watch"},
        {"route": "POST /grpc.health.v1.Health/Check", "access": "public"},
    ],
    "responses": {"realm": "items"},
}
HTTP2 = {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {}},
    }
}
# The gateway is on this machine, whatever proxy the environment names.
OPTIONS = [("grpc.enable_http_proxy", 0)]
PATIENCE = 30


def over_http2(bootstrap):
    clusters = {cluster["name"]: cluster for cluster in bootstrap["static_resources"]["clusters"]}
    clusters["upstream"]["typed_extension_protocol_options"] = HTTP2


class Items(grpc.GenericRpcHandler):
    """Every method answers with whom it takes the caller for, the streaming one once for each message."""

    def service(self, call):
        if call.method.endswith("/Watch"):
            return grpc.stream_stream_rpc_method_handler(lambda messages, context: (subject(context) for _ in messages))
        return grpc.unary_unary_rpc_method_handler(lambda message, context: subject(context))


def subject(context):
    return dict(context.invocation_metadata()).get("x-jwt-sub", "nobody").encode()


@contextmanager
def server():
    served = grpc.server(ThreadPoolExecutor(4), handlers=[Items()])
    port = served.add_insecure_port("127.0.0.1:0")
    served.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        served.stop(None).wait()


def bearer(token):
    return [("authorization", f"Bearer {token}")]


class Refusals(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        stack = ExitStack()
        cls.addClassCleanup(stack.close)
        cls.gateway = Gateway(POLICY, stack.enter_context(server()), stack, over_http2)
        cls.channel = stack.enter_context(grpc.insecure_channel(cls.gateway.address, OPTIONS))

    def call(self, method, metadata=()):
        return self.channel.unary_unary(f"/{method}").with_call(b"", timeout=PATIENCE, metadata=list(metadata))

    def refusal(self, method, metadata):
        with self.assertRaises(grpc.RpcError) as raised:
            self.call(method, metadata)
        return raised.exception

    def entry(self, reason):
        """The access log's entry of the call that was decided for this reason."""
        return eventually(
            f"an entry with {reason}",
            lambda: next((entry for entry in self.gateway.log.entries() if entry["reason"] == reason), None),
        )

    def test_each_refusal_has_its_status(self):
        realm = 'Bearer realm="items"'
        invalid = f'{realm}, error="invalid_token"'
        scope = f'{realm}, error="insufficient_scope", scope="write"'
        good = bearer(token("main"))
        for reason, method, metadata, status, challenge in [
            ("token_missing", READ, [], StatusCode.UNAUTHENTICATED, realm),
            ("token_malformed", READ, bearer("nonsense"), StatusCode.UNAUTHENTICATED, invalid),
            ("token_expired", READ, bearer(token("main", exp=1)), StatusCode.UNAUTHENTICATED, invalid),
            ("scope_missing", WRITE, good, StatusCode.PERMISSION_DENIED, scope),
            ("route_denied", "items.Items/Drop", good, StatusCode.PERMISSION_DENIED, None),
            ("keys_unavailable", READ, bearer(token("down")), StatusCode.UNAVAILABLE, None),
            # Envoy's counterpart of 400.
            ("credential_ambiguous", READ, good * 2, StatusCode.INTERNAL, f'{realm}, error="invalid_request"'),
        ]:
            with self.subTest(reason=reason):
                refusal = self.refusal(method, metadata)
                self.assertEqual(refusal.code(), status)
                told = [*(refusal.initial_metadata() or []), *(refusal.trailing_metadata() or [])]
                self.assertEqual(dict(told).get("www-authenticate"), challenge)
                self.assertNotIn(reason, str(told) + refusal.details())

    def test_the_access_log_has_both_statuses(self):
        self.refusal("items.Items/Purge", bearer(token("main")))
        entry = self.entry("route_denied")
        self.assertEqual((entry["status"], entry["grpc_status"]), (200, "PERMISSION_DENIED"))

    def test_a_client_that_waits_for_keys_is_told_when(self):
        refusal = self.refusal(READ, bearer(token("down")))
        self.assertEqual(dict(refusal.trailing_metadata() or []).get("retry-after"), "5")

    def test_a_good_token_passes_with_its_identity(self):
        for method, claims in [(READ, {}), (WRITE, {"scope": "read write"})]:
            answer, call = self.call(method, [*bearer(token("main", **claims)), ("x-jwt-sub", "mallory")])
            self.assertEqual((call.code(), answer), (StatusCode.OK, b"alice"))

    def test_a_public_method_needs_no_token(self):
        answer, call = self.call("grpc.health.v1.Health/Check", [("x-jwt-sub", "mallory")])
        self.assertEqual((call.code(), answer), (StatusCode.OK, b"nobody"))

    def test_streams_are_decided_once(self):
        watch = self.channel.stream_stream("/items.Items/Watch")
        answers = list(watch(iter([b"", b"", b""]), timeout=PATIENCE, metadata=bearer(token("main"))))
        self.assertEqual(answers, [b"alice"] * 3)
        refused = watch(iter([b""]), timeout=PATIENCE)
        with self.assertRaises(grpc.RpcError):
            next(refused)
        self.assertEqual(refused.code(), StatusCode.UNAUTHENTICATED)
