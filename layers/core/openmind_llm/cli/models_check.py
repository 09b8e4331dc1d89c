"""`openmind-llm models check`: the catalogue against what the providers state, as the nightly inspection does it."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from openmind_llm.bootstrap import inspections
from openmind_llm.cli import words
from openmind_llm.domain import utc

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from openmind_llm.cli.words import Groups
    from openmind_llm.domain.inspections.models import Findings
    from openmind_llm.settings import Settings


class UntrueError(ValueError):
    """The catalogue is not as the providers say."""


def add(commands: Groups) -> None:
    parser = commands.add_parser("check", help="compare the catalogue with the lists of the providers that have a key")
    parser.set_defaults(command=check_models)


def check_models(_: argparse.Namespace, settings: Settings) -> None:
    """Raises UntrueError if anything is found; a provider that could not be asked is told, and is no finding."""
    findings = inspections.models(settings).findings(utc.day(time.time()))
    for name, count in findings.listed.items():
        words.tell(f"{name}: {count} models listed")
    for name, told in findings.unlisted.items():
        words.tell(f"{name}: not looked at: {told.reason}")
    found = list(_found(findings))
    for line in found:
        sys.stdout.write(f"{line}\n")
    for one in findings.endings:
        if one not in findings.abandoned:
            words.tell(f"in order: {one}" if one.successor else f"no key: {one}")
    if found:
        raise UntrueError(f"{len(found)} found: docs/inspection.md says what to do")
    words.tell("nothing found")


def _found(findings: Findings) -> Iterator[str]:
    yield from (f"missing: {one}" for one in findings.missing)
    yield from (f"price: {one}" for one in findings.drifts)
    yield from (f"shutdown: {one}" for one in findings.shutdown_drifts)
    yield from (f"retiring: {one}" for one in findings.abandoned)
