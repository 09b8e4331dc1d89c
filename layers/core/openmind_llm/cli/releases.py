"""`openmind-llm releases`: which versions are live, and the way back to those before."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from openmind_llm.cli import words
from openmind_llm.domain import releases, utc
from openmind_llm.domain.releases import FUNCTIONS, PREVIOUS
from openmind_llm.storage.releases import StackReleases

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from openmind_llm.cli.words import Groups
    from openmind_llm.domain.releases import Released
    from openmind_llm.settings import Settings

SHOWN = 10
"""Versions of each function that are listed, beside the live ones."""


def add(groups: Groups) -> None:
    commands = groups.add_parser("releases", help="deployed versions, and the way back").add_subparsers(required=True)
    commands.add_parser("list", help="list versions, and which is live").set_defaults(command=list_releases)
    rollback = commands.add_parser("rollback", help="send all requests to the versions before the last release")
    rollback.add_argument(
        "--to",
        action="append",
        default=[],
        metavar="FUNCTION=VERSION",
        help=f"such as stream=12, and only there; may be repeated (default: {PREVIOUS})",
    )
    rollback.set_defaults(command=roll_back)


def list_releases(parsed: argparse.Namespace, _: Settings) -> None:
    deployed = _deployed(parsed)
    found = [deployed.released(function) for function in FUNCTIONS]
    words.show(("FUNCTION", "VERSION", "PUBLISHED", "LIVE"), *(row for one in found for row in _rows(one)))
    for one in found:
        if not one.is_complete:
            words.tell(f"{one.function}: what was deployed last is in no version, and not live: see docs/rollout.md")
    for deployment in deployed.running():
        words.tell(f"deployment {deployment} is under way")


def roll_back(parsed: argparse.Namespace, _: Settings) -> None:
    for released, number in releases.rollback(_deployed(parsed), _wanted(parsed.to)):
        before = released.live.number
        is_same = number == before
        words.tell(f"{released.function}: " + (f"stays at {before}" if is_same else f"from {before} back to {number}"))
    words.tell("the next deployment that changes a function makes its new version live again")


def _deployed(parsed: argparse.Namespace) -> StackReleases:
    if not parsed.stack:
        raise ValueError("say which stack: openmind-llm --stack NAME releases …")
    return StackReleases(parsed.stack)


def _wanted(told: list[str]) -> Mapping[str, int]:
    """Empty for the ones before. Raises ValueError."""
    if not told or told == [PREVIOUS]:
        return {}
    wanted = {}
    for one in told:
        function, _, number = one.partition("=")
        if function not in FUNCTIONS or not number.isdecimal():
            raise ValueError(f"--to takes {PREVIOUS}, or FUNCTION=VERSION with one of {', '.join(FUNCTIONS)}")
        wanted[function] = int(number)
    return wanted


def _rows(released: Released) -> Iterator[tuple[str, ...]]:
    """Newest first."""
    newest = released.versions[-SHOWN:]
    for version in reversed(released.versions):
        share = released.live.share(version.number)
        if share or version in newest:
            live = f"{share:.0%}" if share else "-"
            yield released.function, str(version.number), utc.text(version.published_at), live
