"""Checks a tree of Kubernetes manifests: `validate.py DIRECTORY [CRDS]`.

Every document against its schema, every kustomization against the files beside it. Istio's kinds
are checked against CRDS, a file of its CustomResourceDefinitions; without it, it is said which kinds
went unchecked. Prints one line per finding and ends with 1 if there is any.
"""

import pathlib
import sys

import yaml

import schema

KUSTOMIZATION = "kustomization.yaml"


def named_files(directory, kustomization):
    """The paths that a kustomization refers to."""
    for name in kustomization.get("resources", []):
        yield directory / name
    for generator in kustomization.get("configMapGenerator", []):
        for name in generator.get("files", []):
            yield directory / name.split("=", 1)[-1]


def check_kustomizations(root):
    """Every name leads somewhere, and every file is named exactly once."""
    named = []
    for path in sorted(root.rglob(KUSTOMIZATION)):
        for document in schema.documents(path):
            known = {"apiVersion", "kind", "namespace", "resources", "configMapGenerator", "images"}
            for key in document.keys() - known:
                yield f"{path}: {key}: not a key that this check understands"
            for target in named_files(path.parent, document):
                file = target / KUSTOMIZATION if target.is_dir() else target
                if not file.is_file():
                    yield f"{path}: names {target.name}, which is not there"
                named.append(file.resolve())
    for path in sorted(root.rglob("*.yaml")):
        if path.name != KUSTOMIZATION and named.count(path.resolve()) != 1:
            yield f"{path}: named by {named.count(path.resolve())} kustomizations, should be 1"


def check_documents(root, custom_resources, checked, unchecked):
    """Every document against its schema; the kinds of those with and without one are noted."""
    for path in sorted(root.rglob("*.yaml")):
        if path.name == KUSTOMIZATION:
            continue
        for document in schema.documents(path):
            if document["apiVersion"].split("/")[0].endswith(".istio.io"):
                if custom_resources is None:
                    unchecked.append(document["kind"])
                    continue
                errors = custom_resources.errors(document)
            else:
                errors = schema.kubernetes_errors(document)
            checked.append(document["kind"])
            for error in errors:
                yield f"{path}: {document['kind']}: {error}"


def main(directory, crds=None):
    """Prints the findings; the exit status says whether there are any."""
    root = pathlib.Path(directory)
    checked, unchecked = [], []
    try:
        custom_resources = schema.CustomResources(crds) if crds else None
        findings = [*check_kustomizations(root), *check_documents(root, custom_resources, checked, unchecked)]
    except yaml.YAMLError as error:
        findings = [error]
    print(*findings, sep="\n", end="\n" if findings else "")
    print(f"{len(checked)} documents checked, {len(unchecked)} without a schema")
    if unchecked:
        print(f"NOT CHECKED, because their schemas are Istio's: {', '.join(sorted(set(unchecked)))}.")
        print("Where Istio is: kubectl get crd -o yaml >crds.yaml, then")
        print("ISTIO_CRDS=crds.yaml scripts/validate-manifests")
    return 1 if findings or not checked else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
