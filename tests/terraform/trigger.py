"""The example's Lambda function, called as Cognito calls it, with an event of version 2."""

import copy
import importlib.util

ATTRIBUTES = {"sub": "11111111-2222-3333-4444-555555555555", "email": "ben@example.com", "email_verified": "true"}
SIGN_IN = ("aws.cognito.signin.user.admin",)


def event(attributes, groups=(), scopes=SIGN_IN, client="1example23456789", pool="us-east-1_EXAMPLE"):
    """The fields of AWS's developer guide, "Pre token generation Lambda trigger"."""
    return {
        "version": "2",
        "triggerSource": "TokenGeneration_HostedAuth",
        "region": pool.split("_")[0],
        "userPoolId": pool,
        "userName": attributes["sub"],
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": client},
        "request": {
            "userAttributes": {"cognito:user_status": "CONFIRMED", **attributes},
            "groupConfiguration": {"groupsToOverride": list(groups), "iamRolesToOverride": [], "preferredRole": None},
            "scopes": list(scopes),
        },
        "response": {"claimsAndScopeOverrideDetails": None},
    }


def handler(path):
    specification = importlib.util.spec_from_file_location("trigger", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module.handler


CASES = [
    ("both attributes", {"custom:org_id": "acme", "custom:org_tier": "pro"}, {"org_id": "acme", "org_tier": "pro"}),
    ("one of them", {"custom:org_id": "acme"}, {"org_id": "acme"}),
    ("one of them empty", {"custom:org_id": "acme", "custom:org_tier": ""}, {"org_id": "acme"}),
    ("neither", {}, {}),
    ("names without the prefix", {"org_id": "acme", "org_tier": "pro"}, {}),
]


def mismatches(path):
    handle = handler(path)
    for title, attributes, claims in CASES:
        request = event(ATTRIBUTES | attributes)
        response = handle(copy.deepcopy(request), None)
        expected = request | {
            "response": {"claimsAndScopeOverrideDetails": {"accessTokenGeneration": {"claimsToAddOrOverride": claims}}}
        }
        if response != expected:
            yield f"{title}: the response is {response}, not {expected}"
    # A user without attributes: no pool has one, but the event's format allows it.
    bare = event(ATTRIBUTES)
    bare["request"]["userAttributes"] = None
    if claims := claims_of(handle(bare, None)):
        yield f"no attributes at all: the claims are {claims}"


def claims_of(response):
    return response["response"]["claimsAndScopeOverrideDetails"]["accessTokenGeneration"]["claimsToAddOrOverride"]
