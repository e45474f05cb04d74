"""Example requests for each rule of the policy, with the rule's requirements in words."""

import json

from ..users import USERS

# Values for a route's path variables.
EXAMPLES = {"{name}": list(USERS), "{proxy+}": ["reports"]}
# A request that no rule covers.
NO_RULE = "GET /secrets"


def routes(policy):
    found = [(request, needs(rule)) for rule in policy["rules"] for request in requests(rule["route"])]
    found.append((NO_RULE, f"no rule: {policy.get('default', 'deny')}"))
    return [dict(zip(("method", "path"), request.split(" ", 1)), needs=text) for request, text in found]


def requests(route):
    """Requests that the route covers; none if EXAMPLES has no value for one of its variables."""
    found = [route.replace("ANY ", "GET ")]
    for variable, values in EXAMPLES.items():
        found = [request.replace(variable, value) for request in found for value in (values if variable in request else [""])]
    return [request for request in found if " /" in request and "{" not in request]


def needs(rule):
    if (access := rule.get("access", "authenticated")) != "authenticated":
        return {"optional": "no token, or a valid one", "deny": "always refused"}.get(access, access)
    parts = [alternatives(kind, rule[f"{kind}s"]) for kind in ("scope", "group") if f"{kind}s" in rule]
    if "require" in rule:
        parts.append(requirement(rule["require"]))
    return " and ".join(parts) or "any valid token"


def alternatives(kind, names):
    if isinstance(names, dict):
        return f"{kind} {' and '.join(map(short, names['all']))}"
    return f"{kind} {' or '.join(map(short, names))}"


def requirement(tree):
    match tree:
        case {"any_of": parts}:
            return " or ".join(map(requirement, parts))
        case {"all_of": parts}:
            return " and ".join(map(requirement, parts))
        case {"not": part}:
            return f"not {requirement(part)}"
        case {"scope": name}:
            return f"scope {short(name)}"
        case {"group": name}:
            return f"group {name}"
        case {"claim": claim, "equals_path": variable}:
            return f"{claim if isinstance(claim, str) else '.'.join(claim)} = {{{variable}}}"
    return json.dumps(tree)


def short(scope):
    """The last part of a scope's name: the name within the resource server."""
    return scope.rsplit("/", 1)[-1]
