"""The last test of the suite: no planted secret came out, in a log, an error, an answer or on a terminal."""

import logging

from tests import canaries


def test_the_watch_sees_a_leak() -> None:
    before = list(canaries.leaks)
    logger = logging.getLogger("openmind_llm.leaking")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False

    logger.warning("key", extra={"planted": canaries.API_KEY})

    assert len(canaries.leaks) == len(before) + 1
    canaries.leaks[:] = before


def test_no_canary_was_seen() -> None:
    assert canaries.leaks == []
