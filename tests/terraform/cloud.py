"""The emulated AWS: over HTTP for Terraform; over TLS, with a certificate for Cognito's host name, for Envoy."""

import datetime
import logging
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server


class Cloud:
    """All its servers have the same pools, since the emulator keeps them in this process."""

    def __init__(self, stack):
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.stack = stack
        self.application = DomainDispatcherApplication(create_backend_app)
        self.endpoint = f"http://{self.serve()}"

    def serve_as(self, name, authority, directory):
        """Serves over TLS as the host `name`."""
        return self.serve(ssl_context=authority.certify(name, directory))

    def serve(self, **options):
        server = make_server(
            "127.0.0.1", 0, self.application, threaded=True, request_handler=MotoRequestHandler, **options
        )
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.stack.callback(server.shutdown)
        return "{}:{}".format(*server.server_address[:2])


class Authority:
    """A certification authority for the test; its certificate is written to `path`."""

    def __init__(self, path):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = common_name("The test's authority")
        usage = x509.BasicConstraints(ca=True, path_length=0)
        path.write_bytes(pem(self.sign(self.name, self.key, usage)))

    def certify(self, name, directory):
        key = ec.generate_private_key(ec.SECP256R1())
        certificate, private = directory / f"{name}.pem", directory / f"{name}.key"
        certificate.write_bytes(pem(self.sign(common_name(name), key, x509.SubjectAlternativeName([x509.DNSName(name)]))))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return str(certificate), str(private)

    def sign(self, subject, key, extension):
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = x509.CertificateBuilder(self.name, subject, key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1))
        return builder.add_extension(extension, critical=True).sign(self.key, hashes.SHA256())


def common_name(name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)
