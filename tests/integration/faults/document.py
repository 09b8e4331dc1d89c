"""docs/faults.md: the retry table of the product, and what was observed when it was played."""

from pathlib import Path

from openmind_llm.domain.attempts import course, table
from openmind_llm.domain.attempts.table import Rule
from tests.integration.faults.callers import SITUATIONS, Observed, Situation
from tests.integration.faults.played import DOWN, MANY, Played, expected
from tests.integration.faults.rows import DEADLINE_S, ROWS, Row

PATH = Path(__file__).parents[3] / "docs" / "faults.md"

ADDED_S = 0.5
"""The most that a fallback may come later than a healthy answer, in the median."""

_HEAD = """# When a provider fails

Written by `make faults`, which sends one request for each cell of the table below through the whole gateway to a
provider that misbehaves on a real socket. Do not edit it by hand: a test compares.

What a caller can rely on:

- One budget for all: `x-request-timeout-ms`, else the plan's `timeout_s`, bounds a request with its retries and
  fallbacks, and the plan's `max_attempts` (4) all of its calls. `x-openmind-attempts` tells how many there were.
- Nobody pays twice, and nobody pays for a refusal. Where a call may have been billed and no answer came, the question
  is paid for, once, and `x-should-retry: false` keeps the openai SDK from asking again. So it does where all calls of
  the budget were made: its retries would multiply them.
- Once the first event of a stream is out, nothing is tried again: a stream that fails ends with one error event and
  without `[DONE]`, and what came is paid for.
- {many}

## What is tried again, and what never is

A provider's own rules (`error_rules` in `providers.json`) go before the status. Before the same is tried again there is
a pause of random length, {first:g} s at most, then twice as much up to {longest:g} s, and at least what `retry-after`
says. A provider that asks for more than {wait} s ({wait_before} s where there is a fallback) is not waited for, and its
`retry-after` is handed on. Before a fallback, a route gets {tries} tries.

| what happened | means | the same again | another key | a fallback | beyond this request |
|---|---|---|---|---|---|
"""

_MATRIX = """
## What comes of it

Status, calls (`2+1`: two to the provider that was asked for, one to the fallback), and what was charged. Whole answers
and streams, with one or two keys of the provider; `f`: with a fallback at another provider, which is healthy unless the
row says "all". `free`: nothing was charged. `paid`: the answer was, once, at the price of the model that gave it.
`question paid`: see above. Requests to a provider that hangs asked for {deadline:g} s, and were answered by then.
Nothing was remembered from one request to the next: no way was closed by the circuit breaker, no key set aside.

"""

_WORDS = {
    "input": "{statuses}: the request is at fault",
    "provider_key": "{statuses}: the key is refused",
    "provider_credit": "{statuses}, 429 `insufficient_quota`: nobody pays for the key",
    "forbidden": "{statuses}: not this request with this key",
    "too_dear": "402 that names `max_tokens` (OpenRouter): not this request with what is left",
    "model": "{statuses}: the provider does not know the model",
    "rate": "{statuses}: the provider asks for patience",
    "passing": "{statuses}: heals by itself",
    "outage": "5xx, or a 200 with an error in it",
    "unreachable": "no connection: nothing was sent",
    "broken": "the connection broke, or what came is no answer; may have been billed",
    "timeout": "nothing came in time; may have been billed",
    "too_large": "more than 16 MB came: it would again; may have been billed",
    "unconfigured": "there is no key, or no usable one",
    "refused": "any other status below 500, 501 and 505",
}
"""A row of the retry table each."""


def text(played: Played) -> str:
    head = _HEAD.format(
        many=_many(played),
        first=course.FIRST_PAUSE_S,
        longest=course.LONGEST_PAUSE_S,
        wait=course.LONGEST_WAIT_S,
        wait_before=course.LONGEST_WAIT_BEFORE_FALLBACK_S,
        tries=course.TRIES_OF_A_ROUTE,
    )
    rules = "\n".join(_rule(name, rule) for name, rule in table.RULES.items())
    return f"{head}{rules}\n{_MATRIX.format(deadline=DEADLINE_S)}{_matrix(played)}\n"


def _many(played: Played) -> str:
    answered = sum(one.heard.status == 200 for name in DOWN for one in played.down[name])
    return (
        f"With a provider down (500, or connections refused) and a healthy fallback, {answered} of {MANY * len(DOWN)}\n"
        f"  requests were answered; the median came less than {_seconds(ADDED_S)} later than from a healthy provider."
    )


def _seconds(bound: float) -> str:
    return {0.5: "half a second"}[bound]


def _rule(name: str, rule: Rule) -> str:
    statuses = ", ".join(str(status) for status, means in table.STATUSES.items() if means == name)
    happened = _WORDS[name].format(statuses=statuses)
    rests = f"the key rests for {rule.set_aside_s} s, if there is another" if rule.set_aside_s else ""
    later = rests or ("counts against the provider's health" if rule.is_counted else "")
    marks = ("yes" if one else "never" for one in (rule.again, rule.other_key, rule.elsewhere))
    return f"| {happened} | `{name}` | {' | '.join(marks)} | {later} |"


def _matrix(played: Played) -> str:
    titles = [_title(one) for one in SITUATIONS]
    lines = [f"| the provider | {' | '.join(titles)} |", f"|---|{'---|' * len(titles)}"]
    lines += [f"| {row.name} | {' | '.join(_cell(played, row, one) for one in SITUATIONS)} |" for row in ROWS]
    return "\n".join(lines)


def _title(situation: Situation) -> str:
    way, number = ("stream" if situation.is_stream else "whole"), ("1 key" if situation.keys == 1 else "2 keys")
    return f"{way}, {number}{', f' if situation.has_fallback else ''}"


def _cell(played: Played, row: Row, situation: Situation) -> str:
    if expected(row, situation) is None:
        return "—"
    observed = played.matrix[row.name, situation]
    outcome = observed.outcome
    status = f"{outcome.status}, then an error" if outcome.code else str(outcome.status)
    return f"{status} · {_calls(observed)} · {_paid(observed)}"


def _calls(observed: Observed) -> str:
    elsewhere = observed.outcome.reached[1]
    first = observed.outcome.attempts - elsewhere
    if elsewhere:
        return f"{first}+{elsewhere} calls"
    return "1 call" if first == 1 else f"{first} calls"


def _paid(observed: Observed) -> str:
    outcome = observed.outcome
    if not outcome.charge:
        return "free"
    if outcome.ending == "completed":
        return "paid"
    if outcome.ending == "unanswered":
        return "question paid"
    return "what came is paid" if outcome.status == 200 else "what it reports is paid"
