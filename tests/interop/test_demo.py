"""What `make demo` says while policy.json is changed."""

import io
import json
import re
import tempfile
import time
import unittest
from contextlib import ExitStack, redirect_stdout
from pathlib import Path
from unittest import mock

from demo import configuration
from demo.interactive import Interactive
from demo.services import Services

from .gateway import MODULE, eventually, temporary_directory


class Demo(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        stack = ExitStack()
        cls.addClassCleanup(stack.close)
        cls.directory = stack.enter_context(temporary_directory())
        cls.policy = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "policy.json"
        cls.original = configuration.POLICY.read_text()
        cls.policy.write_text(cls.original)
        stack.enter_context(mock.patch.object(configuration, "POLICY", cls.policy))
        cls.interactive = Interactive(Services(cls.directory, MODULE, stack))
        cls.instructions = io.StringIO()
        with redirect_stdout(cls.instructions):
            cls.interactive.begin()

    def setUp(self):
        self.addCleanup(self.restore)

    def restore(self):
        if self.policy.is_dir():
            self.policy.rmdir()
        self.policy.write_text(self.original)
        self.until(lambda text: not self.interactive.services.configuration.is_outdated())

    def until(self, is_enough):
        """What is said until there is enough of it."""
        said = io.StringIO()

        def step():
            with redirect_stdout(said):
                self.interactive.step()
            return is_enough(said.getvalue())

        eventually("the demo says it", step)
        return said.getvalue()

    def change(self, **fields):
        policy = json.loads(self.original)
        policy["providers"]["cognito"] |= fields
        self.policy.write_text(json.dumps(policy))

    def test_the_log_is_named(self):
        name = self.directory.name + "/" + self.interactive.services.envoy.log.name
        self.assertIn(name, self.instructions.getvalue())

    def test_a_cluster_that_does_not_exist_is_told(self):
        jwks = json.loads(self.original)["providers"]["cognito"]["jwks"]
        self.change(jwks=jwks | {"cluster": "nowhere"})
        said = self.until(re.compile(r"The filter warns: provider `cognito`: .*`nowhere`").search)
        self.assertIn("now in force", said)

    def test_a_setting_that_is_probably_not_meant_is_told(self):
        self.change(token_use="id")
        self.until(re.compile(r"The filter warns: .*token_use").search)

    def test_a_refused_policy_is_told_once_with_its_place(self):
        self.change(token_use="nothing")
        said = self.until(lambda text: "stay in force" in text)
        said += self.steps(1)
        self.assertIn("providers.cognito.token_use", said)
        self.assertEqual(said.count("token_use"), 1, said)

    def test_a_missing_policy_is_told_once(self):
        self.policy.unlink()
        self.assertNotIn("missing", self.steps(0.5))
        said = self.until(lambda text: "missing" in text) + self.steps(1)
        self.assertEqual(said.count("is missing. The previous rules stay in force"), 1, said)
        self.policy.write_text(self.original)
        self.assertIn("is back, unchanged", self.until(lambda text: "back" in text))

    def test_a_policy_that_is_no_text_is_told(self):
        self.policy.write_bytes(b"\xff\xfe")
        self.assertIn("cannot be read", self.until(lambda text: "cannot be read" in text))

    def steps(self, seconds):
        end = time.monotonic() + seconds
        return self.until(lambda _: time.monotonic() > end)
