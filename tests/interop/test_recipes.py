"""The recipes of docs/recipes.md and docs/keys.md in a real Envoy. Only names of hosts and paths of files are changed."""

import json
import os
import re
import unittest
from contextlib import ExitStack

import yaml
from demo.exchange import send
from demo.servers import Handler, Server
from demo.upstream import upstream

from .gateway import KEY, MODULE, ROOT, UP, Gateway, eventually, provider, serving, temporary_directory, token

POLICY = {
    "providers": {"main": provider("main") | {"claims_to_headers": {"x-jwt-sub": "sub"}}},
    "rules": [{"route": "GET /items"}],
}


def blocks(page, heading):
    """The YAML blocks of a section."""
    text = (ROOT / "docs" / page).read_text()
    section = re.split(r"^## ", text.split(f"## {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    return [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)]


def documents(page):
    """The JSON blocks of a page."""
    text = (ROOT / "docs" / page).read_text()
    return [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)]


def manager(bootstrap):
    return bootstrap["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]


def cluster(bootstrap, name):
    return next(cluster for cluster in bootstrap["static_resources"]["clusters"] if cluster["name"] == name)


def use_filters(bootstrap, filters):
    """The recipe's filters. Ours is where the recipe names it."""
    ours, router = manager(bootstrap)["http_filters"]
    manager(bootstrap)["http_filters"] = [ours if entry == {"name": ours["name"]} else entry for entry in filters] + [router]


class Recipes(unittest.TestCase):
    def gateway(self, change, policy=POLICY):
        stack = ExitStack()
        self.addCleanup(stack.close)
        gateway = Gateway(policy, stack.enter_context(serving(upstream())), stack, change)
        self.url = f"http://{gateway.address}"
        return gateway

    def get(self, path, token=None, method="GET", **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return send(self.url, method, path, headers | ({"authorization": f"Bearer {token}"} if token else {}))

    def test_the_cors_filter_answers_preflights_and_lets_browsers_read_refusals(self):
        filters, policy = blocks("recipes.md", "CORS: that filter first")

        def change(bootstrap):
            use_filters(bootstrap, filters["http_filters"])
            manager(bootstrap)["route_config"]["virtual_hosts"][0] |= policy

        self.gateway(change)
        origin = "https://app.example.com"
        preflight = self.get("/items", method="OPTIONS", origin=origin, access_control_request_method="GET")
        self.assertEqual((preflight.status, preflight.body), (200, b""))
        for reply in [preflight, self.get("/items", origin=origin), self.get("/items", token("main"), origin=origin)]:
            # The upstream of the demo adds the header too, for every origin.
            self.assertIn(origin, reply.headers.get_all("access-control-allow-origin"))
        self.assertEqual(self.get("/items", origin=origin).status, 401)

    def test_each_caller_has_a_limit_of_its_own(self):
        (filters,) = blocks("recipes.md", "Rate limits by caller")
        self.gateway(lambda bootstrap: use_filters(bootstrap, filters["http_filters"]))
        alice, bob = token("main"), token("main", sub="bob")
        statuses = [self.get("/items", caller).status for caller in [alice, alice, alice, bob]]
        self.assertEqual(statuses, [200, 200, 429, 200])
        # A client cannot choose a caller.
        self.assertEqual(self.get("/items", alice, x_jwt_sub="carol").status, 429)

    def test_browsers_are_sent_to_the_sign_in(self):
        (recipe,) = blocks("recipes.md", "Sign-in for browsers")
        gateway = self.gateway(lambda bootstrap: manager(bootstrap).update(recipe))
        browser = self.get("/items", accept="text/html,application/xhtml+xml")
        self.assertEqual((browser.status, browser.headers["location"]), (302, "https://app.example.com/login"))
        script = self.get("/items", accept="application/json")
        self.assertEqual((script.status, script.headers["location"]), (401, None))
        self.assertEqual(self.get("/nowhere", token("main"), accept="text/html").status, 403)
        self.assertEqual(self.get("/items", token("main"), accept="text/html").status, 200)
        entries = eventually("the access log", lambda: len(found := gateway.access_log.entries()) == 4 and found)
        self.assertEqual((entries[0]["status"], entries[0]["reason"]), (302, "token_missing"))

    def test_two_instances_check_two_tokens(self):
        (filters,) = blocks("recipes.md", "Two tokens in one request")

        def change(bootstrap):
            _, router = manager(bootstrap)["http_filters"]
            manager(bootstrap)["http_filters"] = filters["http_filters"] + [router]
            for entry in filters["http_filters"]:
                config = entry["typed_config"]["config"]
                config["vm_config"]["code"]["local"]["filename"] = str(MODULE)
                value = config["configuration"]["value"]
                value = re.sub(r'"cluster": "\w+"', f'"cluster": "{UP}"', value)
                config["configuration"]["value"] = value

        self.gateway(change)
        service = token("services", iss="https://services.example.com", scope="call")
        user = token("users", iss="https://users.example.com", scope="read")
        other = token("users", iss="https://users.example.com", scope="other")
        reply = self.get("/items", user, x_service_token=f"Bearer {service}", x_user_sub="mallory", x_service_sub="mallory")
        self.assertEqual(reply.status, 200)
        headers = reply.json()["headers"]
        self.assertEqual((headers["x-user-sub"], headers["x-service-sub"]), ("alice", "alice"))
        self.assertNotIn("x-service-token", headers)
        self.assertEqual(self.get("/items", user).status, 401)
        self.assertEqual(self.get("/items", x_service_token=f"Bearer {service}").status, 401)
        self.assertEqual(self.get("/items", other, x_service_token=f"Bearer {service}").status, 403)
        self.assertEqual(self.get("/items", service, x_service_token=f"Bearer {user}").status, 401)

    def test_a_route_without_the_filter_has_to_remove_the_headers(self):
        (route,) = blocks("recipes.md", "A route without the filter")

        def change(bootstrap):
            manager(bootstrap)["route_config"]["virtual_hosts"][0]["routes"].insert(0, route)

        self.gateway(change)
        headers = self.get("/static/a", x_jwt_sub="mallory").json()["headers"]
        self.assertNotIn("x-jwt-sub", headers)
        # Without the removal it is as the page says.
        del route["request_headers_to_remove"]
        self.gateway(change)
        self.assertEqual(self.get("/static/a", x_jwt_sub="mallory").json()["headers"]["x-jwt-sub"], "mallory")

    def test_keys_behind_a_bearer_token_are_fetched_with_the_current_one(self):
        recipe, secret = blocks("keys.md", "Keys behind a bearer token")
        directory = self.temporary_directory()
        secrets = directory / "secrets"
        # As Kubernetes mounts and replaces them.
        publish(secrets, "first")
        folder = "/var/run/secrets/kubernetes.io/serviceaccount"
        text = json.dumps(secret)
        self.assertIn(folder, text)
        (directory / "token.yaml").write_text(text.replace(folder, str(secrets)))
        server = Server(("127.0.0.1", 0), Guarded)
        server.accepted = "first"

        def change(bootstrap):
            ours, (theirs,) = cluster(bootstrap, UP), recipe["clusters"]
            options = json.dumps(theirs["typed_extension_protocol_options"])
            self.assertIn("/etc/envoy/key-server-token.yaml", options)
            options = options.replace("/etc/envoy/key-server-token.yaml", str(directory / "token.yaml"))
            ours["typed_extension_protocol_options"] = json.loads(options)
            host, port = server.address.split(":")
            address = {"socket_address": {"address": host, "port_value": int(port)}}
            ours["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]["address"] = address

        stack = ExitStack()
        self.addCleanup(stack.close)
        stack.enter_context(serving(server))
        self.gateway(change, provider_with_refresh("1s"))
        eventually("the keys are fetched", lambda: self.get("/items", token("main")).status == 200)
        server.accepted = "second"
        publish(secrets, "second")
        server.served = 0
        eventually("the keys are fetched with the new token", lambda: server.served)

    def test_the_rest_jwt_authorizer_decides_by_additional_claims(self):
        (policy,) = [policy for policy in documents("from-api-gateway.md") if "identity" in policy.get("providers", {})]
        for entry in policy["providers"].values():
            entry["jwks"] = {"uri": "https://main.example/jwks.json", "cluster": UP}
        self.gateway(lambda bootstrap: None, policy)
        identity, cognito = (policy["providers"][name]["issuer"] for name in ["identity", "cognito"])
        valid = {"iss": identity, "aud": "https://api.example.com", "scope": "read", "tenant": "acme"}
        eventually("the keys are loaded", lambda: self.get("/items", token("main", **valid)).status == 200)
        for claims, status in [
            ({"env": "production"}, 200),
            ({"env": "test"}, 403),
            ({"env": ["production"]}, 403),
            ({"tenant": "other"}, 403),
            ({"tenant": ["acme"]}, 403),
            ({"scope": "write"}, 403),
            ({"aud": "https://api.example.com/"}, 401),
        ]:
            with self.subTest(claims=claims):
                self.assertEqual(self.get("/items", token("main", **valid | claims)).status, status)
        of_cognito = {"iss": cognito, "client_id": "web-client-id", "token_use": "access", "scope": "read", "aud": None}
        self.assertEqual(self.get("/items", token("main", **of_cognito)).status, 200)

    def temporary_directory(self):
        stack = ExitStack()
        self.addCleanup(stack.close)
        return stack.enter_context(temporary_directory())


def provider_with_refresh(interval):
    main = provider("main")
    main["jwks"]["refresh_interval"] = interval
    return POLICY | {"providers": {"main": main}}


def publish(directory, token):
    version = directory / f"..{token}"
    version.mkdir(parents=True)
    (version / "token").write_text(token)
    link = directory / "..new"
    link.symlink_to(version.name)
    os.replace(link, directory / "..data")
    if not (directory / "token").is_symlink():
        (directory / "token").symlink_to("..data/token")


class Guarded(Handler):
    """A key server that wants a bearer token."""

    def do_GET(self):
        if self.headers["authorization"] != f"Bearer {self.server.accepted}":
            return self.reply(401)
        self.server.served = getattr(self.server, "served", 0) + 1
        self.reply(200, {"keys": [KEY.as_dict(private=False)]})
