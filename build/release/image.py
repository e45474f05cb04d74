"""The module as an OCI image layout, in a format that Istio and Envoy Gateway can load.

Of the formats that they load this is "compat", since other tools for images can read it too: the last layer is gzipped
and has `plugin.wasm` at its root (https://github.com/solo-io/wasm/blob/master/spec/spec-compat.md).
"""

import gzip
import hashlib
import io
import json
import tarfile
from datetime import datetime, timezone

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def write(layout, module, package, tag, revision, time):
    """Writes the layout and returns the image's digest."""
    blobs = layout / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    annotations = {
        "module.wasm.image/variant": "compat",
        "org.opencontainers.image.created": datetime.fromtimestamp(time, timezone.utc).isoformat(),
        "org.opencontainers.image.description": package["description"],
        "org.opencontainers.image.licenses": package["license"],
        "org.opencontainers.image.revision": revision,
        "org.opencontainers.image.title": package["name"],
        "org.opencontainers.image.version": package["version"],
    }
    plain = archive(module.read_bytes())
    layer = store(blobs, LAYER, gzip.compress(plain, mtime=0))
    config = {
        # The platform that most tools pull by default; the module runs on any.
        "architecture": "amd64",
        "os": "linux",
        "created": annotations["org.opencontainers.image.created"],
        "config": {"Labels": annotations},
        "rootfs": {"type": "layers", "diff_ids": [digest(plain)]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": store(blobs, CONFIG, encode(config)),
        "layers": [layer],
        "annotations": annotations,
    }
    image = store(blobs, MANIFEST, encode(manifest))
    image["annotations"] = {"org.opencontainers.image.ref.name": tag}
    (layout / "index.json").write_bytes(encode({"schemaVersion": 2, "manifests": [image]}))
    (layout / "oci-layout").write_bytes(encode({"imageLayoutVersion": "1.0.0"}))
    return image["digest"]


def archive(module):
    """A tar archive with only the module. The same module gives the same bytes."""
    entry = tarfile.TarInfo("plugin.wasm")
    entry.size, entry.mode = len(module), 0o644
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        tar.addfile(entry, io.BytesIO(module))
    return packed.getvalue()


def store(blobs, media_type, content):
    """Writes a blob under its digest, and returns its descriptor."""
    name = digest(content)
    (blobs / name.removeprefix("sha256:")).write_bytes(content)
    return {"mediaType": media_type, "digest": name, "size": len(content)}


def digest(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def encode(value):
    return json.dumps(value, separators=(",", ":")).encode()
