"""The labels that envoy.yaml's `stats_tags` extract from the filter's metrics, and the sums of the counts."""

import re
import unittest
from contextlib import ExitStack

from demo.exchange import send
from demo.upstream import upstream

from .gateway import ROOT, Gateway, eventually, serving
from .scrape import ALLOWED, DENIED, DRY_RUN, POLICY, PROVIDERS, PUBLIC, RULES, TRAFFIC, read, scrape


class Labels(unittest.TestCase):
    def test_names_become_labels(self):
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
                for name in ["fetch_success", "keys", "keys_left_out", "age_seconds", "seconds_since_success"]
            }
            | {"jwt_authorizer_provider_jwks_fetch_failed": {"provider", "class"}}
            | {"jwt_authorizer_provider_header_omitted": {"provider"}}
            | {f"jwt_authorizer_provider_{name}_requests": {"provider", name} for name in ["audience", "client"]},
        )

    def test_only_the_state_of_the_keys_is_a_gauge(self):
        gauges = {name for name, kind in scrape().kinds.items() if name.startswith("jwt_") and kind == "gauge"}
        names = ["keys", "keys_left_out", "age_seconds", "seconds_since_success"]
        expected = {f"jwt_authorizer_provider_jwks_{name}" for name in names}
        self.assertEqual(gauges, expected)

    def test_a_rule_is_labelled_with_its_name_whatever_the_characters(self):
        self.assertEqual(scrape().values("rule_allowed", "rule"), {*RULES, DRY_RUN, PUBLIC})
        self.assertEqual(scrape().values("rule_denied", "rule"), {*RULES, "default"})
        self.assertEqual(scrape().values("rule_dry_run_denied", "rule"), {DRY_RUN})

    def test_a_provider_is_labelled_with_its_name(self):
        self.assertEqual(scrape().values("provider_allowed", "provider"), {*PROVIDERS})
        self.assertEqual(scrape().values("provider_denied", "provider"), {*PROVIDERS, "down"})

    def test_a_failed_fetch_is_labelled_with_its_class(self):
        self.assertGreater(scrape().total("provider_jwks_fetch_failed", provider="down", **{"class": "connect"}), 0)
        self.assertEqual(scrape().values("provider_jwks_fetch_failed", "class"), {"connect"})


class NamedPolicy(unittest.TestCase):
    def test_the_name_of_a_policy_is_a_label_of_all_its_metrics(self):
        with ExitStack() as stack:
            policy = {**POLICY, "name": "public-api"}
            gateway = Gateway(policy, stack.enter_context(serving(upstream())), stack)
            send(f"http://{gateway.address}", "GET", "/0", {})
            kinds = ["provider_jwks_keys", "provider_jwks_fetch_failed", "rule_denied", "reason", "denied"]
            metrics = eventually(
                "all kinds of metrics",
                lambda: (found := read(gateway)) and all(found.total(kind) for kind in kinds) and found,
            )
        for kind in kinds:
            self.assertEqual(metrics.values(kind, "policy"), {"public-api"}, kind)
        self.assertEqual(metrics.values("rule_denied", "rule"), {RULES[0]})
        self.assertEqual(metrics.values("reason", "reason"), {"token_missing"})
        self.assertEqual(metrics.values("provider_jwks_fetch_failed", "class"), {"connect"})


class Copies(unittest.TestCase):
    def test_every_bootstrap_has_the_same_stats_tags_and_access_log(self):
        texts = [path.read_text() for path in sorted((ROOT / "envoy").rglob("envoy.yaml"))]
        self.assertGreater(len(texts), 1)
        for part in [r"^stats_config:\n(?: .*\n)+", r"^ +json_format:\n(?: {26}.*\n)+"]:
            found = {re.search(part, text, re.MULTILINE)[0] for text in texts}
            self.assertEqual(len(found), 1, found)


class Counts(unittest.TestCase):
    def test_every_request_is_allowed_or_denied(self):
        self.assertEqual((scrape().total("allowed"), scrape().total("denied")), (ALLOWED, DENIED))
        self.assertEqual(scrape().total("dry_run_denied"), 2)

    def test_every_request_has_a_rule(self):
        self.assertEqual((scrape().total("rule_allowed"), scrape().total("rule_denied")), (ALLOWED, DENIED))
        self.assertEqual(scrape().total("rule_dry_run_denied"), 2)

    def test_every_request_has_a_reason(self):
        allowed = sum(scrape().total("reason", reason=reason) for reason in ["allowed", "public"])
        self.assertEqual((allowed, scrape().total("reason") - allowed), (ALLOWED - 2, DENIED))
        for reason in ["token_missing", "token_expired"]:
            self.assertEqual(scrape().total("dry_run_reason", reason=reason), 1)

    def test_every_token_has_a_provider(self):
        tokens = sum(request.provider is not None for request in TRAFFIC)
        self.assertEqual(scrape().total("provider_allowed") + scrape().total("provider_denied"), tokens)
        self.assertEqual(scrape().total("cache_hit") + scrape().total("cache_miss"), tokens)
        self.assertGreater(scrape().total("cache_hit"), 0)

    def test_keys_that_were_never_fetched_have_no_age(self):
        self.assertEqual(scrape().total("provider_jwks_keys", provider="down"), 0)
        for gauge in ["provider_jwks_age_seconds", "provider_jwks_seconds_since_success"]:
            self.assertEqual(scrape().values(gauge, "provider"), {*PROVIDERS})
