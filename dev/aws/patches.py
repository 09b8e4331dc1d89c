"""How ministack is changed from outside: by name, and never in silence."""

from collections.abc import Callable
from importlib.metadata import version
from types import ModuleType
from typing import Any

type Function = Callable[..., Any]
type Change = Callable[[Any], Any]


class PatchError(Exception):
    """ministack is not what a patch was written for."""


def theirs(owner: ModuleType | type, name: str) -> Any:
    """What `owner` calls `name`. Raises PatchError."""
    try:
        return getattr(owner, name)
    except AttributeError:
        place = f"{getattr(owner, '__module__', owner.__name__)}: {owner.__name__}.{name}"
        raise PatchError(
            f"ministack {version('ministack')} has no {place}: pin the version that dev/aws was written for, "
            "or write the patch anew"
        ) from None


def change(owner: ModuleType | type, name: str, by: Change) -> None:
    """Puts `by(original)` in its place. Raises PatchError."""
    setattr(owner, name, by(theirs(owner, name)))
