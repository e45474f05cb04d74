"""Keys, key sets and tokens, all made before anything is measured."""

import base64
import json
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

AUDIENCE = "https://api.example.com"
SCOPE = "https://api.example.com/read"
LIFETIME = 24 * 3600


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def encode_number(number, length):
    return encode(number.to_bytes(length, "big"))


def der(private):
    return private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def protobuf(*fields):
    """A message of these bytes, numbered from 1."""
    message = b""
    for number, value in enumerate(fields, 1):
        message += bytes([number << 3 | 2])
        length = len(value)
        while length >= 0x80:
            message += bytes([length & 0x7F | 0x80])
            length >>= 7
        message += bytes([length]) + value
    return message


class RsaKey:
    def __init__(self, algorithm):
        self.private = rsa.generate_private_key(65537, 2048)
        self.padding = (
            padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256().digest_size)
            if algorithm == "PS256"
            else padding.PKCS1v15()
        )

    def sign(self, message):
        return self.private.sign(message, self.padding, hashes.SHA256())

    def signed_message(self, message):
        return protobuf(b"sha256", der(self.private), self.sign(message), message)

    def jwk(self):
        numbers = self.private.public_key().public_numbers()
        return {"kty": "RSA", "n": encode_number(numbers.n, 256), "e": encode_number(numbers.e, 3)}


class P256Key:
    def __init__(self):
        self.private = ec.generate_private_key(ec.SECP256R1())

    def sign(self, message):
        r, s = utils.decode_dss_signature(self.private.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def signed_message(self, message):
        return protobuf(b"sha256", der(self.private), self.private.sign(message, ec.ECDSA(hashes.SHA256())), message)

    def jwk(self):
        numbers = self.private.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "x": encode_number(numbers.x, 32), "y": encode_number(numbers.y, 32)}


class Ed25519Key:
    def __init__(self):
        self.private = ed25519.Ed25519PrivateKey.generate()

    def sign(self, message):
        return self.private.sign(message)

    def jwk(self):
        return {"kty": "OKP", "crv": "Ed25519", "x": encode(self.private.public_key().public_bytes_raw())}


class Issuers:
    """Any number of issuers, all with the same four keys: different keys would not change what a request costs."""

    def __init__(self):
        self.keys = {
            "RS256": RsaKey("RS256"),
            "PS256": RsaKey("PS256"),
            "ES256": P256Key(),
            "EdDSA": Ed25519Key(),
        }
        self.now = int(time.time())

    @staticmethod
    def url(index):
        return f"https://issuer-{index}.example.com/"

    def jwks(self):
        return {"keys": [key.jwk() | {"kid": name, "alg": name, "use": "sig"} for name, key in self.keys.items()]}

    def pem(self, algorithm):
        public = self.keys[algorithm].private.public_key()
        return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def signed_messages(self, algorithm, count=64):
        """Arguments of Envoy's `verify_signature` for tokens of 1 KB, each behind its length in 32 bits. There are several
        because a processor learns to predict the branches of one signature."""
        tokens = (self.token(algorithm, serial=serial) for serial in range(count))
        messages = [self.keys[algorithm].signed_message(token.rsplit(".", 1)[0].encode()) for token in tokens]
        return b"".join(len(message).to_bytes(4, "little") + message for message in messages)

    def token(self, algorithm="RS256", size=1024, issuer=0, serial=0, age=60):
        """A token of about `size` bytes, `age` seconds old; `serial` makes it differ from every other."""
        header = {"alg": algorithm, "kid": algorithm, "typ": "at+jwt"}
        claims = {
            "iss": self.url(issuer),
            "sub": f"user-{serial:08}",
            "aud": AUDIENCE,
            "client_id": "web-client-id",
            "scope": f"openid {SCOPE} https://api.example.com/write",
            "groups": ["developers", "on-call"],
            "iat": self.now - age,
            "exp": self.now - age + LIFETIME,
            "jti": f"{serial:08}-5f1c-4d2e-9a53-0f1be0a7c9d1",
            "permissions": [],
        }
        signature_length = 342 if algorithm in ("RS256", "PS256") else 86
        missing = size - signature_length - len(unsigned(header, claims)) - 1
        # A permission takes 23 bytes of JSON with its quotes and comma, 31 of base64.
        claims["permissions"] = [f"resource-{index:05}:write" for index in range(max(0, missing) // 31)]
        message = unsigned(header, claims)
        return f"{message}.{encode(self.keys[algorithm].sign(message.encode()))}"


def unsigned(header, claims):
    return ".".join(encode(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
