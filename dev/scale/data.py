"""The load, and the quotas that it meets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from dev.scale.simulation import Scaling

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Given:
    told: Mapping[str, Any]

    @property
    def requests_s(self) -> int:
        return int(self.told["load"]["requests_s"])

    @cached_property
    def units(self) -> dict[str, int]:
        """Write units of a request, by the item that they go to."""
        return {name: int(one["value"]) for name, one in self.told["units_of_a_request"].items()}

    def quota(self, name: str, *, raised: bool) -> int:
        """Of an account and region, or of a table: as it is by default, or raised as far as it is assumed to be."""
        one = (self.told["lambda"] | self.told["quotas"])[name]
        return int(one.get("raised", one["value"]) if raised else one["value"])

    def scaling(self, *, raised: bool) -> Scaling:
        names = ("burst", "refill_s", "quota")
        return Scaling(*(self.quota(name, raised=raised) for name in names))


def load() -> Given:
    return Given(json.loads((FOLDER / "load.json").read_text()))
