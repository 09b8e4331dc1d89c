"""The two tables of data: prices, and what was measured or is assumed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Data:
    """`usd`: prices by name. `found`: numbers by name, measured and assumed."""

    prices: Mapping[str, Any]
    inputs: Mapping[str, Any]

    @property
    def usd(self) -> dict[str, float]:
        return {name: float(one["usd"]) for name, one in self.prices["prices"].items()}

    @property
    def found(self) -> dict[str, float]:
        told = {**self.inputs["measured"], **self.inputs["assumed"]}
        return {name: float(one["value"]) for name, one in told.items()}


def load() -> Data:
    return Data(*(json.loads((FOLDER / name).read_text()) for name in ("prices.json", "measured.json")))
