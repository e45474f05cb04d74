"""The issuer of the manifests' policy: its key set, over TLS or plain HTTP, and its tokens. It counts the fetches, and can
delay its responses.
"""

import datetime
import ssl
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from demo.servers import Handler, Server
from joserfc import jwt
from joserfc.jwk import RSAKey

HOST = "cognito-idp.us-east-1.amazonaws.com"
POOL = "us-east-1_EXAMPLE"
URL = f"https://{HOST}/{POOL}"
READ = "https://api.example.com/read"


class Keys(Handler):
    def do_GET(self):
        self.server.fetches += 1
        self.server.released.wait(30)
        if self.path == f"/{POOL}/.well-known/jwks.json" and self.headers["host"] == HOST:
            self.reply(200, {"keys": [self.server.key.as_dict(private=False)]})
        else:
            self.reply(404)


class Issuer(Server):
    """`host` is the name in its certificate. Without it the issuer uses plain HTTP."""

    def __init__(self, directory=None, host=None):
        super().__init__(("127.0.0.1", 0), Keys)
        self.key = RSAKey.generate_key(2048, {"kid": "key-1", "use": "sig", "alg": "RS256"})
        self.fetches, self.released = 0, threading.Event()
        self.released.set()
        if host:
            self.authority = directory / f"{host}.pem"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate(self.authority, host))
            self.socket = context.wrap_socket(self.socket, server_side=True)

    def token(self, **claims):
        now = int(time.time())
        default = {
            "iss": URL,
            "sub": "alice",
            "client_id": "WEB_CLIENT_ID",
            "token_use": "access",
            "scope": READ,
            "iat": now,
            "exp": now + 600,
        }
        return jwt.encode({"alg": "RS256", "kid": "key-1"}, default | claims, self.key)


def certificate(path, host):
    """A self-signed certificate with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now, day = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(days=1)
    names = x509.SubjectAlternativeName([x509.DNSName(host)])
    basic = x509.BasicConstraints(ca=True, path_length=None)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)
    signed = builder.add_extension(names, False).add_extension(basic, True).sign(key, hashes.SHA256())
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + signed.public_bytes(serialization.Encoding.PEM))
    return path
