"""`openmind-llm models`: the catalogue, changes of it while the gateway runs, and whether it is still true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmind_llm.cli import models_changes, models_check, models_list

if TYPE_CHECKING:
    from openmind_llm.cli.words import Groups

PARTS = (models_list, models_changes, models_check)
"""Each adds its commands by `add`."""


def add(groups: Groups) -> None:
    commands = groups.add_parser("models", help="the catalogue of models").add_subparsers(required=True)
    for part in PARTS:
        part.add(commands)
