"""The pool that Terraform made: its people, its tokens, and what its parts are set to.

People sign in with AWS's own client, and those tokens are as the emulator issues them. It has neither the domain's token
endpoint nor does it call triggers; for tokens of that kind the test does what Cognito does there and signs with the key
of the emulated pool.
"""

import time
import uuid

from demo.cognito import Tokens, client
from joserfc import jwt
from moto.cognitoidp.models import cognitoidp_backends

from .trigger import claims_of, event

PASSWORD = "Correct-Horse-7"
# Groups, and the attributes that an administrator gives them.
PEOPLE = {
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
        for name, (groups, attributes) in PEOPLE.items():
            self.welcome(f"{name}@example.com", groups, attributes)
        self.header = jwt.decode(self.sign_in("ada").access, self.key).header
        self.other = self.api.create_user_pool_client(
            UserPoolId=self.id, ClientName="another", ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
        )["UserPoolClient"]["ClientId"]

    def welcome(self, email, groups, attributes):
        person = {"UserPoolId": self.id, "Username": email}
        given = [{"Name": name, "Value": value} for name, value in {"email": email, **attributes}.items()]
        self.api.admin_create_user(**person, UserAttributes=given, MessageAction="SUPPRESS")
        self.api.admin_set_user_password(**person, Password=PASSWORD, Permanent=True)
        for group in groups:
            self.api.admin_add_user_to_group(**person, GroupName=group)

    def sign_in(self, name, client_id=None):
        """Tokens as they are issued for a sign-in in a shell: no scopes of the API's."""
        answer = self.api.admin_initiate_auth(
            UserPoolId=self.id,
            ClientId=client_id or self.web,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": f"{name}@example.com", "PASSWORD": PASSWORD},
        )["AuthenticationResult"]
        return Tokens(answer["AccessToken"], answer["IdToken"])

    def authorize(self, name, *scopes):
        """The access token of a sign-in at the domain: with the scopes that the app asked for, and the trigger's claims."""
        claims = jwt.decode(self.sign_in(name).access, self.key).claims
        scopes = ["openid", *(self.scopes[scope] for scope in scopes)]
        found = self.api.admin_get_user(UserPoolId=self.id, Username=f"{name}@example.com")["UserAttributes"]
        attributes = {attribute["Name"]: attribute["Value"] for attribute in found}
        asked = event(attributes, claims.get("cognito:groups", ()), scopes, self.web, self.id)
        claims |= {"scope": " ".join(scopes)} | claims_of(self.handler(asked, None))
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
