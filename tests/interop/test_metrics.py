"""The labels that envoy.yaml's `stats_tags` make of the filter's metrics, and that the counts add up."""

import re
import unittest

from .gateway import ROOT
from .observed import ALLOWED, DENIED, PROVIDERS, PUBLIC, REPORTING, RULES, TRAFFIC, scrape


class Labels(unittest.TestCase):
    def test_no_name_is_left_in_a_series(self):
        ours = {name: scrape().labels(name) for name in scrape().series if name.startswith("jwt_authorizer_")}
        outcomes = ["allowed", "denied", "dry_run_denied"]
        self.assertEqual(
            ours,
            {f"jwt_authorizer_{name}": set() for name in [*outcomes, "cache_hit", "cache_miss"]}
            | {f"jwt_authorizer_{name}": {"reason"} for name in ["reason", "dry_run_reason"]}
            | {f"jwt_authorizer_rule_{name}": {"rule"} for name in outcomes}
            | {f"jwt_authorizer_provider_{name}": {"provider"} for name in outcomes}
            | {
                f"jwt_authorizer_provider_jwks_{name}": {"provider"}
                for name in ["fetch_success", "keys", "age_seconds", "seconds_since_success"]
            }
            | {"jwt_authorizer_provider_jwks_fetch_failed": {"provider", "class"}},
        )

    def test_counters_count_and_gauges_are_set(self):
        gauges = {name for name, kind in scrape().kinds.items() if name.startswith("jwt_") and kind == "gauge"}
        wanted = {f"jwt_authorizer_provider_jwks_{name}" for name in ["keys", "age_seconds", "seconds_since_success"]}
        self.assertEqual(gauges, wanted)

    def test_rules_go_by_their_names_whatever_is_in_them(self):
        self.assertEqual(scrape().values("rule_allowed", "rule"), {*RULES, REPORTING, PUBLIC})
        self.assertEqual(scrape().values("rule_denied", "rule"), {*RULES, "default"})
        self.assertEqual(scrape().values("rule_dry_run_denied", "rule"), {REPORTING})

    def test_providers_go_by_their_names(self):
        self.assertEqual(scrape().values("provider_allowed", "provider"), {*PROVIDERS})
        self.assertEqual(scrape().values("provider_denied", "provider"), {*PROVIDERS, "down"})

    def test_failures_have_a_class(self):
        self.assertGreater(scrape().total("provider_jwks_fetch_failed", provider="down", **{"class": "connect"}), 0)
        self.assertEqual(scrape().values("provider_jwks_fetch_failed", "class"), {"connect"})


class Copies(unittest.TestCase):
    def test_every_bootstrap_makes_the_same_labels_and_writes_the_same_log(self):
        texts = [path.read_text() for path in sorted((ROOT / "envoy").rglob("envoy.yaml"))]
        self.assertGreater(len(texts), 1)
        for part in [r"^stats_config:\n(?: .*\n)+", r"^ +json_format:\n(?: {26}.*\n)+"]:
            found = {re.search(part, text, re.MULTILINE)[0] for text in texts}
            self.assertEqual(len(found), 1, found)


class Counts(unittest.TestCase):
    def test_allowed_and_denied_are_all_requests(self):
        self.assertEqual((scrape().total("allowed"), scrape().total("denied")), (ALLOWED, DENIED))
        self.assertEqual(scrape().total("dry_run_denied"), 2)

    def test_every_request_is_under_a_rule(self):
        self.assertEqual((scrape().total("rule_allowed"), scrape().total("rule_denied")), (ALLOWED, DENIED))
        self.assertEqual(scrape().total("rule_dry_run_denied"), 2)

    def test_every_request_has_a_reason(self):
        passed = sum(scrape().total("reason", reason=reason) for reason in ["allowed", "public"])
        self.assertEqual((passed, scrape().total("reason") - passed), (ALLOWED - 2, DENIED))
        for reason in ["token_missing", "token_expired"]:
            self.assertEqual(scrape().total("dry_run_reason", reason=reason), 1)

    def test_every_token_is_under_its_provider(self):
        tokens = sum(sent.provider is not None for sent in TRAFFIC)
        self.assertEqual(scrape().total("provider_allowed") + scrape().total("provider_denied"), tokens)
        self.assertEqual(scrape().total("cache_hit") + scrape().total("cache_miss"), tokens)
        self.assertGreater(scrape().total("cache_hit"), 0)

    def test_keys_that_never_came_have_no_age(self):
        self.assertEqual(scrape().total("provider_jwks_keys", provider="down"), 0)
        for gauge in ["provider_jwks_age_seconds", "provider_jwks_seconds_since_success"]:
            self.assertEqual(scrape().values(gauge, "provider"), {*PROVIDERS})
