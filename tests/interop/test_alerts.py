"""Every alert fires in the situation that it is for and in no other, and every panel shows it, by a real Prometheus."""

import json
import unittest
from contextlib import ExitStack
from os import environ

import promql_parser
import yaml

from .gateway import temporary_directory
from .prometheus import STEP, prometheus, run
from .situations import measured
from .test_dashboard import GRAFANA

# Which alerts fire in which situation. A refused request counts for JwtAuthorizerRefusesMany, whatever the reason.
FIRING = {
    "healthy": set(),
    "issuer_unreachable": {"JwtAuthorizerCannotDecide", "JwtAuthorizerNoKeys"},
    "keys_not_refreshed": {"JwtAuthorizerKeysNotRefreshed"},
    "many_refused": {"JwtAuthorizerRefusesMany"},
    "forged": {"JwtAuthorizerForgedTokens"},
    "configuration_refused": {"JwtAuthorizerConfigurationRefused"},
    "trapped": {"JwtAuthorizerTrapped"},
    "trapped_for_good": {"JwtAuthorizerUndecided"},
}
# Nothing from outside sets Envoy's clock back, or makes it withhold the headers. The series are those of other reasons.
NOT_BROUGHT_ABOUT = {"JwtAuthorizerHostFailed"}
# A reload fails only if Envoy can no longer start a VM at all.
ALWAYS_ZERO = {"envoy_wasm_jwt_authorizer_vm_reload_failure"}


class Prometheus(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        stack = ExitStack()
        cls.addClassCleanup(stack.close)
        cls.prometheus = stack.enter_context(prometheus(stack.enter_context(temporary_directory()), measured()))

    def rules(self):
        groups = yaml.safe_load((GRAFANA / "alerts.yaml").read_text())["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def firing(self, expression, wait):
        """The instances for which the expression holds all the time that the alert waits."""
        seconds = int(promql_parser.parse_duration(wait).total_seconds()) if wait else 0
        series = self.prometheus.query(expression, seconds)
        return {labels["instance"] for labels, values in series if len(values) == seconds // STEP + 1}

    def test_prometheus_accepts_the_file(self):
        self.assertIn("SUCCESS", run(environ["PROMTOOL"], "check", "rules", GRAFANA / "alerts.yaml"))

    def test_every_alert_fires_in_its_situation_and_in_no_other(self):
        fired = {situation: set() for situation in FIRING}
        for rule in self.rules():
            for instance in self.firing(rule["expr"], rule.get("for")):
                fired[instance].add(rule["alert"])
        self.assertEqual(fired, FIRING)
        proven = set().union(*FIRING.values())
        self.assertEqual({rule["alert"] for rule in self.rules()} - proven, NOT_BROUGHT_ABOUT)

    def test_an_alert_that_cannot_be_brought_about_fires_for_its_reasons(self):
        (rule,) = [rule for rule in self.rules() if rule["alert"] in NOT_BROUGHT_ABOUT]
        reasons = "clock_unavailable|headers_unreadable"
        self.assertIn(reasons, rule["expr"])
        expression = rule["expr"].replace(reasons, "keys_unavailable|nothing")
        self.assertEqual(self.firing(expression, rule["for"]), {"issuer_unreachable"})

    def test_every_panel_shows_its_situation(self):
        dashboard = json.loads((GRAFANA / "dashboard.json").read_text())
        for panel in dashboard["panels"]:
            for target in panel.get("targets", []):
                query = target["expr"].replace("$__rate_interval", "5m").replace("$__range", "1h")
                shown = {
                    situation
                    for situation in FIRING
                    for _, values in self.prometheus.query(query.replace("$instance", situation))
                    if values[-1] > 0
                }
                with self.subTest(panel=panel["title"], query=target["expr"]):
                    self.assertEqual(bool(shown), not any(name in query for name in ALWAYS_ZERO), shown)
