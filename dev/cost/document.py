"""docs/cost.md: page.md with its tables and figures filled in."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dev.cost import requests, stack, standing
from dev.cost.data import FOLDER, Data
from dev.cost.requests import VCPU_MB, Asked, Lines
from dev.cost.stack import Made

PATH = Path(__file__).parents[2] / "docs" / "cost.md"
MEMORIES_GB = (0.25, 0.5, 1.0)
DOORS = {True: "API Gateway", False: "function URL"}


def text(data: Data, made: Made, with_waf: Made) -> str:
    page = (FOLDER / "page.md").read_text()
    return page.format(**_figures(data, made), **_tables(data, made, _waf_rules(with_waf)), **_sources(data))


def current(data: Data) -> str:
    return text(data, stack.made(), stack.made(Waf="on"))


def _waf_rules(made: Made) -> int:
    return sum(len(one.get("Rules", [])) for one in made.of_kind("AWS::WAFv2::WebACL").values())


def _memory(made: Made) -> dict[str, float]:
    return {"stream": made.memory_gb("StreamFunction"), "auth": made.memory_gb("AuthFunction")}


def _figures(data: Data, made: Made) -> dict[str, str]:
    memory, found = _memory(made), data.found
    whole, _, stream, _ = requests.kinds(data)
    halved = memory | {"stream": 0.5}
    return {
        "idle_total": _usd(sum(standing.idle(data, made).values())),
        "whole_total": _usd(_total(whole, data, memory)),
        "stream_total": _usd(_total(stream, data, memory)),
        "containers_total": _usd(sum(standing.containers(data).values())),
        "whole_even": _millions(_even(whole, data, made, memory)),
        "stream_even": _millions(_even(stream, data, made, memory)),
        "stream_even_512": _millions(_even(stream, data, made, halved)),
        "stream_gb": f"{memory['stream'] * 1024:,.0f} MB",
        "cold_share": f"{found['cold_share'] * 100:g}",
        "vcpu_mb": f"{VCPU_MB:,}",
        "waf_body": f"{found['waf_body_kb']:g}",
        "guidance": f"{data.prices['guidance']['usd_month']:.2f}",
        **{name: f"{found[name]:g}" for name in ("whole_s", "stream_s", "stream_events")},
        **{name.removesuffix("_mb"): f"{found[name]:g}" for name in found if name.endswith("_mb")},
    }


def _tables(data: Data, made: Made, waf_rules: int) -> dict[str, str]:
    return {
        "requests": _requests(data, _memory(made)),
        "memory": _memories(data, made),
        "idle": _sums(standing.idle(data, made)),
        "options": _options(data, waf_rules),
        "containers": _sums(standing.containers(data)),
        "even": _breaking_even(data, made),
    }


def _sources(data: Data) -> dict[str, str]:
    prices, inputs = data.prices, data.inputs
    priced = ((_exact(one["usd"]), one["unit"], _source(one)) for one in prices["prices"].values())
    told = (
        (f"`{name}`", f"{one['value']:g}", kind, one["how"])
        for kind in ("measured", "assumed")
        for name, one in inputs[kind].items()
    )
    return {
        **{name: prices[name] for name in ("region", "currency")},
        "prices_date": prices["date"],
        "measured_date": f"{inputs['date']}, on {inputs['machine']}",
        "guidance_source": prices["guidance"]["source"],
        "containers_why": inputs["containers"]["why"],
        "inputs": _table(("what", "value", "", "how"), told),
        "prices": _table(("USD", "for a", "source"), priced),
    }


def _source(price: Mapping[str, Any]) -> str:
    return f"{price['source']} (`unverified`)" if price.get("unverified") else str(price["source"])


def _requests(data: Data, memory: Mapping[str, float]) -> str:
    kinds = requests.kinds(data)
    columns = [requests.per_million(one, data, memory) for one in kinds]
    rows = [(name, *(_usd(column[name]) for column in columns)) for name in columns[0]]
    total = ("**together**", *(f"**{_usd(sum(column.values()))}**" for column in columns))
    return _table(("", *(f"{one.name}, {DOORS[one.has_gateway]}" for one in kinds)), [*rows, total])


def _memories(data: Data, made: Made) -> str:
    found, kinds = data.found, requests.kinds(data)
    head = ("memory", "vCPU", "whole", "stream", "own part of a request", "INIT", "busy in a stream")
    rows = []
    for gb in MEMORIES_GB:
        memory, own = _memory(made) | {"stream": gb}, found["stream_cpu_ms"] / requests.share(gb)
        start, part = requests.init_s(found, "stream", gb), requests.busy(kinds[2], found, gb)
        costs = (_usd(_total(kind, data, memory)) for kind in (kinds[0], kinds[2]))
        told = (f"{requests.share(gb):.2f}", *costs, f"{own:.0f} ms", f"{start:.1f} s", f"{part * 100:.0f} %")
        rows.append((f"{gb * 1024:,.0f} MB", *told))
    return _table(head, rows)


def _options(data: Data, waf_rules: int) -> str:
    rows = standing.options(data, requests.kinds(data)[0], waf_rules)
    return _table(("", "USD a month", "USD for a million requests"), [(name, _usd(a), _usd(b)) for name, a, b in rows])


def _breaking_even(data: Data, made: Made) -> str:
    memory, rows = _memory(made), []
    for gb in (memory["stream"], 0.5):
        for kind in requests.kinds(data):
            own, theirs = _total(kind, data, memory | {"stream": gb}), standing.per_million_of_containers(data, kind)
            even = _even(kind, data, made, memory | {"stream": gb})
            name = f"{kind.name}, {DOORS[kind.has_gateway]}, {gb * 1024:,.0f} MB"
            rows.append((name, _usd(own), _usd(theirs), _millions(even)))
    return _table(("", "a million here", "a million there", "cheaper here up to, a month"), rows)


def _even(asked: Asked, data: Data, made: Made, memory: Mapping[str, float]) -> float:
    """Requests a month at which both cost the same."""
    fixed = sum(standing.containers(data).values()) - sum(standing.idle(data, made).values())
    each = _total(asked, data, memory) - standing.per_million_of_containers(data, asked)
    return max(0.0, fixed) / each * requests.MILLION


def _total(asked: Asked, data: Data, memory: Mapping[str, float]) -> float:
    return sum(requests.per_million(asked, data, memory).values())


def _sums(lines: Lines) -> str:
    rows = [(name, _usd(cost)) for name, cost in lines.items()]
    return _table(("", "USD a month"), [*rows, ("**together**", f"**{_usd(sum(lines.values()))}**")])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join((f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *lines))


def _usd(amount: float) -> str:
    return f"{amount:,.2f}"


def _exact(amount: float) -> str:
    return f"{amount:.10f}".rstrip("0").rstrip(".")


def _millions(count: float) -> str:
    return f"{count / requests.MILLION:.1f} million" if count >= requests.MILLION else f"{count:,.0f}"
