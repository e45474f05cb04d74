"""Checks our short schemas and the manifests against the CustomResourceDefinitions: `python -m deploy.crds DIRECTORY`.

The directory has them as YAML, from the projects' repositories or from `kubectl get crds -o yaml`. They are not in this
repository: they are four megabytes, and the manifests use about sixty fields.
"""

import sys
from pathlib import Path

import yaml

from .schemas import SPECS, close, kind_of, resource_schema, schema_errors
from .test_manifests import MANIFESTS, MISTAKES, with_mistake

# Validation rules in CEL, which JSON Schema does not have.
CEL_RULES = {"x-kubernetes-validations"}
COMPARED = ("type", "enum", "pattern", "minLength", "maxLength", "minItems", "maxItems")


def read(directory):
    """The published schema of each kind's `spec`."""
    specs = {}
    for path in sorted(directory.rglob("*.yaml")):
        for document in yaml.load_all(path.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            definitions = (document or {}).get("items", [document])
            for definition in definitions:
                if definition and definition.get("kind") == "CustomResourceDefinition":
                    specs |= versions(definition["spec"])
    return specs


def versions(spec):
    for version in spec["versions"]:
        kind = f"{spec['group']}/{version['name']} {spec['names']['kind']}"
        yield kind, version["schema"]["openAPIV3Schema"]["properties"]["spec"]


def differences(ours, theirs, path="spec"):
    """Where our schema differs from the published one, in the fields that ours has."""
    for keyword in COMPARED:
        if ours.get(keyword) != theirs.get(keyword) and keyword in ours:
            yield f"{path}: {keyword} is {theirs.get(keyword)}, not {ours[keyword]}"
    missing = set(theirs.get("required", [])) - set(ours.get("required", []))
    if missing:
        yield f"{path}: {sorted(missing)} is required"
    for name, schema in ours.get("properties", {}).items():
        if name not in theirs.get("properties", {}):
            yield f"{path}: there is no {name}"
        else:
            yield from differences(schema, theirs["properties"][name], f"{path}.{name}")
    if "items" in ours:
        yield from differences(ours["items"], theirs.get("items", {}), f"{path}[]")


def closed(schema):
    """A published schema that refuses the unknown fields that an API server would drop. Where an API server keeps unknown
    fields, any are accepted."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return {"type": schema["type"]} if "type" in schema else {}
    return close({key: closed(value) for key, value in schema.items() if key not in CEL_RULES | {"default"}})


def main():
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit(__doc__.splitlines()[0])
    theirs = read(Path(sys.argv[1]))
    errors = [f"there is no definition of {kind}" for kind in SPECS if kind not in theirs]
    known = {kind: theirs[kind] for kind in SPECS if kind in theirs}
    for kind, schema in known.items():
        errors += [f"{kind}: {difference}" for difference in differences(SPECS[kind], schema)]
    for platform, manifests in MANIFESTS.items():
        for manifest in manifests:
            if kind_of(manifest) in known:
                schema = resource_schema(closed(known[kind_of(manifest)]))
                errors += [f"{platform}: {kind_of(manifest)}: {error}" for error in schema_errors(schema, manifest)]
    undetected = []
    for mistake in MISTAKES:
        manifest = with_mistake(*mistake)
        if kind_of(manifest) in known and not schema_errors(resource_schema(closed(known[kind_of(manifest)])), manifest):
            undetected.append(mistake)
    print("\n".join(errors) or f"The schemas and manifests of {len(known)} kinds agree with the definitions.")
    for mistake in undetected:
        print(f"only a CEL rule of the definition detects this: {' '.join(map(str, mistake))}")
    sys.exit(bool(errors))


if __name__ == "__main__":
    main()
