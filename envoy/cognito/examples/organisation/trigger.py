"""Adds to a person's access token which organisation they belong to and what it pays for.

Cognito calls this before it signs the tokens of a sign-in or a refresh (event version 2). What an administrator wrote
into the attributes custom:org_id and custom:org_tier becomes the claims org_id and org_tier. Where an attribute is
missing there is no claim, and rules that ask for it refuse.
"""

CLAIMS = ("org_id", "org_tier")


def handler(event, context):
    attributes = event["request"].get("userAttributes") or {}
    claims = {claim: attributes[f"custom:{claim}"] for claim in CLAIMS if attributes.get(f"custom:{claim}")}
    event["response"] = {
        "claimsAndScopeOverrideDetails": {
            "accessTokenGeneration": {"claimsToAddOrOverride": claims},
        },
    }
    return event
