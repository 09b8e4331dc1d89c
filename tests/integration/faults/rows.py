"""The matrix, written by hand: what a provider does, and what a caller is to see of it in each of eight situations."""

from dataclasses import dataclass, replace

from tests.integration.faults import behaviours
from tests.integration.faults.behaviours import Behaviour, first_key, healthy, once, says
from tests.integration.faults.outcomes import (
    ANSWER,
    DOWN_FALLBACK,
    DOWN_PRIMARY,
    FALLBACK,
    NO_CREDIT,
    NO_KEY,
    NOT_SERVED,
    PATIENCE,
    PRIMARY,
    QUESTION,
    REFUSED,
    UNREACHABLE,
    Outcome,
    answered,
    answered_elsewhere,
    broken,
    put_off,
    refused,
    unanswered,
)

DEADLINE_S = 3.0
"""What the requests to providers that hang ask for."""

LATE_S = 2.0
"""How much longer than it says a request may take on a busy machine."""

PAUSES_S = 1.75
"""All pauses of a request whose provider asks for none."""


@dataclass(frozen=True)
class Cells:
    """Of whole answers, or of streams. None: this situation does not exist."""

    one_key: Outcome | None
    one_key_fallback: Outcome | None
    two_keys: Outcome | None
    two_keys_fallback: Outcome | None


@dataclass(frozen=True)
class Row:
    """`within_s` is the most that a request may take. `deadline_s` is what it asks for, if it does.

    `others` is what the fallback does.
    """

    name: str
    primary: Behaviour
    whole: Cells | None
    stream: Cells | None
    others: Behaviour = healthy
    within_s: float = PAUSES_S + LATE_S
    deadline_s: float | None = None
    providers: tuple[str, str] = (PRIMARY, FALLBACK)


def cells(
    alone: Outcome, fallback: Outcome | None = None, two: Outcome | None = None, two_fallback: Outcome | None = None
) -> Cells:
    """A second key, and a fallback, make no difference where nothing is said of them."""
    fallback = fallback or alone
    return Cells(alone, fallback, two or alone, two_fallback or (fallback if two is None else two))


def both(name: str, primary: Behaviour, expected: Cells, **more: float) -> Row:
    """Whole and streamed alike."""
    return Row(name, primary, expected, expected, **more)  # type: ignore[arg-type]


def in_streams(name: str, primary: Behaviour, expected: Cells, **more: float) -> Row:
    """What a whole answer cannot do."""
    return Row(name, primary, None, expected, **more)  # type: ignore[arg-type]


IS_INPUT = cells(refused(400, REFUSED))
IS_KEY = cells(
    refused(503, NO_KEY), answered_elsewhere(after=1), refused(503, NO_KEY, calls=2), answered_elsewhere(after=2)
)
IS_CREDIT = cells(
    refused(503, NO_CREDIT), answered_elsewhere(after=1), refused(503, NO_CREDIT, calls=2), answered_elsewhere(after=2)
)
IS_MODEL = cells(refused(503, NOT_SERVED), answered_elsewhere(after=1))
IS_ODD = cells(replace(put_off(503, UNREACHABLE, calls=1), may_retry=False), answered_elsewhere(after=1))
IS_OUTAGE = cells(put_off(503, UNREACHABLE, calls=4), answered_elsewhere(after=2))
IS_LONG_OUTAGE = cells(put_off(503, UNREACHABLE, calls=1, retry_after="60"), answered_elsewhere(after=1))
IS_BUSY = cells(put_off(429, PATIENCE, calls=4, retry_after="2"), answered_elsewhere(after=2))
IS_BUSY_FOR_A_SECOND = cells(put_off(429, PATIENCE, calls=4), answered_elsewhere(after=2))
IS_BUSY_FOR_AN_HOUR = cells(
    put_off(429, PATIENCE, calls=1, retry_after="3600"),
    answered_elsewhere(after=1),
    put_off(429, PATIENCE, calls=2, retry_after="3600"),
    answered_elsewhere(after=2),
)
IS_BUSY_BEYOND_ITS_TIME = cells(
    put_off(429, PATIENCE, calls=1, retry_after="10"),
    answered_elsewhere(after=1),
    put_off(429, PATIENCE, calls=2, retry_after="10"),
    answered_elsewhere(after=2),
)
IS_BROKEN = cells(unanswered(calls=4), answered_elsewhere(after=2))
IS_SILENT = cells(unanswered(calls=1), answered_elsewhere(after=1))
IS_WELL = cells(answered())
IS_WELL_AGAIN = cells(answered(calls=2))
WITH_ANOTHER_KEY = Cells(None, None, answered(calls=2), answered(calls=2))

BILLED_FOR_NOTHING = Outcome(
    503,
    error=UNREACHABLE,
    charge=ANSWER,
    ending="broken",
    served_by="openai/matrix-1",
    may_retry=False,
    retry_after="1",
)
ENDED = "ended its stream before its answer was complete"
HANGING = {"within_s": DEADLINE_S + LATE_S, "deadline_s": DEADLINE_S}
IN_NO_TIME = {"within_s": LATE_S, "deadline_s": DEADLINE_S}

DOWN = "Failed to connect to xai server"
NOBODY_THERE = Outcome(503, error=DOWN, attempts=4, reached=(0, 0), may_retry=False, retry_after="1")

