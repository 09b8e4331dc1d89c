"""Our dataclasses are those of the standard library, but for what they refuse at run time."""

import dataclasses
from dataclasses import field

from openmind_llm.classes import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """Ours."""

    x: int
    y: int = 0
    secret: str = field(default="s", repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class TheirPoint:
    """Theirs."""

    x: int
    y: int = 0
    secret: str = field(default="s", repr=False)


@dataclass(slots=True)
class Count:
    """One that changes."""

    n: int


@dataclass(frozen=True, slots=True)
class Nothing:
    """Without a field."""


def test_what_is_equal_is_equal() -> None:
    assert Point(1) == Point(1, 0)
    assert Point(1) != Point(2)
    assert Point(1).__eq__(TheirPoint(1)) is NotImplemented
    assert Nothing() == Nothing()


def test_what_is_equal_has_one_hash() -> None:
    assert {Point(1): "a"}[Point(1, 0)] == "a"
    assert hash(Point(1)) != hash(Point(2))


def test_what_changes_has_none() -> None:
    assert Count.__hash__ is None


def test_it_is_shown_without_what_is_not_to_be() -> None:
    assert repr(Point(1)) == repr(TheirPoint(1)).replace("TheirPoint", "Point") == "Point(x=1, y=0)"


def test_what_reads_dataclasses_reads_ours() -> None:
    assert dataclasses.replace(Point(1), y=2) == Point(1, 2)
    assert dataclasses.asdict(Point(1)) == dataclasses.asdict(TheirPoint(1))
    assert [one.name for one in dataclasses.fields(Point)] == ["x", "y", "secret"]


def test_there_is_no_room_for_other_fields() -> None:
    assert not hasattr(Point(1), "__dict__")
