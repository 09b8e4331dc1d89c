"""What has to hold after a soak. Each check gives a line for each thing that does not."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

from openmind_llm.domain import money
from openmind_llm.domain.ledger.rows import Entry
from tests.soak import watch
from tests.soak.clients import End, Told
from tests.soak.evidence import Evidence
from tests.soak.watch import KEPT_WHEN_IDLE
from tests.soak.wishes import NEVER_SHORT

MAX_ATTEMPTS = 4
"""Calls for one request: the usual of every plan."""

STATUSES = {0, 200, 402, 409, 429, 503}
"""0: the client left before any came. Nothing that is sent here is at fault, so that any other is the gateway's."""

OUTCOMES = {
    End.WHOLE: {"completed"},
    End.DONE: {"completed"},
    End.BROKEN: {"broken"},
    End.REFUSED: {"refused", "unanswered"},
}
"""Of the row of a request, by what its client saw; one who left may have left any."""

MAY_BE_SWEPT = ("not settled: the hold will be swept", "a hold may be left of a request that was not sent")
"""What the gateway's log says when the ledger's table did not answer; the sweeper then settles as abandoned."""

NOT_KEPT = "answer not kept"
MAY_BE_LOGGED = {*MAY_BE_SWEPT, NOT_KEPT, "provider refused", "health of providers unknown: all count as healthy"}
"""As errors: the provider's refusals, and what comes of an emulator that is slow on a busy machine."""

GROWTH = {watch.rss: 0.10, watch.blocks: 0.02}
"""The most that either may grow. Resident memory also tells what the allocator keeps of a burst, some MB of 110; what
Python has given to objects does not. Over ten minutes, with some 13,000 requests, they are 900 bytes, and one object,
for each.
"""


def problems(evidence: Evidence) -> list[str]:
    return [line for check in CHECKS for line in check(evidence)]


def _every_request_ended(evidence: Evidence) -> Iterator[str]:
    for told in evidence.told:
        if told.end in {End.HUNG, End.CUT}:
            yield f"{_name(told)}: {told.end} {told.error} after {told.took_s:.1f} s and {told.events} events"
        if told.status not in STATUSES:
            yield f"{_name(told)}: status {told.status}, {told.error}"


def _nothing_is_left_running(evidence: Evidence) -> Iterator[str]:
    left = evidence.after.tasks_beyond(evidence.before)
    if left:
        yield f"tasks are left: {dict(left)}"
    connected, closed = evidence.after.connections(evidence.provider_port)
    if connected > KEPT_WHEN_IDLE:
        yield f"{connected} connections to the provider are open, though none is in use"
    if closed:
        yield f"{closed} connections that the provider has closed are open"


def _nothing_went_wrong_inside(evidence: Evidence) -> Iterator[str]:
    for text, times in evidence.after.errors.items():
        if text not in MAY_BE_LOGGED:
            yield f"logged {times} times: {text}"
    yield from (f"a planted secret came out: {leak}" for leak in evidence.leaks)


def _no_credit_is_held(evidence: Evidence) -> Iterator[str]:
    books = evidence.books
    yield from (f"hold {hold.request_id} of {hold.account_id} is open" for hold in books.holds)
    if books.open_holds or books.held:
        yield f"accounts and keys count {books.open_holds} open holds, and hold {books.held}"


def _the_ledger_is_sound(evidence: Evidence) -> Iterator[str]:
    yield from evidence.books.discrepancies


def _every_swept_hold_is_explained(evidence: Evidence) -> Iterator[str]:
    swept = sum(entry.outcome == "abandoned" for entry in evidence.books.entries.values())
    explained = sum(evidence.after.errors.get(text, 0) for text in MAY_BE_SWEPT)
    if swept > explained:
        yield f"{swept} holds were swept, but only {explained} could not be settled"


def _rows_say_what_clients_saw(evidence: Evidence) -> Iterator[str]:
    for told in evidence.told:
        entry = evidence.books.entries.get(told.request_id)
        if entry is None:
            if told.end in OUTCOMES and not told.is_replay and not _is_refused_at_the_door(told):
                yield f"{_name(told)}: {told.end}, and there is no row"
        elif entry.outcome != "abandoned":
            yield from _differences(told, entry)


