"""The Cognito user pool: created and asked for tokens by the same API calls as in AWS."""

import os
from dataclasses import dataclass

import boto3
from botocore.config import Config

from .machines import SCOPES
from .users import GROUP, PASSWORD, USERS
REGION = "us-east-1"
POOL = "jwt-authorizer-demo"
RESOURCE_SERVER = "https://api.example.com"
# Only WEB is an audience in the policy.
WEB, OTHER_APP = "web", "another-app"


@dataclass(frozen=True)
class TokenSet:
    access: str
    id: str


class Cognito:
    """The pool at an endpoint; it is created if no pool has its name."""

    def __init__(self, endpoint):
        self.client = client(endpoint)
        self.pool_id = self.find(self.client.list_user_pools, "UserPools", POOL) or self.create_pool()
        self.client_ids = {
            name: self.find(self.client.list_user_pool_clients, "UserPoolClients", name, "ClientId", "ClientName")
            or self.create_client(name)
            for name in (WEB, OTHER_APP)
        }

    def find(self, listing, kind, name, id_field="Id", name_field="Name"):
        arguments = {"UserPoolId": self.pool_id} if kind == "UserPoolClients" else {}
        found = listing(MaxResults=60, **arguments)[kind]
        return next((item[id_field] for item in found if item[name_field] == name), None)

    def create_pool(self):
        pool_id = self.client.create_user_pool(PoolName=POOL)["UserPool"]["Id"]
        pool = {"UserPoolId": pool_id}
        scopes = [scope.removeprefix(f"{RESOURCE_SERVER}/") for scope in SCOPES]
        self.client.create_resource_server(
            **pool,
            Identifier=RESOURCE_SERVER,
            Name="items",
            Scopes=[{"ScopeName": scope, "ScopeDescription": scope} for scope in scopes],
        )
        self.client.create_group(**pool, GroupName=GROUP)
        for user, groups in USERS.items():
            self.client.admin_create_user(**pool, Username=user, MessageAction="SUPPRESS")
            self.client.admin_set_user_password(**pool, Username=user, Password=PASSWORD, Permanent=True)
            for group in groups:
                self.client.admin_add_user_to_group(**pool, Username=user, GroupName=group)
        return pool_id

    def create_client(self, name):
        response = self.client.create_user_pool_client(
            UserPoolId=self.pool_id,
            ClientName=name,
            ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        )
        return response["UserPoolClient"]["ClientId"]

    def sign_in(self, user, app=WEB, password=PASSWORD):
        response = self.client.initiate_auth(
            ClientId=self.client_ids[app],
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": user, "PASSWORD": password},
        )["AuthenticationResult"]
        return TokenSet(response["AccessToken"], response["IdToken"])


def client(endpoint, region=REGION):
    # The environment may name AWS profiles, endpoints and proxies; the demo must not use them.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
    return boto3.client(
        "cognito-idp",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="demo",
        aws_secret_access_key="demo",
        config=Config(proxies={}, connect_timeout=5, read_timeout=30),
    )
