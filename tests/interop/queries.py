"""Parses PromQL: which series an expression selects, and which labels it uses."""

import re
from dataclasses import dataclass

import promql_parser

# The labels that Prometheus itself adds to every series.
SCRAPE_LABELS = {"instance", "job"}
# The values that Grafana replaces its variables with.
VARIABLES = {"$__rate_interval": "5m", "$__range": "1h", "$instance": ".*"}


@dataclass(frozen=True)
class Selector:
    name: str
    matchers: tuple


@dataclass(frozen=True)
class Query:
    selectors: tuple
    # The labels by which aggregations and comparisons group.
    groups: frozenset


def parse(text):
    for variable, value in VARIABLES.items():
        text = text.replace(variable, value)
    if "$" in text:
        raise AssertionError(f"unknown variable: {text}")
    tree = promql_parser.parse(text)
    selectors, groups = [], []

    def visit(node):
        if isinstance(node, promql_parser.VectorSelector):
            matchers = tuple((matcher.name, matcher.value) for matcher in node.matchers.matchers)
            selectors.append(Selector(node.name, matchers))
        modifier = getattr(node, "modifier", None)
        if isinstance(node, promql_parser.AggregateExpr) and modifier:
            groups.append(frozenset(modifier.labels))
        if isinstance(node, promql_parser.BinaryExpr) and modifier and modifier.matching:
            groups.append(frozenset(modifier.matching.labels))

    promql_parser.walk(tree, visit)
    return Query(tuple(selectors), frozenset().union(*groups))


def errors(text, scrape, reasons):
    """The series, labels and reasons of a query that do not exist."""
    query = parse(text)
    labels_found = [scrape.labels(selector.name) for selector in query.selectors if selector.name in scrape.series]
    for selector in query.selectors:
        if selector.name not in scrape.series:
            yield f"there is no series {selector.name}"
            continue
        labels = scrape.labels(selector.name) | SCRAPE_LABELS
        for label, value in selector.matchers:
            if label not in labels:
                yield f"{selector.name} has no label {label}"
            if label == "reason" and not set(value.split("|")) <= reasons:
                yield f"not all of {value} are reasons"
    for label in query.groups - SCRAPE_LABELS.union(*labels_found):
        yield f"no series has the label {label}"


def documented_reasons(page):
    """The reason codes in the page's table, with their statuses."""
    return dict(re.findall(r"^\| `(\w+)` \| (\d{3}|—) \|", page, re.MULTILINE))
