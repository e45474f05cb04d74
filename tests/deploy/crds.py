"""Holds our short schemas, and the manifests, against the CustomResourceDefinitions themselves: `crds.py DIRECTORY`.

The directory has them as YAML, from the projects' repositories or from `kubectl get crds -o yaml`. They are not kept
here: four megabytes of others' text, of which the manifests use some sixty fields.
"""

import sys
from pathlib import Path

import yaml

from .schemas import SPECS, close, found, kind_of, whole
from .test_manifests import MISTAKES, PLACES, broken

# What a CustomResourceDefinition says in its own language, and JSON Schema cannot: `mistakes` says it for both.
RULES = {"x-kubernetes-validations"}
SAME = ("type", "enum", "pattern", "minLength", "maxLength", "minItems", "maxItems")


def read(directory):
    """The schema of each kind's `spec`, as its project publishes it."""
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


def differences(ours, theirs, place="spec"):
    """Where ours says anything else than theirs of what both speak of."""
    for word in SAME:
        if ours.get(word) != theirs.get(word) and word in ours:
            yield f"{place}: {word} is {theirs.get(word)}, not {ours[word]}"
    missing = set(theirs.get("required", [])) - set(ours.get("required", []))
    if missing:
        yield f"{place}: {sorted(missing)} is required"
    for name, schema in ours.get("properties", {}).items():
        if name not in theirs.get("properties", {}):
            yield f"{place}: there is no {name}"
        else:
            yield from differences(schema, theirs["properties"][name], f"{place}.{name}")
    if "items" in ours:
        yield from differences(ours["items"], theirs.get("items", {}), f"{place}[]")


def closed(schema):
    """Theirs, with what an API server would drop refused, and what it keeps unread let through."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return {"type": schema["type"]} if "type" in schema else {}
    return close({key: closed(value) for key, value in schema.items() if key not in RULES | {"default"}})


def main():
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit(__doc__.splitlines()[0])
    theirs = read(Path(sys.argv[1]))
    wrong = [f"{kind} is not there" for kind in SPECS if kind not in theirs]
    known = {kind: theirs[kind] for kind in SPECS if kind in theirs}
    for kind, schema in known.items():
        wrong += [f"{kind}: {difference}" for difference in differences(SPECS[kind], schema)]
    for place, manifests in PLACES.items():
        for manifest in manifests:
            if kind_of(manifest) in known:
                schema = whole(closed(known[kind_of(manifest)]))
                wrong += [f"{place}: {kind_of(manifest)}: {mistake}" for mistake in found(schema, manifest)]
    passed = []
    for mistake in MISTAKES:
        manifest = broken(*mistake)
        if kind_of(manifest) in known and not found(whole(closed(known[kind_of(manifest)])), manifest):
            passed.append(mistake)
    print("\n".join(wrong) or f"{len(known)} kinds agree with their definitions, and the manifests are of them")
    for mistake in passed:
        print(f"left to a rule in the definition's own language: {' '.join(map(str, mistake))}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