def _is_refused_at_the_door(told: Told) -> bool:
    """Before anything was admitted."""
    return told.end is End.REFUSED and told.attempts is None


def _differences(told: Told, entry: Entry) -> Iterator[str]:
    attempts = entry.timing.attempts
    if told.end in OUTCOMES and entry.outcome not in OUTCOMES[told.end]:
        yield f"{_name(told)}: {told.end}, but its row is {entry.outcome}"
    if told.attempts not in {None, attempts}:
        yield f"{_name(told)}: {told.attempts} attempts told, {attempts} in its row"
    is_sure = bool(told.cost) and told.wish.who.account == NEVER_SHORT
    if is_sure and told.cost != money.text(entry.charge):
        yield f"{_name(told)}: cost {told.cost} told, {money.text(entry.charge)} charged"


def _refusals_cost_nothing(evidence: Evidence) -> Iterator[str]:
    for entry in evidence.books.entries.values():
        if entry.outcome == "refused" and entry.charge:
            yield f"request {entry.hold.request_id} was refused, and charged {money.text(entry.charge)}"


def _every_row_is_of_a_request(evidence: Evidence) -> Iterator[str]:
    """A client that left before it got an id may have a row, one at most."""
    unknown = evidence.books.entries.keys() - {told.request_id for told in evidence.told}
    nameless = sum(not told.request_id for told in evidence.told)
    if len(unknown) > nameless:
        yield f"{len(unknown)} rows are of nobody's request, and only {nameless} clients do not know theirs"


def _repeats_are_charged_once(evidence: Evidence) -> Iterator[str]:
    rows = Counter(
        (entry.hold.account_id, entry.hold.idempotency)
        for entry in evidence.books.entries.values()
        if entry.hold.idempotency and entry.outcome == "completed"
    )
    twice = sum(times - 1 for times in rows.values())
    if twice > evidence.after.errors.get(NOT_KEPT, 0):
        yield f"{twice} requests were answered, and charged, more than once under one Idempotency-Key"
    for told in evidence.told:
        original = told.headers.get("x-openmind-original-request-id", "")
        if told.is_replay and (told.request_id in evidence.books.entries or original not in evidence.books.entries):
            yield f"{_name(told)}: a replay of {original}, which has a row of its own, or no original"


def _calls_keep_to_their_budget(evidence: Evidence) -> Iterator[str]:
    for entry in evidence.books.entries.values():
        if entry.timing.attempts > MAX_ATTEMPTS:
            yield f"request {entry.hold.request_id} was tried {entry.timing.attempts} times"
    most: dict[str, int] = defaultdict(int)
    for told in evidence.told:
        most[told.wish.marker] += _calls_at_most(told, evidence)
    for marker, calls in evidence.calls.items():
        if calls > most[marker]:
            yield f"{calls} calls came with {marker} but its requests account for {most[marker]}"


def _calls_at_most(told: Told, evidence: Evidence) -> int:
    """Of one request, as its row says; without one, none were made, unless its client does not know its row."""
    entry = evidence.books.entries.get(told.request_id)
    if entry is None:
        return 0 if told.request_id else MAX_ATTEMPTS
    return MAX_ATTEMPTS if entry.outcome == "abandoned" else entry.timing.attempts


def _faults_were_injected(evidence: Evidence) -> Iterator[str]:
    calls, faults = evidence.calls.total(), evidence.injected.total()
    if faults < 0.15 * calls:
        yield f"only {faults} of {calls} calls met a fault"


def _memory_is_flat(evidence: Evidence) -> Iterator[str]:
    for what, most in GROWTH.items():
        first, last = evidence.samples.first(what), evidence.samples.last(what)
        if last > first * (1 + most):
            yield f"{what.__name__} has grown from {first:.0f} to {last:.0f}"


def _name(told: Told) -> str:
    return f"request {told.wish.number} ({told.request_id or 'without an id'})"


CHECKS: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    _every_request_ended,
    _nothing_is_left_running,
    _nothing_went_wrong_inside,
    _no_credit_is_held,
    _the_ledger_is_sound,
    _every_swept_hold_is_explained,
    _rows_say_what_clients_saw,
    _refusals_cost_nothing,
    _every_row_is_of_a_request,
    _repeats_are_charged_once,
    _calls_keep_to_their_budget,
    _faults_were_injected,
    _memory_is_flat,
)
