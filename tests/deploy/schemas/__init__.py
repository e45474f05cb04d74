"""Validates manifests: Kubernetes' own kinds by its published schemas, other kinds by the schemas in this directory.

An unknown field is a mistake here. An API server would drop it silently.
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
    """The mistakes in a manifest, each as a text with its path."""
    spec = SPECS.get(kind_of(manifest))
    if spec is None:
        try:
            kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
        except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
            return [error.message]
        return []
    return schema_errors(resource_schema(close(spec)), manifest)


def schema_errors(schema, manifest):
    errors = Draft202012Validator(schema).iter_errors(manifest)
    return [f"{error.json_path}: {error.message}" for error in errors]


def resource_schema(spec):
    """The schema of the whole resource."""
    properties = {"apiVersion": {}, "kind": {}, "metadata": METADATA, "spec": spec}
    return {"type": "object", "required": list(properties), "additionalProperties": False, "properties": properties}


def close(schema):
    """The same schema, but unknown fields are refused. The parts of `oneOf` and `not` stay open, since each of them
    describes only some of the fields."""
    if isinstance(schema, list):
        return [close(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: value if key in ("oneOf", "not") else close(value) for key, value in schema.items()}
    if "properties" in schema and schema.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed
