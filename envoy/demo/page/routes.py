"""What there is to ask for: an example of a request for each rule of the policy, and what the rule needs, in words."""

import json

from ..cognito import USERS

# What stands in the place of a route's variables.
EXAMPLES = {"{name}": list(USERS), "{proxy+}": ["reports"]}
UNRULED = "GET /secrets"


def routes(policy):
    listed = [(request, needs(rule)) for rule in policy["rules"] for request in requests(rule["route"])]
    listed.append((UNRULED, f"no rule: {policy.get('default', 'deny')}"))
    return [dict(zip(("method", "path"), request.split(" ", 1)), needs=words) for request, words in listed]


def requests(route):
    """Requests that the route covers; none if it has variables that there is no example for."""
    found = [route.replace("ANY ", "GET ")]
    for variable, values in EXAMPLES.items():
        found = [request.replace(variable, value) for request in found for value in (values if variable in request else [""])]
    return [request for request in found if " /" in request and "{" not in request]


def needs(rule):
    if (access := rule.get("access", "authenticated")) != "authenticated":
        return {"optional": "a token, or none", "deny": "nobody"}.get(access, access)
    parts = [listed(kind, rule[f"{kind}s"]) for kind in ("scope", "group") if f"{kind}s" in rule]
    if "require" in rule:
        parts.append(requirement(rule["require"]))
    return " and ".join(parts) or "any valid token"


def listed(kind, names):
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
        case {"claim": claim, "equals_path": _}:
            return f"own {claim}" if isinstance(claim, str) else f"own {'.'.join(claim)}"
    return json.dumps(tree)


def short(scope):
    """The last part of a scope's name: what a resource server calls it."""
    return scope.rsplit("/", 1)[-1]
