"""The page's example requests and requirements for the policy's rules."""

import unittest

from demo.page.routes import needs, routes


class Routes(unittest.TestCase):
    def test_each_rule_has_its_requirements(self):
        for rule, text in [
            ({}, "any valid token"),
            ({"access": "public"}, "public"),
            ({"access": "optional"}, "no token, or a valid one"),
            ({"access": "deny"}, "always refused"),
            ({"scopes": ["https://api.example.com/read", "write"]}, "scope read or write"),
            ({"scopes": {"all": ["read", "write"]}, "groups": ["admin"]}, "scope read and write and group admin"),
            ({"require": {"all_of": [{"scope": "read"}, {"not": {"group": "guest"}}]}}, "scope read and not group guest"),
            ({"require": {"claim": ["org", "id"], "equals_path": "org"}}, "org.id = {org}"),
            ({"require": {"claim": "tier", "in": ["pro"]}}, '{"claim": "tier", "in": ["pro"]}'),
        ]:
            with self.subTest(rule=rule):
                self.assertEqual(needs(rule), text)

    def test_a_route_with_variables_has_examples(self):
        for route, expected in [
            ("ANY /admin/{proxy+}", ["GET /admin/reports"]),
            ("GET /users/{name}", ["GET /users/alice", "GET /users/bob"]),
            ("GET /orders/{order}", []),
            ("$default", []),
        ]:
            with self.subTest(route=route):
                *found, last = routes({"rules": [{"route": route}]})
                self.assertEqual([f"{one['method']} {one['path']}" for one in found], expected)
                self.assertEqual(last["needs"], "no rule: deny")
