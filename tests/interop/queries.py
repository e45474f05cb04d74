"""PromQL, taken apart: which series an expression asks for, and which labels it relies on."""

import re
from dataclasses import dataclass

import promql_parser

# What Prometheus itself puts on every series that it scrapes.
SCRAPED = {"instance", "job"}
# What Grafana puts in before it asks.
VARIABLES = {"$__rate_interval": "5m", "$__range": "1h", "$instance": ".*"}


@dataclass(frozen=True)
class Selector:
    name: str
    matchers: tuple


@dataclass(frozen=True)
class Query:
    selectors: tuple
    # By which labels the outermost aggregation groups.
    groups: frozenset


def parse(text):
    for variable, value in VARIABLES.items():
        text = text.replace(variable, value)
    if "$" in text:
        raise AssertionError(f"a variable is unknown: {text}")
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


def faults(text, scrape, reasons):
    """What is asked for in vain."""
    query = parse(text)
    has = [scrape.labels(selector.name) for selector in query.selectors if selector.name in scrape.series]
    for selector in query.selectors:
        if selector.name not in scrape.series:
            yield f"no series {selector.name}"
            continue
        labels = scrape.labels(selector.name) | SCRAPED
        for label, value in selector.matchers:
            if label not in labels:
                yield f"{selector.name} has no label {label}"
            if label == "reason" and not set(value.split("|")) <= reasons:
                yield f"not all of {value} are reasons"
    for label in query.groups - SCRAPED.union(*has):
        yield f"nothing has the label {label}"


def documented_reasons(page):
    """The codes in the page's table of reasons, with their statuses."""
    return dict(re.findall(r"^\| `(\w+)` \| (\d{3}|—) \|", page, re.MULTILINE))
