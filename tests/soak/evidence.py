"""All that is known after a soak."""

from collections import Counter
from dataclasses import dataclass

from tests.soak.books import Books
from tests.soak.clients import Told
from tests.soak.watch import Samples, State


@dataclass(frozen=True)
class Evidence:
    """`before` is the gateway's state before the load, `after` once it is quiet again.

    `calls` counts what the provider got by marker, `injected` its faults by name.
    """

    seed: int
    seconds: float
    told: list[Told]
    calls: Counter[str]
    injected: Counter[str]
    before: State
    after: State
    samples: Samples
    provider_port: int
    books: Books
    leaks: list[str]
