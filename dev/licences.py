"""The licences of the deployed packages, by their own metadata. Fails where one would bind what it is deployed with."""

import json
import re
import sys
from importlib.metadata import PackageMetadata, metadata

from dev import deployed

LONGEST_NAME = 60
"""Characters: some packages have put their licence's whole text where its name belongs."""

COPYLEFT = re.compile(r"\bA?GPL|Affero|(?<!Lesser )General Public", re.IGNORECASE)
"""The GPL and the AGPL, by whatever name; not the LGPL, which lets a program import what it covers."""

CLASSIFIER = "License :: "


def licence(of: PackageMetadata) -> str:
    """Empty where it tells none."""
    field = of.get("License") or ""
    classifiers = [one.rpartition(" :: ")[2] for one in of.get_all("Classifier") or () if one.startswith(CLASSIFIER)]
    named = ", ".join(name for name in classifiers if name != "OSI Approved")
    return of.get("License-Expression") or named or (field if len(field) <= LONGEST_NAME else "")


def is_refused(text: str) -> bool:
    """Also where nothing is told: nobody may then copy it."""
    return not text or bool(COPYLEFT.search(text))


def packages() -> list[tuple[str, str, str]]:
    """Name, version and licence of each, in the order of names."""
    components = json.loads(deployed.exported("cyclonedx1.5"))["components"]
    return [(one["name"], one["version"], licence(metadata(one["name"]))) for one in components]


def main() -> int:
    """Exit codes: 0 all may be deployed, 1 one may not."""
    refused = False
    for name, version, told in packages():
        verdict = "  <- may not be deployed" if is_refused(told) else ""
        refused = refused or bool(verdict)
        print(f"{name} {version}: {told or 'none told'}{verdict}")
    return int(refused)


if __name__ == "__main__":
    sys.exit(main())
