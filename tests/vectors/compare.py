"""Whether our copy of the W3C's WebAuthn examples is the original: `compare.py ORIGINAL`.

Each example must be here, and each value that the tests read must be the original's.
"""

import json
import pathlib
import sys

COPY = pathlib.Path(__file__).parents[2] / "sidecar/src/ceremony/tests/webauthn-l3-vectors.json"


def differences(original, copy):
    """What the copy lacks or says otherwise."""
    ours = {example["name"]: example for example in copy["vectors"]}
    for example in original["vectors"]:
        name = example["name"]
        if name not in ours:
            yield f"{name}: missing"
            continue
        for ceremony in ("registration", "authentication"):
            for key, value in ours[name].get(ceremony, {}).items():
                if example.get(ceremony, {}).get(key) != value:
                    yield f"{name}: {ceremony}.{key} is not the original's"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    original = json.loads(pathlib.Path(sys.argv[1]).read_text())
    found = list(differences(original, json.loads(COPY.read_text())))
    print("\n".join(found) or f"the W3C's {len(original['vectors'])} examples: our copy agrees")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
