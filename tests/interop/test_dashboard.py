"""The Grafana dashboard and the alerts query series, labels and reasons that exist."""

import json
import re
import unittest

import promql_parser
import yaml

from .gateway import ROOT
from .queries import SCRAPE_LABELS, VARIABLES, documented_reasons, errors, parse
from .scrape import scrape

GRAFANA = ROOT / "envoy" / "grafana"
PAGE = (ROOT / "docs" / "operating.md").read_text()
REASONS = set(documented_reasons(PAGE))


class Dashboard(unittest.TestCase):
    dashboard = json.loads((GRAFANA / "dashboard.json").read_text())

    def panels(self):
        return [panel for panel in self.dashboard["panels"] if panel["type"] != "row"]

    def targets(self):
        return [(panel, target) for panel in self.panels() for target in panel["targets"]]

    def test_every_query_finds_its_series(self):
        for panel, target in self.targets():
            with self.subTest(panel=panel["title"], query=target["expr"]):
                self.assertEqual(list(errors(target["expr"], scrape(), REASONS)), [])

    def test_every_series_of_the_filter_is_shown(self):
        shown = {selector.name for _, target in self.targets() for selector in parse(target["expr"]).selectors}
        ours = {name for name in scrape().series if name.startswith("jwt_authorizer_")}
        # The dashboard shows dry runs by rule and by reason, not by provider.
        self.assertEqual(ours - shown, {"jwt_authorizer_provider_dry_run_denied"})

    def test_legends_name_labels_that_the_query_keeps(self):
        for panel, target in self.targets():
            named = set(re.findall(r"{{\s*(\w+)\s*}}", target["legendFormat"]))
            with self.subTest(panel=panel["title"], query=target["expr"]):
                self.assertLessEqual(named, parse(target["expr"]).groups)

    def test_variables_are_queried_and_used(self):
        variables = {f"${variable['name']}": variable for variable in self.dashboard["templating"]["list"]}
        self.assertEqual(set(variables), {"$datasource", "$instance"})
        query = re.fullmatch(r"label_values\((\w+), (\w+)\)", variables["$instance"]["query"]["query"])
        self.assertIn(query[1], scrape().series)
        self.assertIn(query[2], SCRAPE_LABELS)
        self.assertIn("$instance", VARIABLES)
        for panel, target in self.targets():
            self.assertIn('instance=~"$instance"', target["expr"], panel["title"])
            self.assertEqual(panel["datasource"]["uid"], "${datasource}", panel["title"])

    def test_panels_neither_overlap_nor_share_an_id(self):
        panels = self.dashboard["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        cells = {}
        for panel in panels:
            grid = panel["gridPos"]
            for x in range(grid["x"], grid["x"] + grid["w"]):
                for y in range(grid["y"], grid["y"] + grid["h"]):
                    self.assertLess(x, 24)
                    self.assertNotIn((x, y), cells, f"{panel['title']} overlaps {cells.get((x, y))}")
                    cells[x, y] = panel["title"]

    def test_every_panel_has_a_description(self):
        for panel in self.panels():
            self.assertTrue(panel.get("description"), panel["title"])


class Alerts(unittest.TestCase):
    groups = yaml.safe_load((GRAFANA / "alerts.yaml").read_text())["groups"]

    def rules(self):
        return [rule for group in self.groups for rule in group["rules"]]

    def test_the_file_is_a_valid_prometheus_rule_file(self):
        self.assertEqual(len({group["name"] for group in self.groups}), len(self.groups))
        for group in self.groups:
            self.assertLessEqual(set(group), {"name", "interval", "rules"})
        for rule in self.rules():
            self.assertEqual(set(rule) - {"for"}, {"alert", "expr", "labels", "annotations"}, rule)
            self.assertRegex(rule["alert"], r"^JwtAuthorizer[A-Za-z]+$")
            self.assertIn(rule["labels"]["severity"], {"critical", "warning"})
            self.assertEqual(set(rule["annotations"]), {"summary", "description"})
            promql_parser.parse_duration(rule.get("for", "1m"))

    def test_every_alert_finds_its_series(self):
        for rule in self.rules():
            with self.subTest(alert=rule["alert"]):
                self.assertEqual(list(errors(rule["expr"], scrape(), REASONS)), [])

    def test_every_alert_has_a_threshold(self):
        comparisons = {">", "<", ">=", "<=", "==", "!="}
        for rule in self.rules():
            tree = promql_parser.parse(rule["expr"])
            operators = []

            def visit(node, operators=operators):
                if isinstance(node, promql_parser.BinaryExpr):
                    operators.append(str(node.op))

            promql_parser.walk(tree, visit)
            self.assertTrue(comparisons & set(operators), rule["alert"])

    def test_annotations_name_labels_that_the_alert_keeps(self):
        for rule in self.rules():
            texts = " ".join(rule["annotations"].values())
            named = set(re.findall(r"{{ \$labels\.(\w+) }}", texts))
            rest = re.sub(r"{{ (\$labels\.\w+|\$value \| \w+) }}", "", texts)
            with self.subTest(alert=rule["alert"]):
                self.assertNotIn("{{", rest)
                self.assertLessEqual(named, parse(rule["expr"]).groups)

    def test_the_page_describes_every_alert(self):
        for rule in self.rules():
            self.assertTrue(f"`{rule['alert']}`" in PAGE, rule["alert"])


class Page(unittest.TestCase):
    def test_the_table_of_metrics_has_every_series_with_its_type_and_labels(self):
        rows = re.findall(r"^\| `(\w+)` \| (counter|gauge) \| ([^|]+) \|", PAGE, re.MULTILINE)
        documented = {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
        ours = {
            name: (kind, scrape().labels(name)) for name, kind in scrape().kinds.items() if name.startswith("jwt_")
        }
        self.assertEqual({name: documented.get(name) for name in ours}, ours)
        for name in set(documented) - set(ours):
            self.assertIn(name, scrape().series)
