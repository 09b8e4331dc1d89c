"""The bill of materials (CycloneDX 1.5) of the deployed packages, or of a layer's, with their hashes and licences.

uv makes it, with a random number and the time of day in it. These go: a layer whose bytes change is deployed anew. Each
component lists all files of its release that uv.lock allows; the deployed one is among them.
"""

import json
import sys
import uuid
from importlib.metadata import metadata
from typing import Any

from dev import deployed, licences

NAMESPACE = uuid.UUID("1f3bca7d-7e0a-4d44-9b6f-6cdd2a9f33b1")
"""Of serial numbers that tell the content."""


def bill(layer: str = "") -> dict[str, Any]:
    """The same for the same lock file. Of all layers if none is named."""
    made: dict[str, Any] = json.loads(deployed.exported("cyclonedx1.5", layer))
    made["metadata"].pop("timestamp", None)
    made.pop("serialNumber", None)
    made["components"] = [one | {"licenses": _licences(one["name"])} for one in made["components"]]
    serial = uuid.uuid5(NAMESPACE, json.dumps(made, sort_keys=True))
    return {"bomFormat": made.pop("bomFormat"), "serialNumber": f"urn:uuid:{serial}"} | made


def _licences(name: str) -> list[dict[str, Any]]:
    of = metadata(name)
    told = licences.licence(of)
    return [{"expression": told} if of.get("License-Expression") else {"license": {"name": told}}]


if __name__ == "__main__":
    json.dump(bill(*sys.argv[1:]), sys.stdout, indent=1)
