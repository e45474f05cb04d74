"""Whether a manifest is one: Kubernetes' own kinds by their published schemas, the others by what the files here say.

Everything is closed: a field that no schema names is a mistake, where an API server would drop it without a word.
"""

from pathlib import Path

import kubernetes_validate
import yaml
from jsonschema import Draft202012Validator

KUBERNETES = "1.37"

METADATA = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "maxLength": 253, "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"},
        "namespace": {"type": "string", "maxLength": 63, "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}


def load():
    """The schema of each kind's `spec`."""
    files = Path(__file__).parent.glob("*.yaml")
    return {kind: schema for file in sorted(files) for kind, schema in yaml.safe_load(file.read_text()).items()}


SPECS = load()


def kind_of(manifest):
    return f"{manifest.get('apiVersion')} {manifest.get('kind')}"


def mistakes(manifest):
    """What is wrong with it, as texts with the place; none if it is right."""
    spec = SPECS.get(kind_of(manifest))
    if spec is None:
        try:
            kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
        except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
            return [error.message]
        return []
    return found(whole(close(spec)), manifest)


def found(schema, manifest):
    errors = Draft202012Validator(schema).iter_errors(manifest)
    return [f"{error.json_path}: {error.message}" for error in errors]


def whole(spec):
    properties = {"apiVersion": {}, "kind": {}, "metadata": METADATA, "spec": spec}
    return {"type": "object", "required": list(properties), "additionalProperties": False, "properties": properties}


def close(schema):
    """The same, and what it does not name is refused. What a combination holds is not the whole, and stays open."""
    if isinstance(schema, list):
        return [close(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: value if key in ("oneOf", "not") else close(value) for key, value in schema.items()}
    if "properties" in schema and schema.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed
