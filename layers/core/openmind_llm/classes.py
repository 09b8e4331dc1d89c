"""`dataclass`, made in a third of the time: a function makes a hundred at its start, and as many objects a request.

To the type checker it is the standard library's, which writes and compiles six methods for each class. Here it writes
`__init__` alone, and the others are the same for all. What is frozen is so by the word of the type checker: at run
time, an `__init__` that has to get around its own class takes twice as long.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    import dataclasses
    from collections.abc import Callable
    from operator import attrgetter

    def dataclass(*, frozen: bool = False, slots: bool = False) -> Callable[[type], type]:
        """Of the standard library's options, those that the package uses."""
        return lambda cls: _made(cls, frozen=frozen, slots=slots)

    def _made(cls: type, *, frozen: bool, slots: bool) -> type:
        made: Any = dataclasses.dataclass(repr=False, eq=False, slots=slots)(cls)
        names = [field.name for field in dataclasses.fields(made)]
        values = attrgetter(*names) if names else lambda _: ()

        def equal(self: object, other: object) -> bool:
            return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

        made.__eq__ = equal
        made.__hash__ = (lambda self: hash(values(self))) if frozen else None
        made.__repr__ = _shown
        return made

    def _shown(self: Any) -> str:
        shown = (f"{one.name}={getattr(self, one.name)!r}" for one in dataclasses.fields(self) if one.repr)
        return f"{type(self).__qualname__}({', '.join(shown)})"


__all__ = ["dataclass"]
