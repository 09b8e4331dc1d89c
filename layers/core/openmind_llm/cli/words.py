"""What the groups of commands share: types of words, and how rows are shown."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from openmind_llm.settings import Settings

if TYPE_CHECKING:
    type Groups = argparse._SubParsersAction[Group]  # noqa: SLF001 - argparse has no other name for it


class Group(argparse.ArgumentParser):
    """`usual` is the command that is meant where the first word is none of the group's: "" where there is none."""

    usual = ""
    commands: tuple[str, ...] = ()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self.usual and args and args[0] not in {self.usual, *self.commands, "-h", "--help"}:
            args = [self.usual, *args]
        return super().parse_known_args(args, namespace)


type Command = Callable[[argparse.Namespace, Settings], None]


def named(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("must not be empty")
    return text


def show(*rows: Sequence[str]) -> None:
    """In columns on standard output."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def tell(text: str) -> None:
    """On standard error: what was done is no output."""
    sys.stderr.write(f"{text}\n")


def or_dash(value: object) -> str:
    return "-" if value is None else str(value)
