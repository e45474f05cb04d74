"""The settings of the pool and its clients, read back through the API."""

CUSTOM_ATTRIBUTES = {"custom:org_id", "custom:org_tier"}


def mismatches(pool, cognito):
    return [setting for setting, holds in settings(pool, cognito) if not holds]


def settings(pool, cognito):
    user_pool = pool.api.describe_user_pool(UserPoolId=pool.id)["UserPool"]
    web, machine = (
        pool.api.describe_user_pool_client(UserPoolId=pool.id, ClientId=client_id)["UserPoolClient"]
        for client_id in (pool.web, pool.machine)
    )
    trigger = user_pool["LambdaConfig"]["PreTokenGenerationConfig"]
    yield "the trigger gets events of version 2", trigger["LambdaVersion"] == "V2_0"
    attributes = {attribute["Name"] for attribute in user_pool["SchemaAttributes"]}
    yield "the pool has the attributes", CUSTOM_ATTRIBUTES <= attributes
    yield "the pool is protected from deletion", user_pool["DeletionProtection"] == "ACTIVE"
    yield "the web client has no secret", "ClientSecret" not in web
    yield "the web client has the authorization code flow only", web["AllowedOAuthFlows"] == ["code"]
    writable = set(web["WriteAttributes"])
    yield "no user can write an attribute that becomes a claim", writable and not CUSTOM_ATTRIBUTES & writable
    yield "the machine client has a secret", machine["ClientSecret"] == cognito["machine_client_secret"]
    yield "the machine client has client credentials only", machine["AllowedOAuthFlows"] == ["client_credentials"]
    yield "the machine client has its scope only", machine["AllowedOAuthScopes"] == ["https://api.example.com/read"]
    yield "no user can sign in with the machine client", machine["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]
    host = "https://acme-api.auth.eu-central-1.amazoncognito.com"
    yield "the token endpoint is at the domain", cognito["token_endpoint"] == f"{host}/oauth2/token"
    yield "the authorization endpoint is at the domain", cognito["authorization_endpoint"] == f"{host}/oauth2/authorize"
    issuer = f"https://cognito-idp.eu-central-1.amazonaws.com/{pool.id}"
    yield "the issuer is the pool's", cognito["issuer"] == issuer
    yield "the key set is at the issuer", cognito["jwks_uri"] == f"{issuer}/.well-known/jwks.json"
