"""What a run found, as tables."""

from collections.abc import Iterator

from tests.benchmarks import growth, machine, memory
from tests.benchmarks.bench import Found
from tests.benchmarks.gateways import CASES, Case, Gateway
from tests.benchmarks.tables import Table, number
from tests.benchmarks.targets import TARGETS

OURS = ("stream_lfl", "uvicorn_lfl", "stream", "uvicorn")
_PEERS = ("tensorzero", "portkey", "litellm", "nginx")


def tables(found: Found) -> Iterator[Table]:
    if found.gateways:
        yield _gateways(found)
        yield from (_case(found, case) for case in CASES)
        yield _ratios(found)
    yield from _parts(found)
    if found.failing or found.broken:
        yield _faults(found)
    yield _targets(found)


def ours_failing(found: Found) -> bool:
    return any(gateway in OURS for gateway, _ in found.failing)


def _faults(found: Found) -> Table:
    """A gateway that fails is told to fail: it is not fast."""
    titles = {one.name: one.label for one in found.gateways}
    cases = {case.name: case.title for case in CASES}
    rows = [(f"{titles[name]}, {cases[case]}", _line(why)) for (name, case), why in found.failing.items()]
    rows += [(part, _line(why)) for part, why in found.broken.items()]
    return Table("Not measured", ("what", "why"), rows)


def _gateways(found: Found) -> Table:
    rows = [
        (
            one.label,
            one.version() or machine.commit() if one.name != "direct" else "",
            _of(found, f"{one.name}.memory", 0),
        )
        for one in found.gateways
    ]
    return Table("Gateways: one worker each, all started together", ("gateway", "version", "RSS after, MB"), rows)


def _case(found: Found, case: Case) -> Table:
    columns: tuple[str, ...] = ("gateway", "CPU ms", "of the rounds", "p50 ms", "p90", "p99", "first byte")
    columns += ("chunk delay", "held", "most delayed", "largest gap") if case.stream else ()
    rows = [_row(found, one, case, len(columns)) for one in found.gateways if one.takes(case)]
    return Table(f"{case.title.capitalize()}: per request", columns, rows)


def _row(found: Found, gateway: Gateway, case: Case, width: int) -> tuple[str, ...]:
    if (gateway.name, case.name) in found.failing:
        return (gateway.label, "FAILS", *([""] * (width - 2)))
    at = f"{gateway.name}.{case.name}"
    spread = f"{_of(found, f'{at}.cpu_least')}-{_of(found, f'{at}.cpu_most')}"
    names = ("p50", "p90", "p99", "first", "delay", "held", "worst", "gap")[: width - 3]
    return (gateway.label, _of(found, f"{at}.cpu"), spread, *(_of(found, f"{at}.{name}") for name in names))


def _ratios(found: Found) -> Table:
    """CPU of ours over theirs: below 1, ours takes less."""
    titles = {one.name: one.label for one in found.gateways}
    peers = [name for name in _PEERS if name in titles]
    rows = []
    for case in CASES:
        for ours in OURS:
            value = found.values.get(f"{ours}.{case.name}.cpu")
            if value is not None:
                over = (found.values.get(f"{peer}.{case.name}.cpu") for peer in peers)
                cells = (number(value / one if one else None) for one in over)
                rows.append((f"{titles[ours]}, {case.title}", *cells))
    return Table("CPU per request, over that of", ("ours", *(titles[peer] for peer in peers)), rows)


def _parts(found: Found) -> Iterator[Table]:
    known = found.values
    if "cold.stream.cpu" in known:
        columns = ("", "CPU ms", "wall ms", "modules")
        starts = (
            ("stream, to its first /next", "stream"),
            ("auth, to its handler", "auth"),
            ("LiteLLM, to its first answer", "litellm"),
        )
        rows = [
            (title, *(_of(found, f"cold.{name}.{one}", 0) for one in ("cpu", "wall", "modules")))
            for title, name in starts
        ]
        yield Table("Cold start", columns, rows)
        rows = [
            (title, _of(found, f"{name}.cpu"), _of(found, f"{name}.wall"))
            for title, name in (("first", "first"), ("tenth", "tenth"))
        ]
        yield Table("Requests of a fresh process (stream, everything on)", ("", "CPU ms", "latency ms"), rows)
    if "memory.early" in known:
        names = ((f"after {memory.EARLY:,}", "early"), (f"after {memory.LATE:,}", "late"), ("peak", "peak"))
        yield Table(
            "Memory of stream",
            ("requests", "RSS MB"),
            [(title, _of(found, f"memory.{name}", 1)) for title, name in names],
        )
    if "growth.little.cpu" in known:
        yield _growth(found)
    if found.sizes:
        rows = [(part.name, number(part.zipped), number(part.unzipped)) for part in found.sizes]
        yield Table("Package of stream", ("part", "zipped MB", "unzipped MB"), rows)


def _growth(found: Found) -> Table:
    names = (
        (f"{growth.FEW_KEYS} keys, few rows", "little"),
        (f"{growth.MANY_KEYS:,} keys, {growth.MANY_ROWS:,} rows", "much"),
        ("body of 1 KB", "small"),
        ("body of 500 KB", "middle"),
        ("body of 1 MB", "large"),
    )
    rows = [
        (title, *(_of(found, f"growth.{name}.{one}") for one in ("cpu", "units", "calls"))) for title, name in names
    ]
    return Table(
        "Growth: per buffered request (stream, everything on)", ("", "CPU ms", "DynamoDB units", "calls"), rows
    )


def _targets(found: Found) -> Table:
    rows = []
    for one in TARGETS:
        value = number(one.reckoned(found.values), 3)
        rows.append((one.name, f"{value} {one.unit}", f"{number(one.bound, 3)} {one.unit}", one.verdict(found.values)))
    return Table("Targets", ("target", "value", "at most", ""), rows)


def _line(text: str) -> str:
    return " ".join(text.split())[:160]


def _of(found: Found, name: str, digits: int = 2) -> str:
    return number(found.values.get(name), digits)
