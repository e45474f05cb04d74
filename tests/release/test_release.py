"""Checks the files of `make release` with independent tools: skopeo for the image, CycloneDX's own schema for the bill of
materials, sha256sum for the checksums."""

import gzip
import io
import json
import re
import subprocess
import tarfile
import tempfile
import unittest
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from release import notes

DIST = Path("dist")
MODULE = DIST / "jwt-authorizer.wasm"
BILL = DIST / "jwt-authorizer.cdx.json"
SUMS = DIST / "SHA256SUMS"
LAYOUT = DIST / "oci"


def run(*command, cwd=None):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=cwd).stdout


class Checksums(unittest.TestCase):
    def test_are_right_for_every_file_of_the_release(self):
        run("sha256sum", "--check", "--strict", "--quiet", SUMS.name, cwd=DIST)
        named = {line.split("  ")[1] for line in SUMS.read_text().splitlines()}
        files = {path.name for path in DIST.iterdir() if path.is_file()}
        self.assertEqual(named, files - {SUMS.name})

    def test_have_the_format_that_control_planes_use(self):
        for line in SUMS.read_text().splitlines():
            self.assertRegex(line, r"\A[0-9a-f]{64}  \S+\Z")


class Image(unittest.TestCase):
    """The steps of Istio's and Envoy Gateway's loaders (pkg/wasm/imagefetcher.go, internal/wasm/imagefetcher.go): one OCI
    manifest, a last layer of exactly this media type, gunzipped, and the first `plugin.wasm` in it."""

    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="jwt-authorizer-")
        cls.addClassCleanup(directory.cleanup)
        cls.pulled = Path(directory.name)
        # Checks the digest of each blob, as a pull from a registry does.
        run("skopeo", "copy", "--quiet", f"oci:{LAYOUT}", f"dir:{cls.pulled}")
        cls.manifest = json.loads((cls.pulled / "manifest.json").read_text())

    def blob(self, descriptor):
        return (self.pulled / descriptor["digest"].removeprefix("sha256:")).read_bytes()

    def test_is_a_single_image_and_not_an_index(self):
        index = json.loads((LAYOUT / "index.json").read_text())
        (image,) = index["manifests"]
        self.assertEqual(image["mediaType"], "application/vnd.oci.image.manifest.v1+json")
        self.assertEqual(self.manifest["mediaType"], image["mediaType"])

    def test_has_the_module_in_its_last_layer(self):
        layer = self.manifest["layers"][-1]
        self.assertEqual(layer["mediaType"], "application/vnd.oci.image.layer.v1.tar+gzip")
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(self.blob(layer)))) as archive:
            self.assertEqual(archive.getnames(), ["plugin.wasm"])
            self.assertEqual(archive.extractfile("plugin.wasm").read(), MODULE.read_bytes())

    def test_has_the_labels_of_the_release(self):
        inspected = json.loads(run("skopeo", "inspect", f"oci:{LAYOUT}"))
        self.assertEqual((inspected["Os"], inspected["Architecture"]), ("linux", "amd64"))
        self.assertEqual(self.manifest["annotations"]["module.wasm.image/variant"], "compat")
        version = json.loads(BILL.read_text())["metadata"]["component"]["version"]
        self.assertEqual(inspected["Labels"]["org.opencontainers.image.version"], version)
        self.assertEqual(inspected["Labels"]["org.opencontainers.image.revision"], run("git", "rev-parse", "HEAD").strip())

    def test_has_its_digest_in_the_notes(self):
        inspected = json.loads(run("skopeo", "inspect", f"oci:{LAYOUT}"))
        self.assertIn(inspected["Digest"], (DIST / "RELEASE_NOTES.md").read_text())


class BillOfMaterials(unittest.TestCase):
    def setUp(self):
        self.text = BILL.read_text()
        self.bill = json.loads(self.text)

    def test_is_valid_cyclonedx(self):
        self.assertIsNone(JsonStrictValidator(SchemaVersion.V1_5).validate_str(self.text))

    def test_lists_exactly_the_crates_that_the_module_is_built_from(self):
        tree = ["cargo", "tree", "--locked", "--target", "wasm32-wasip1", "--edges", "normal", "--prefix", "none"]
        built = set(re.findall(r"^(\S+) v(\S+)", run(*tree), re.MULTILINE))
        subject = self.bill["metadata"]["component"]
        listed = {(component["name"], component["version"]) for component in (subject, *self.bill["components"])}
        self.assertEqual(listed, built)

    def test_excludes_macros_from_the_scope(self):
        scopes = {component["name"]: component["scope"] for component in self.bill["components"]}
        self.assertEqual((scopes["serde_derive"], scopes["syn"]), ("excluded", "excluded"))
        self.assertEqual((scopes["serde"], scopes["proxy-wasm"]), ("required", "required"))

    def test_has_the_modules_digest_and_no_local_path(self):
        subject = self.bill["metadata"]["component"]
        sums = dict(reversed(line.split("  ")) for line in SUMS.read_text().splitlines())
        self.assertEqual(subject["hashes"], [{"alg": "SHA-256", "content": sums[MODULE.name]}])
        self.assertNotIn("file:", self.text)

    def test_has_a_connected_dependency_graph(self):
        known = {component["bom-ref"] for component in (self.bill["metadata"]["component"], *self.bill["components"])}
        graph = {dependency["ref"]: dependency.get("dependsOn", []) for dependency in self.bill["dependencies"]}
        reached, pending = set(), [self.bill["metadata"]["component"]["bom-ref"]]
        while pending:
            ref = pending.pop()
            if ref not in reached:
                reached.add(ref)
                pending += graph[ref]
        self.assertEqual(reached, known)


class Notes(unittest.TestCase):
    CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-11-24\n\n### Added\n\n- Two\n\n## [0.1.0]\n\n- One\n\n[0.1.0]: https://x/y\n"

    def test_are_the_section_of_the_version(self):
        self.assertEqual(notes.excerpt(self.CHANGELOG, "0.2.0"), "### Added\n\n- Two\n")
        self.assertEqual(notes.excerpt(self.CHANGELOG, "0.1.0"), "- One\n")

    def test_of_a_dry_run_are_those_of_the_next_version(self):
        self.assertEqual(notes.excerpt(self.CHANGELOG, "0.3.0", "0.2.0"), "### Added\n\n- Two\n")

    def test_are_required(self):
        for name in ("Unreleased", "0.3.0"):
            with self.subTest(name), self.assertRaisesRegex(notes.MissingNotes, name):
                notes.excerpt(self.CHANGELOG, name)


if __name__ == "__main__":
    unittest.main()
