"""What the page says of the policy's rules."""

import unittest

from demo.page.routes import needs, routes


class TheWords(unittest.TestCase):
    def test_each_rule_has_its_words(self):
        for rule, words in [
            ({}, "any valid token"),
            ({"access": "public"}, "public"),
            ({"access": "optional"}, "a token, or none"),
            ({"access": "deny"}, "nobody"),
            ({"scopes": ["https://api.example.com/read", "write"]}, "scope read or write"),
            ({"scopes": {"all": ["read", "write"]}, "groups": ["admin"]}, "scope read and write and group admin"),
            ({"require": {"all_of": [{"scope": "read"}, {"not": {"group": "guest"}}]}}, "scope read and not group guest"),
            ({"require": {"claim": ["org", "id"], "equals_path": "org"}}, "own org.id"),
            ({"require": {"claim": "tier", "in": ["pro"]}}, '{"claim": "tier", "in": ["pro"]}'),
        ]:
            with self.subTest(rule=rule):
                self.assertEqual(needs(rule), words)

    def test_a_route_with_variables_has_examples(self):
        for route, found in [
            ("ANY /admin/{proxy+}", ["GET /admin/reports"]),
            ("GET /users/{name}", ["GET /users/alice", "GET /users/bob"]),
            ("GET /orders/{order}", []),
            ("$default", []),
        ]:
            with self.subTest(route=route):
                *listed, last = routes({"rules": [{"route": route}]})
                self.assertEqual([f"{one['method']} {one['path']}" for one in listed], found)
                self.assertEqual(last["needs"], "no rule: deny")
