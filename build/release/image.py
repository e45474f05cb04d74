"""The module as an OCI image layout, in the form that Istio's and Envoy Gateway's loaders share.

Of the forms that they read it is the "compat" one, since everything else that handles images reads it too: one gzipped
layer, last of all, with `plugin.wasm` at its root (https://github.com/solo-io/wasm/blob/master/spec/spec-compat.md).
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
    """Writes the layout and returns the image's digest, by which it is pulled."""
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
        # What pullers ask for if nobody tells them; the module itself runs on any.
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
    """A tar archive with nothing but the module, the same for the same module."""
    entry = tarfile.TarInfo("plugin.wasm")
    entry.size, entry.mode = len(module), 0o644
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        tar.addfile(entry, io.BytesIO(module))
    return packed.getvalue()


def store(blobs, media_type, content):
    """Puts content where its digest says, and describes it."""
    named = digest(content)
    (blobs / named.removeprefix("sha256:")).write_bytes(content)
    return {"mediaType": media_type, "digest": named, "size": len(content)}


def digest(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def encode(value):
    return json.dumps(value, separators=(",", ":")).encode()
