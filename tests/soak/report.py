"""A soak in a few lines."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from tests.soak import watch
from tests.soak.clients import Told
from tests.soak.evidence import Evidence
from tests.soak.watch import State

MOST_ERRORS = 6


def text(evidence: Evidence) -> str:
    return "".join(f"{name:<14}{told}\n" for name, told in _lines(evidence))


def _lines(evidence: Evidence) -> Iterator[tuple[str, str]]:
    told, calls = evidence.told, evidence.calls.total()
    yield "soak", f"{evidence.seconds:g} s, seed {evidence.seed}"
    yield "requests", f"{len(told)}, {len(told) / evidence.seconds:.1f} a second"
    yield "answers", _counts(Counter(str(one.status or "none") for one in told))
    yield "ends", _counts(Counter(str(one.end) for one in told))
    yield "errors", _counts(dict(Counter(one.error for one in told if one.error).most_common(MOST_ERRORS)))
    yield "calls", f"{calls}, and {evidence.injected.total() / calls:.0%} of them met a fault"
    yield "faults", _counts(evidence.injected)
    yield "attempts", _attempts(evidence)
    yield "latency", _latency(told)
    yield from _inside(evidence)
    yield from _ledger(evidence)


def _attempts(evidence: Evidence) -> str:
    tried = [entry.timing.attempts for entry in evidence.books.entries.values()]
    answered = sum(one.is_fallback for one in evidence.told)
    return f"{sum(tried)}, {sum(max(0, one - 1) for one in tried)} after a first one; {answered} answered by a fallback"


def _latency(told: list[Told]) -> str:
    took = sorted(one.took_s for one in told)
    return f"p50 {took[len(took) // 2]:.2f} s, p99 {took[len(took) * 99 // 100]:.2f} s, longest {took[-1]:.2f} s"


def _inside(evidence: Evidence) -> Iterator[tuple[str, str]]:
    yield "memory", f"{_change(evidence, watch.rss, 1e6)} MB"
    yield "", f"{_change(evidence, watch.blocks, 1e3)} thousand blocks of Python's"
    connected, closed = evidence.after.connections(evidence.provider_port)
    yield "tasks", _counts(evidence.after.tasks)
    yield "connections", f"{connected} to the provider, {closed} of them closed by it"
    yield "logged errors", _counts(evidence.after.errors) or "none"


def _change(evidence: Evidence, what: Callable[[State], int], unit: float) -> str:
    first, last = evidence.samples.first(what), evidence.samples.last(what)
    window = f"{evidence.samples.window_s:.0f} s"
    return f"first {window}: {first / unit:.1f}, last {window}: {last / unit:.1f} ({last / first - 1:+.1%})"


def _ledger(evidence: Evidence) -> Iterator[tuple[str, str]]:
    books = evidence.books
    replays = sum(one.is_replay for one in evidence.told)
    yield "rows", f"{_counts(_outcomes(evidence))}; {replays} replays without a row"
    yield "open holds", f"{len(books.holds)}, by the counters {books.open_holds}"
    yield "ledger check", "sound" if not books.discrepancies else f"{len(books.discrepancies)} found"


def _outcomes(evidence: Evidence) -> Counter[str]:
    return Counter(entry.outcome for entry in evidence.books.entries.values())


def _counts(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{name}: {times}" for name, times in Counter(counted).most_common())
