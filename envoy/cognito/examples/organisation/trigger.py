"""Adds a user's organisation and its tier to the access token.

Cognito calls this before it signs the tokens of a sign-in or a refresh (event version 2). The attributes custom:org_id
and custom:org_tier, which an administrator sets, become the claims org_id and org_tier. A missing attribute gives no
claim, and rules that require the claim refuse the token.
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
