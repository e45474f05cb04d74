"""Applies the module to an emulated AWS and walks requests through an Envoy with what it rendered."""

import argparse
import json
import re
import shutil
import signal
import sys
import tempfile
import zipfile
from contextlib import ExitStack
from pathlib import Path

from demo import terminal
from demo.access_log import AccessLog
from demo.envoy import Envoy, Refused
from demo.upstream import upstream
from demo.walk import walk

from . import facts, gateway, mistakes, steps, trigger
from .cloud import Authority, Cloud
from .command import Failed, Terraform, installation
from .pool import Pool

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "dist" / "jwt-authorizer.wasm"
COGNITO = ROOT / "envoy" / "cognito"
EXAMPLE = Path("examples", "organisation")

# Only what must differ from an account of one's own: no account is asked about, and a failed call is not tried
# again for minutes. The emulator now and then closes a connection that is being used.
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
        return f"{module} is not there; `make build` makes it"
    (ROOT / "target").mkdir(exist_ok=True)
    # A plain kill ends this as Ctrl-C does: through the handles of what it started.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        with ExitStack() as stack:
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="terraform-", dir=ROOT / "target"))
            surprising = list(Trial(Path(directory), module, stack).run())
    except (Failed, Refused) as failure:
        return str(failure)
    if surprising:
        return terminal.red(f"Otherwise than it should: {', '.join(surprising)}")
    terminal.say(terminal.green("\nEverything came out as it should."))
    return 0


class Trial:
    def __init__(self, directory, module, stack):
        self.directory, self.module, self.stack = directory, module, stack
        self.installation = installation(directory)

    def run(self):
        """Gives the titles of what came out otherwise."""
        copy = self.directory / "cognito"
        shutil.copytree(COGNITO, copy, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.zip"))
        terminal.heading("As it stands")
        yield from self.told("Formatted as terraform fmt has it", self.unformatted())
        mistaken = mistakes.surprises(copy, self.directory / "mistakes", self.installation)
        yield from self.told("Wrong variables are refused, each with its message", mistaken)
        yield from self.told("The trigger answers events of version 2", trigger.surprises(copy / EXAMPLE / "trigger.py"))
        terminal.heading("Applied")
        cloud = Cloud(self.stack)
        authority = Authority(self.directory / "ca.pem")
        terraform = self.prepare(copy / EXAMPLE, cloud)
        terraform.init()
        yield from self.told("Valid", self.invalid(terraform))
        terraform.run("apply", "-auto-approve", "-no-color")
        outputs = terraform.outputs()
        yield from self.told("A second plan has no changes", self.changes(terraform))
        pool = Pool(cloud, outputs["cognito"], trigger.handler(copy / EXAMPLE / "trigger.py"))
        yield from self.told("The pool is as it was asked for", facts.surprises(pool, outputs["cognito"]))
        yield from self.walk(cloud, authority, outputs, pool)

    def told(self, title, surprises):
        surprises = list(surprises)
        terminal.say(f"  {terminal.red('✘') if surprises else terminal.green('✔')} {title}")
        for surprise in surprises:
            terminal.say(f"    {terminal.red(surprise)}")
        if surprises:
            yield title

    def unformatted(self):
        code, said = Terraform(COGNITO, self.installation).run("fmt", "-check", "-diff", "-recursive", allowed=(0, 3))
        return [said] if code else []

    def prepare(self, example, cloud):
        with zipfile.ZipFile(example / "trigger.zip", "w") as package:
            package.write(example / "trigger.py", "trigger.py")
        (example / "emulator_override.tf").write_text(OVERRIDE)
        # The module as the README uses it, beside the example.
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
        return Terraform(example, self.installation | account)

    def invalid(self, terraform):
        code, said = terraform.run("validate", "-no-color", allowed=(0, 1))
        return [said] if code else []

    def changes(self, terraform):
        code, said = terraform.run("plan", "-detailed-exitcode", "-no-color", "-lock=false", allowed=(0, 2))
        return [said] if code else []

    def walk(self, cloud, authority, outputs, pool):
        api = upstream().start()
        self.stack.callback(api.shutdown)
        name = json.loads(outputs["envoy_cluster_json"])["transport_socket"]["typed_config"]["sni"]
        wallet = steps.wallet(pool)
        keys, impostor = (cloud.serve_as(one, authority, self.directory) for one in (name, "impostor.example.com"))
        for title, rendered, server, script in [
            ("In Envoy", outputs, keys, steps.script(pool)),
            ("With a server for the keys that is not Cognito", outputs, impostor, steps.IMPOSTOR),
            ("As in the README", outputs | {"plugin_json": outputs["readme"]}, keys, steps.README),
        ]:
            directory = self.directory / title
            gateway.write(directory, self.module, rendered, api.address, server)
            terminal.heading(title)
            with Envoy(directory) as envoy:
                address = envoy.wait_for_listener()
                yield from walk(f"http://{address}", wallet, AccessLog(envoy.access_log.read_text), script)


if __name__ == "__main__":
    sys.exit(main())
