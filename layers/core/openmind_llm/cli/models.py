"""`openmind-llm models`: the catalogue, and whether it is still true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmind_llm.cli import models_check

if TYPE_CHECKING:
    from openmind_llm.cli.words import Groups


def add(groups: Groups) -> None:
    models_check.add(groups.add_parser("models", help="the catalogue of models").add_subparsers(required=True))
