"""Which key comes first."""

import random
from collections import Counter

from openmind_llm.domain.attempts.keyring import Keyring
from openmind_llm.domain.attempts.target import ProviderKey

LIGHT, HEAVY = ProviderKey("light", "sk-1", 1), ProviderKey("heavy", "sk-2", 3)


def test_idle_keys_are_drawn_as_often_as_their_weights_say() -> None:
    keyring = Keyring(random.Random(1).random)  # noqa: S311 - no secret

    drawn = Counter(keyring.ordered("openai", (LIGHT, HEAVY))[0].key_id for _ in range(4000))

    assert 2800 < drawn["heavy"] < 3200


def test_of_busy_keys_the_least_loaded_for_its_weight_comes_first() -> None:
    keyring = Keyring(lambda: 0.5)
    keyring.taken("openai", HEAVY)
    keyring.taken("openai", HEAVY)

    assert keyring.ordered("openai", (HEAVY, LIGHT)) == [LIGHT, HEAVY]

    keyring.taken("openai", LIGHT)

    assert keyring.ordered("openai", (LIGHT, HEAVY)) == [HEAVY, LIGHT]


def test_a_load_is_one_providers() -> None:
    keyring = Keyring(lambda: 0.5)
    keyring.taken("xai", HEAVY)

    assert keyring.ordered("openai", (LIGHT, HEAVY)) == [HEAVY, LIGHT]


def test_a_key_that_is_released_is_idle() -> None:
    keyring = Keyring(lambda: 0.5)
    releases = [keyring.taken("openai", HEAVY) for _ in range(9)]
    for release in releases:
        release()

    assert keyring.ordered("openai", (LIGHT, HEAVY)) == [HEAVY, LIGHT]
    assert not keyring._load
