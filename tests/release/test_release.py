"""What `make release` left in dist/, read by others than those who wrote it: skopeo for the image, CycloneDX's own
schema for the bill of materials, sha256sum for the checksums."""

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
    def test_hold_for_every_file_of_the_release(self):
        run("sha256sum", "--check", "--strict", "--quiet", SUMS.name, cwd=DIST)
        named = {line.split("  ")[1] for line in SUMS.read_text().splitlines()}
        files = {path.name for path in DIST.iterdir() if path.is_file()}
        self.assertEqual(named, files - {SUMS.name})

    def test_are_in_the_form_that_control_planes_take(self):
        for line in SUMS.read_text().splitlines():
            self.assertRegex(line, r"\A[0-9a-f]{64}  \S+\Z")


class Image(unittest.TestCase):
    """The steps of Istio's and Envoy Gateway's loaders (pkg/wasm/imagefetcher.go, internal/wasm/imagefetcher.go): one
    manifest that is not Docker's, its last layer of exactly this type, gunzipped, and the first `plugin.wasm` in it."""

    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="jwt-authorizer-")
        cls.addClassCleanup(directory.cleanup)
        cls.pulled = Path(directory.name)
        # Copies blob by blob and checks each digest on the way, as a pull from a registry does.
        run("skopeo", "copy", "--quiet", f"oci:{LAYOUT}", f"dir:{cls.pulled}")
        cls.manifest = json.loads((cls.pulled / "manifest.json").read_text())

    def blob(self, descriptor):
        return (self.pulled / descriptor["digest"].removeprefix("sha256:")).read_bytes()

    def test_is_one_image_and_no_list_of_them(self):
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

    def test_says_what_it_is(self):
        described = json.loads(run("skopeo", "inspect", f"oci:{LAYOUT}"))
        self.assertEqual((described["Os"], described["Architecture"]), ("linux", "amd64"))
        self.assertEqual(self.manifest["annotations"]["module.wasm.image/variant"], "compat")
        version = json.loads(BILL.read_text())["metadata"]["component"]["version"]
        self.assertEqual(described["Labels"]["org.opencontainers.image.version"], version)
        self.assertEqual(described["Labels"]["org.opencontainers.image.revision"], run("git", "rev-parse", "HEAD").strip())

    def test_is_named_in_the_notes_by_its_digest(self):
        described = json.loads(run("skopeo", "inspect", f"oci:{LAYOUT}"))
        self.assertIn(described["Digest"], (DIST / "RELEASE_NOTES.md").read_text())


class BillOfMaterials(unittest.TestCase):
    def setUp(self):
        self.text = BILL.read_text()
        self.bill = json.loads(self.text)

    def test_is_valid_cyclonedx(self):
        self.assertIsNone(JsonStrictValidator(SchemaVersion.V1_5).validate_str(self.text))

    def test_lists_what_the_module_is_built_from_and_nothing_else(self):
        tree = ["cargo", "tree", "--locked", "--target", "wasm32-wasip1", "--edges", "normal", "--prefix", "none"]
        built = set(re.findall(r"^(\S+) v(\S+)", run(*tree), re.MULTILINE))
        subject = self.bill["metadata"]["component"]
        listed = {(one["name"], one["version"]) for one in (subject, *self.bill["components"])}
        self.assertEqual(listed, built)

    def test_tells_macros_from_what_is_in_the_module(self):
        scopes = {component["name"]: component["scope"] for component in self.bill["components"]}
        self.assertEqual((scopes["serde_derive"], scopes["syn"]), ("excluded", "excluded"))
        self.assertEqual((scopes["serde"], scopes["proxy-wasm"]), ("required", "required"))

    def test_is_about_this_module_and_no_folder(self):
        subject = self.bill["metadata"]["component"]
        sums = dict(reversed(line.split("  ")) for line in SUMS.read_text().splitlines())
        self.assertEqual(subject["hashes"], [{"alg": "SHA-256", "content": sums[MODULE.name]}])
        self.assertNotIn("file:", self.text)

    def test_has_a_graph_without_loose_ends(self):
        known = {one["bom-ref"] for one in (self.bill["metadata"]["component"], *self.bill["components"])}
        graph = {one["ref"]: one.get("dependsOn", []) for one in self.bill["dependencies"]}
        reached, open_ends = set(), [self.bill["metadata"]["component"]["bom-ref"]]
        while open_ends:
            ref = open_ends.pop()
            if ref not in reached:
                reached.add(ref)
                open_ends += graph[ref]
        self.assertEqual(reached, known)


class Notes(unittest.TestCase):
    CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-11-24\n\n### Added\n\n- Two\n\n## [0.1.0]\n\n- One\n\n[0.1.0]: https://x/y\n"

    def test_are_the_section_of_the_version(self):
        self.assertEqual(notes.excerpt(self.CHANGELOG, "0.2.0"), "### Added\n\n- Two\n")
        self.assertEqual(notes.excerpt(self.CHANGELOG, "0.1.0"), "- One\n")

    def test_of_a_rehearsal_are_those_of_the_next_version(self):
        self.assertEqual(notes.excerpt(self.CHANGELOG, "0.3.0", "0.2.0"), "### Added\n\n- Two\n")

    def test_are_missed_when_there_are_none(self):
        for name in ("Unreleased", "0.3.0"):
            with self.subTest(name), self.assertRaisesRegex(notes.Missing, name):
                notes.excerpt(self.CHANGELOG, name)


if __name__ == "__main__":
    unittest.main()
