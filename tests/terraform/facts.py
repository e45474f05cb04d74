"""What the pool and its clients are set to, read back by the API."""

OWN = {"custom:org_id", "custom:org_tier"}


def surprises(pool, cognito):
    for title, fact in facts(pool, cognito):
        if not fact:
            yield title


def facts(pool, cognito):
    made = pool.api.describe_user_pool(UserPoolId=pool.id)["UserPool"]
    web, machine = (
        pool.api.describe_user_pool_client(UserPoolId=pool.id, ClientId=one)["UserPoolClient"]
        for one in (pool.web, pool.machine)
    )
    trigger = made["LambdaConfig"]["PreTokenGenerationConfig"]
    yield "the trigger gets events of version 2", trigger["LambdaVersion"] == "V2_0"
    yield "the pool has the attributes", OWN <= {attribute["Name"] for attribute in made["SchemaAttributes"]}
    yield "the pool is protected from deletion", made["DeletionProtection"] == "ACTIVE"
    yield "the web client has no secret", "ClientSecret" not in web
    yield "the web client gets codes", web["AllowedOAuthFlows"] == ["code"]
    yield "no person can write what becomes a claim", web["WriteAttributes"] and not OWN & set(web["WriteAttributes"])
    yield "the machine client has a secret", machine["ClientSecret"] == cognito["machine_client_secret"]
    yield "the machine client has client credentials only", machine["AllowedOAuthFlows"] == ["client_credentials"]
    yield "the machine client gets its scope only", machine["AllowedOAuthScopes"] == ["https://api.example.com/read"]
    yield "no user signs in as the machine", machine["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]
    host = "https://acme-api.auth.eu-central-1.amazoncognito.com"
    yield "the token endpoint is the domain's", cognito["token_endpoint"] == f"{host}/oauth2/token"
    yield "the sign-in is the domain's", cognito["authorization_endpoint"] == f"{host}/oauth2/authorize"
    issuer = f"https://cognito-idp.eu-central-1.amazonaws.com/{pool.id}"
    yield "the issuer is the pool's", cognito["issuer"] == issuer
    yield "the key set is the issuer's", cognito["jwks_uri"] == f"{issuer}/.well-known/jwks.json"
