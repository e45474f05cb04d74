"""The pool that Terraform created: its users and their tokens.

Users sign in with AWS's own client, and the emulator issues those tokens. It has no token endpoint at the domain and
calls no triggers. For tokens that need these, the test does what Cognito does, and signs with the emulated pool's key.
"""

import time
import uuid

from demo.cognito import TokenSet, client
from joserfc import jwt
from moto.cognitoidp.models import cognitoidp_backends

from .trigger import claims_of, event

PASSWORD = "Correct-Horse-7"
# The groups of each user, and the attributes that an administrator sets.
USERS = {
    "ada": (["admin"], {}),
    "ben": ([], {"custom:org_id": "acme", "custom:org_tier": "free"}),
    "cleo": ([], {"custom:org_id": "globex", "custom:org_tier": "pro"}),
    "dan": (["support"], {}),
}


class Pool:
    def __init__(self, cloud, cognito, handler):
        self.id, self.web, self.machine = (cognito[name] for name in ("user_pool_id", "web_client_id", "machine_client_id"))
        self.issuer, self.scopes, self.handler = cognito["issuer"], cognito["scopes"], handler
        region = self.id.split("_")[0]
        self.api = client(cloud.endpoint, region)
        [backend] = [account[region] for account in cognitoidp_backends.values() if self.id in account[region].user_pools]
        self.key = backend.user_pools[self.id].json_web_key
        for name, (groups, attributes) in USERS.items():
            self.create_user(f"{name}@example.com", groups, attributes)
        self.header = jwt.decode(self.sign_in("ada").access, self.key).header
        self.other = self.api.create_user_pool_client(
            UserPoolId=self.id, ClientName="another", ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
        )["UserPoolClient"]["ClientId"]

    def create_user(self, email, groups, attributes):
        user = {"UserPoolId": self.id, "Username": email}
        user_attributes = [{"Name": name, "Value": value} for name, value in {"email": email, **attributes}.items()]
        self.api.admin_create_user(**user, UserAttributes=user_attributes, MessageAction="SUPPRESS")
        self.api.admin_set_user_password(**user, Password=PASSWORD, Permanent=True)
        for group in groups:
            self.api.admin_add_user_to_group(**user, GroupName=group)

    def sign_in(self, name, client_id=None):
        """Tokens of a sign-in without the domain. They have none of the API's scopes."""
        response = self.api.admin_initiate_auth(
            UserPoolId=self.id,
            ClientId=client_id or self.web,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": f"{name}@example.com", "PASSWORD": PASSWORD},
        )["AuthenticationResult"]
        return TokenSet(response["AccessToken"], response["IdToken"])

    def authorize(self, name, *scopes):
        """The access token of a sign-in at the domain, with the scopes that the app requested and the trigger's claims."""
        claims = jwt.decode(self.sign_in(name).access, self.key).claims
        scopes = ["openid", *(self.scopes[scope] for scope in scopes)]
        found = self.api.admin_get_user(UserPoolId=self.id, Username=f"{name}@example.com")["UserAttributes"]
        attributes = {attribute["Name"]: attribute["Value"] for attribute in found}
        trigger_event = event(attributes, claims.get("cognito:groups", ()), scopes, self.web, self.id)
        claims |= {"scope": " ".join(scopes)} | claims_of(self.handler(trigger_event, None))
        return self.sign(claims)

    def credentials(self, *scopes):
        """The machine's access token, which has no `aud`."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": self.machine,
            "client_id": self.machine,
            "token_use": "access",
            "scope": " ".join(self.scopes[scope] for scope in scopes),
            "auth_time": now,
            "iat": now,
            "exp": now + 3600,
            "version": 2,
            "jti": str(uuid.uuid4()),
        }
        return self.sign(claims)

    def sign(self, claims):
        return jwt.encode(self.header, claims, self.key)
