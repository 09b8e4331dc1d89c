"""Which of a provider's keys a call is made with."""

from collections import Counter
from collections.abc import Callable, Iterable

from openmind_llm.domain.attempts.target import ProviderKey

type _Load = Counter[tuple[str, str]]


class Keyring:
    """Knows how many calls of this process are on their way with each key. `chance` gives numbers from 0 up to 1."""

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._load: _Load = Counter()

    def ordered(self, provider: str, keys: Iterable[ProviderKey]) -> list[ProviderKey]:
        """The least loaded for its weight first; of equally loaded ones, each as often as its weight says.

        The draw is Efraimidis and Spirakis's: the largest u^(1/weight) comes first.
        """
        drawn = [
            (self._load[provider, key.key_id] / key.weight, -(self._chance() ** (1 / key.weight)), key) for key in keys
        ]
        return [key for _, _, key in sorted(drawn, key=lambda one: one[:2])]

    def taken(self, provider: str, key: ProviderKey) -> Callable[[], None]:
        """To be called when the call is over."""
        name = provider, key.key_id
        self._load[name] += 1
        return lambda: self._released(name)

    def _released(self, name: tuple[str, str]) -> None:
        """An idle key takes no memory: keys come and go."""
        self._load[name] -= 1
        if self._load[name] <= 0:
            del self._load[name]
