"""Validates single documents: Kubernetes' own kinds and Istio's."""

import jsonschema
import kubernetes_validate
import yaml

# The oldest and the newest Kubernetes that the manifests are meant for.
KUBERNETES = ("1.33", "1.37")


class StrictLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """YAML in which a key that is given twice is an error, as the API server has it."""


def _mapping(loader, node):
    keys = [loader.construct_object(key) for key, _ in node.value]
    for key in keys:
        if keys.count(key) > 1:
            problem = f"key given twice: {key}"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def documents(path):
    """All documents of a YAML file.

    `kubectl get -o yaml` wraps them in a list: those are its items.
    """
    with open(path, encoding="utf-8") as file:
        found = [document for document in yaml.load_all(file, StrictLoader) if document]
    if len(found) == 1 and found[0].get("kind") == "List":
        return found[0]["items"]
    return found


def _strict(schema):
    """The API server silently drops unknown fields of a custom resource: here they are errors."""
    if isinstance(schema, list):
        return [_strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {key: _strict(value) for key, value in schema.items()}
    if "properties" in schema and isinstance(schema["properties"], dict):
        if schema.get("type") == "object" and not schema.get("x-kubernetes-preserve-unknown-fields"):
            strict.setdefault("additionalProperties", False)
    if schema.get("nullable") and isinstance(schema.get("type"), str):
        strict["type"] = [schema["type"], "null"]
    return strict


class CustomResources:
    """The schemas of a file of CustomResourceDefinitions."""

    def __init__(self, path):
        self._schemas = {}
        for definition in documents(path):
            if definition["kind"] != "CustomResourceDefinition":
                continue
            spec = definition["spec"]
            for version in spec["versions"]:
                schema = _strict(version["schema"]["openAPIV3Schema"])
                for name in ("apiVersion", "kind", "metadata"):
                    schema["properties"][name] = {}
                key = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
                self._schemas[key] = jsonschema.Draft202012Validator(schema)

    def errors(self, document):
        """What is wrong with a document; a kind without a schema is wrong too."""
        key = (document["apiVersion"], document["kind"])
        if key not in self._schemas:
            return [f"no such kind: {key[1]} in {key[0]}"]
        return [
            f"{'.'.join(map(str, error.path))}: {error.message}"
            for error in self._schemas[key].iter_errors(document)
        ]


def kubernetes_errors(document):
    """What is wrong with a document of one of Kubernetes' own kinds."""
    found = []
    for version in KUBERNETES:
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            found.append(f"{'.'.join(map(str, error.path))}: {error.message}")
        except kubernetes_validate.SchemaNotFoundError as error:
            found.append(error.message)
    return sorted(set(found))
