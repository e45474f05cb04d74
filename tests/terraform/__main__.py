"""Applies the module to an emulated AWS, and sends requests to an Envoy that runs its output."""

import argparse
import json
import re
import shutil
import sys
import tempfile
import zipfile
from contextlib import ExitStack
from pathlib import Path

from demo import terminal
from demo.access_log import AccessLog
from demo.checks import run_checks
from demo.envoy import Envoy, EnvoyError
from demo.signals import exit_on_signals
from demo.upstream import upstream

from . import gateway, mistakes, scenarios, settings, trigger
from .cloud import Authority, Cloud
from .command import CommandError, Terraform, provider_source
from .pool import Pool

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "dist" / "jwt-authorizer.wasm"
COGNITO = ROOT / "envoy" / "cognito"
EXAMPLE = Path("examples", "organisation")

# The differences from a real account: the emulator has no account to validate, and a failed call must not be retried
# for minutes. Some retries are needed, since the emulator sometimes closes a connection in use.
OVERRIDE = """\
provider "aws" {
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  skip_region_validation      = true
  max_retries                 = 3
}
"""

README = """\
output "readme" {
  value = module.identity.plugin_json
}
"""


def main():
    parser = argparse.ArgumentParser(prog="make terraform-test", description=__doc__)
    parser.add_argument("--module", type=Path, default=MODULE, help="another build of the filter")
    module = parser.parse_args().module.resolve()
    if not module.is_file():
        return f"{module} does not exist; build it with `make build`"
    (ROOT / "target").mkdir(exist_ok=True)
    exit_on_signals()
    try:
        with ExitStack() as stack:
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="terraform-", dir=ROOT / "target"))
            failed = list(ModuleTest(Path(directory), module, stack).run())
    except (CommandError, EnvoyError) as error:
        return str(error)
    if failed:
        return terminal.red(f"Failed: {', '.join(failed)}")
    terminal.say(terminal.green("\nAll tests passed."))
    return 0

class ModuleTest:
    def __init__(self, directory, module, stack):
        self.directory, self.module, self.stack = directory, module, stack
        self.provider_source = provider_source(directory)

    def run(self):
        """Yields the titles of the tests that failed."""
        copy = self.directory / "cognito"
        shutil.copytree(COGNITO, copy, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.zip"))
        terminal.heading("The module's files")
        yield from self.report("Formatted by terraform fmt", self.formatting())
        mistaken = mistakes.mismatches(copy, self.directory / "mistakes", self.provider_source)
        yield from self.report("Wrong variables are refused, each with its message", mistaken)
        yield from self.report("The trigger answers events of version 2", trigger.mismatches(copy / EXAMPLE / "trigger.py"))
        terminal.heading("Applied to an emulated AWS")
        cloud = Cloud(self.stack)
        authority = Authority(self.directory / "ca.pem")
        terraform = self.prepare(copy / EXAMPLE, cloud)
        terraform.init()
        yield from self.report("Valid", self.validation(terraform))
        terraform.run("apply", "-auto-approve", "-no-color")
        outputs = terraform.outputs()
        yield from self.report("A second plan has no changes", self.changes(terraform))
        pool = Pool(cloud, outputs["cognito"], trigger.handler(copy / EXAMPLE / "trigger.py"))
        yield from self.report("The pool has the requested settings", settings.mismatches(pool, outputs["cognito"]))
        yield from self.send_requests(cloud, authority, outputs, pool)

    def report(self, title, mismatches):
        mismatches = list(mismatches)
        terminal.say(f"  {terminal.red('✘') if mismatches else terminal.green('✔')} {title}")
        for mismatch in mismatches:
            terminal.say(f"    {terminal.red(mismatch)}")
        if mismatches:
            yield title

    def formatting(self):
        code, output = Terraform(COGNITO, self.provider_source).run("fmt", "-check", "-diff", "-recursive", allowed=(0, 3))
        return [output] if code else []

    def prepare(self, example, cloud):
        with zipfile.ZipFile(example / "trigger.zip", "w") as package:
            package.write(example / "trigger.py", "trigger.py")
        (example / "emulator_override.tf").write_text(OVERRIDE)
        # The README's example of the module, applied together with the example.
        [module] = re.findall(r'^module "identity" {$.*?^}$', (COGNITO / "README.md").read_text(), re.MULTILINE | re.DOTALL)
        (example / "readme.tf").write_text(module.replace('"./cognito"', '"../.."') + "\n" + README)
        variables = {
            "auth_flows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH"],
            "envoy_trusted_ca": str(self.directory / "ca.pem"),
        }
        (example / "terraform.tfvars.json").write_text(json.dumps(variables))
        account = {
            "AWS_ENDPOINT_URL": cloud.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }
        return Terraform(example, self.provider_source | account)

    def validation(self, terraform):
        code, output = terraform.run("validate", "-no-color", allowed=(0, 1))
        return [output] if code else []

    def changes(self, terraform):
        code, output = terraform.run("plan", "-detailed-exitcode", "-no-color", "-lock=false", allowed=(0, 2))
        return [output] if code else []

    def send_requests(self, cloud, authority, outputs, pool):
        api = upstream().start()
        self.stack.callback(api.shutdown)
        name = json.loads(outputs["envoy_cluster_json"])["transport_socket"]["typed_config"]["sni"]
        tokens = scenarios.tokens(pool)
        cognito, impostor = (cloud.serve_as(host, authority, self.directory) for host in (name, "impostor.example.com"))
        for title, rendered, server, cases in [
            ("In Envoy", outputs, cognito, scenarios.example(pool)),
            ("With keys from a server that is not Cognito", outputs, impostor, scenarios.IMPOSTOR),
            ("The README's example", outputs | {"plugin_json": outputs["readme"]}, cognito, scenarios.README),
        ]:
            directory = self.directory / title
            gateway.write(directory, self.module, rendered, api.address, server)
            terminal.heading(title)
            with Envoy(directory) as envoy:
                address = envoy.wait_for_listener()
                yield from run_checks(f"http://{address}", tokens, AccessLog(envoy.access_log.read_text), cases)

if __name__ == "__main__":
    sys.exit(main())
