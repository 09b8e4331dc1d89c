"""When a cell opens, and for how long: the numbers and their reasons."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from openmind_llm.classes import dataclass

if TYPE_CHECKING:
    from openmind_llm.domain.attempts.cells import Counts

TAGS = 64
"""So many accounts can be told apart in a bucket, whose item then stays below 1 kB, and its write at one unit."""


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """Times are in seconds. The numbers behind the choices are in docs/adr/0012-circuit-breaker.md."""

    max_age_s: float = 5
    """Of a look: some requests still go to what opened elsewhere, and a busy environment reads once in this time."""

    bucket_s: int = 60
    """Failures count together if they fall into the same one. Longer ones notice at less traffic, and forget later."""

    failures: int = 5
    """Fewer may be chance."""

    ratio: float = 0.5
    """Of a bucket's attempts. Below it an attempt is more likely to succeed than to fail, and retries do the rest."""

    others_failures: int = 2
    """As many failures must be left without the account that had most of them, where another one was seen."""

    one_in: int = 5
    """Answers are written with this chance, and count for as many. Failures are always written."""

    open_s: int = 30
    longest_open_s: int = 300
    """A cell is probed again within this time, however often its probes failed."""

    slow_first_s: float = 60
    """A stream whose first token takes longer has failed, even though it goes on."""

    patient_s: float = 20
    """Who waited for less than this has not shown that anything hangs. API Gateway leaves an attempt 28 s."""

    probe_s: int = 300
    """A probe that nobody tells of is over after this, however long its attempt may take."""

    forget_s: int = 3600
    """An opening that nobody has asked for so long after its end is over: its model or key may be gone."""

    most_openings: int = 500
    """Of a provider: they share an item, which may have 400 kB. One has less than 400 bytes."""

    rest_s: float = 10
    """So long nothing is asked of a store that failed, so that it does not slow every request."""


def opens(counts: Counts, rules: BreakerRules) -> bool:
    """Whether the failures are many, also without the account that had most of them if it is not the only one."""
    failures, answers = sum(counts.failures.values()), sum(counts.answers.values())
    if failures < rules.failures or not _most_fail(failures, _at_most(answers, rules), rules):
        return False
    worst = max(counts.failures, key=lambda tag: counts.failures[tag])
    if not (counts.failures.keys() | counts.answers.keys()) - {worst}:
        return True
    failures, answers = failures - counts.failures[worst], answers - counts.answers.get(worst, 0)
    return failures >= rules.others_failures and _most_fail(failures, answers, rules)


def tag(account_id: str) -> str:
    """Stands for an account in counts. Those that share one (of two, one pair in 64) are not told apart."""
    return str(zlib.crc32(account_id.encode()) % TAGS)


def _most_fail(failures: int, answers: int, rules: BreakerRules) -> bool:
    return failures >= rules.ratio * (failures + answers)


def _at_most(answers: int, rules: BreakerRules) -> int:
    """With those that may have come since the last one of the sample. Where it has none, the failures alone decide."""
    return answers + rules.one_in - 1 if answers else 0
