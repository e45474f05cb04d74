"""A real gRPC client calls a real gRPC server through the gateway: a refusal is a gRPC status."""

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
# The gateway is on this machine, so a proxy from the environment must not be used.
OPTIONS = [("grpc.enable_http_proxy", 0)]
TIMEOUT = 30


def over_http2(bootstrap):
    clusters = {cluster["name"]: cluster for cluster in bootstrap["static_resources"]["clusters"]}
    clusters["upstream"]["typed_extension_protocol_options"] = HTTP2


class Items(grpc.GenericRpcHandler):
    """Every method answers with the caller's subject; the streaming method does so for each message."""

    def service(self, call):
        if call.method.endswith("/Watch"):
            return grpc.stream_stream_rpc_method_handler(lambda messages, context: (subject(context) for _ in messages))
        return grpc.unary_unary_rpc_method_handler(lambda message, context: subject(context))


def subject(context):
    return dict(context.invocation_metadata()).get("x-jwt-sub", "anonymous").encode()


@contextmanager
def server():
    running = grpc.server(ThreadPoolExecutor(4), handlers=[Items()])
    port = running.add_insecure_port("127.0.0.1:0")
    running.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        running.stop(None).wait()


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
        return self.channel.unary_unary(f"/{method}").with_call(b"", timeout=TIMEOUT, metadata=list(metadata))

    def refusal(self, method, metadata):
        with self.assertRaises(grpc.RpcError) as raised:
            self.call(method, metadata)
        return raised.exception

    def entry(self, reason):
        """The access log entry of the call with this reason."""
        return eventually(
            f"an entry with {reason}",
            lambda: next((entry for entry in self.gateway.access_log.entries() if entry["reason"] == reason), None),
        )

    def test_each_refusal_has_its_status(self):
        realm = 'Bearer realm="items"'
        invalid = f'{realm}, error="invalid_token"'
        scope = f'{realm}, error="insufficient_scope", scope="write"'
        valid = bearer(token("main"))
        unauthorized, forbidden = "Unauthorized", "Forbidden"
        for reason, method, metadata, status, message, challenge in [
            ("token_missing", READ, [], StatusCode.UNAUTHENTICATED, unauthorized, realm),
            ("token_malformed", READ, bearer("nonsense"), StatusCode.UNAUTHENTICATED, unauthorized, invalid),
            ("token_expired", READ, bearer(token("main", exp=1)), StatusCode.UNAUTHENTICATED, unauthorized, invalid),
            ("scope_missing", WRITE, valid, StatusCode.PERMISSION_DENIED, forbidden, scope),
            ("route_denied", "items.Items/Drop", valid, StatusCode.PERMISSION_DENIED, forbidden, None),
            ("keys_unavailable", READ, bearer(token("down")), StatusCode.UNAVAILABLE, "Service Unavailable", None),
            # The gRPC status that Envoy maps 400 to.
            ("credential_ambiguous", READ, valid + bearer("another"), StatusCode.INTERNAL, "Bad Request", f'{realm}, error="invalid_request"'),
        ]:
            with self.subTest(reason=reason):
                refusal = self.refusal(method, metadata)
                self.assertEqual((refusal.code(), refusal.details()), (status, message))
                received = [*(refusal.initial_metadata() or []), *(refusal.trailing_metadata() or [])]
                self.assertEqual(dict(received).get("www-authenticate"), challenge)
                self.assertNotIn(reason, str(received) + refusal.details())

    def test_the_access_log_has_both_statuses(self):
        self.refusal("items.Items/Purge", bearer(token("main")))
        entry = self.entry("route_denied")
        self.assertEqual((entry["status"], entry["grpc_status"]), (200, "PERMISSION_DENIED"))

    def test_a_refusal_for_lack_of_keys_has_retry_after(self):
        refusal = self.refusal(READ, bearer(token("down")))
        self.assertEqual(dict(refusal.trailing_metadata() or []).get("retry-after"), "5")

    def test_a_valid_token_is_forwarded_with_its_identity(self):
        for method, claims in [(READ, {}), (WRITE, {"scope": "read write"})]:
            answer, call = self.call(method, [*bearer(token("main", **claims)), ("x-jwt-sub", "mallory")])
            self.assertEqual((call.code(), answer), (StatusCode.OK, b"alice"))

    def test_a_public_method_needs_no_token(self):
        answer, call = self.call("grpc.health.v1.Health/Check", [("x-jwt-sub", "mallory")])
        self.assertEqual((call.code(), answer), (StatusCode.OK, b"anonymous"))

    def test_a_stream_is_decided_once(self):
        watch = self.channel.stream_stream("/items.Items/Watch")
        answers = list(watch(iter([b"", b"", b""]), timeout=TIMEOUT, metadata=bearer(token("main"))))
        self.assertEqual(answers, [b"alice"] * 3)
        refused = watch(iter([b""]), timeout=TIMEOUT)
        with self.assertRaises(grpc.RpcError):
            next(refused)
        self.assertEqual(refused.code(), StatusCode.UNAUTHENTICATED)