ROWS = [
    both("healthy", healthy, IS_WELL),
    both("400", says(400), IS_INPUT),
    both("401", says(401), IS_KEY),
    both("402", says(402), IS_CREDIT),
    both("403", says(403), IS_KEY),
    both("404", says(404), IS_MODEL),
    both("405", says(405), IS_ODD),
    both("408", says(408), IS_OUTAGE),
    both("409", says(409), IS_OUTAGE),
    both("413", says(413), IS_INPUT),
    both("422", says(422), IS_INPUT),
    both("425", says(425), IS_OUTAGE),
    both("429", says(429), IS_BUSY),
    both("429, `retry-after: 0`", says(429, retry_after="0"), IS_BUSY_FOR_A_SECOND, within_s=3 + LATE_S),
    both("429, `retry-after: 1`", says(429, retry_after="1"), IS_BUSY_FOR_A_SECOND, within_s=3 + LATE_S),
    both("429, `retry-after: 3600`", says(429, retry_after="3600"), IS_BUSY_FOR_AN_HOUR),
    both("429, `retry-after: 10`, with 3 s left", says(429, retry_after="10"), IS_BUSY_BEYOND_ITS_TIME, **IN_NO_TIME),
    both("429, `insufficient_quota`", behaviours.out_of_quota, IS_CREDIT),
    both("500", says(500), IS_OUTAGE),
    both("502", says(502), IS_OUTAGE),
    both("503, `retry-after: 1`", says(503, retry_after="1"), IS_OUTAGE, within_s=3 + LATE_S),
    both("503, `retry-after: 60`", says(503, retry_after="60"), IS_LONG_OUTAGE),
    both("504", says(504), IS_OUTAGE),
    both("529", says(529), IS_OUTAGE),
    Row(
        "connection refused",
        healthy,
        cells(NOBODY_THERE, answered_elsewhere(after=2, reached=0)),
        cells(NOBODY_THERE, answered_elsewhere(after=2, reached=0)),
        providers=(DOWN_PRIMARY, FALLBACK),
    ),
    both("closes the connection without a byte", behaviours.closes, IS_BROKEN),
    both("hangs without a byte", behaviours.hangs, IS_SILENT, **HANGING),
    both("hangs after its headers", behaviours.hangs_after_its_headers, IS_SILENT, **HANGING),
    both("200 with an error in it", says(200), IS_OUTAGE),
    both("200 with HTML", behaviours.answers_in_html, IS_BROKEN),
    both("200 with half of its JSON", behaviours.cuts_its_json, IS_BROKEN),
    Row(
        "200 without a choice or usage",
        behaviours.chooses_nothing,
        IS_BROKEN,
        cells(broken(ENDED, QUESTION, content="")),
    ),
    Row(
        "200 without a choice, with usage",
        behaviours.chooses_nothing_and_bills,
        cells(BILLED_FOR_NOTHING),
        cells(broken(ENDED, ANSWER, content="")),
    ),
    in_streams("stream: an error comes first", behaviours.begins_with_an_error, IS_OUTAGE),
    in_streams("stream: ends without an event", behaviours.ends_at_once, IS_BROKEN),
    in_streams(
        "stream: dies after its first event",
        behaviours.dies_in_the_middle,
        cells(broken("broke off in the middle of its answer")),
    ),
    in_streams(
        "stream: stalls after its first event",
        behaviours.stalls_in_the_middle,
        cells(broken("sent nothing for 1.5 s")),
    ),
    in_streams(
        "stream: is not at its end in time",
        behaviours.never_comes_to_an_end,
        cells(broken("took longer than the request may take")),
        **HANGING,
    ),
    in_streams(
        "stream: an error in the middle",
        behaviours.fails_in_the_middle,
        cells(broken("failed in the middle of its answer")),
    ),
    in_streams("stream: ends without `finish_reason`", behaviours.gives_no_finish_reason, cells(broken(ENDED))),
    both("500 once, then healthy", once(says(500)), IS_WELL_AGAIN),
    both("429 once, then healthy", once(says(429)), IS_WELL_AGAIN),
    both("closes once, then healthy", once(behaviours.closes), IS_WELL_AGAIN),
    both("401 for one key, healthy for the other", first_key(says(401)), WITH_ANOTHER_KEY),
    both("429 for one key, healthy for the other", first_key(says(429, retry_after="3600")), WITH_ANOTHER_KEY),
]


def _all(row: Row, both_down: Outcome) -> Row:
    """The same of the fallback."""
    alone = row.whole.one_key if row.whole else None
    assert alone is not None
    return replace(row, others=row.primary, whole=cells(alone, both_down), stream=cells(alone, both_down))


ROWS += [
    _all(
        both("all: 500", says(500), IS_OUTAGE),
        replace(put_off(503, UNREACHABLE, calls=4), reached=(2, 2)),
    ),
    _all(
        Row("all: connection refused", healthy, cells(NOBODY_THERE), None, providers=(DOWN_PRIMARY, DOWN_FALLBACK)),
        NOBODY_THERE,
    ),
    _all(
        both("all: hang without a byte", behaviours.hangs, IS_SILENT, **HANGING),
        replace(unanswered(calls=2), reached=(1, 1)),
    ),
]
