"""`openmind-llm models`: the catalogue of models, and changes of it while the gateway runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmind_llm.cli import models_changes, models_list

if TYPE_CHECKING:
    from openmind_llm.cli.words import Groups

PARTS = (models_list, models_changes)
"""Each adds its commands by `add`."""


def add(groups: Groups) -> None:
    commands = groups.add_parser("models", help="the catalogue of models").add_subparsers(required=True)
    for part in PARTS:
        part.add(commands)
