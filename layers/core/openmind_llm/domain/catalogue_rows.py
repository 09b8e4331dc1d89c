"""Rows of the catalogue as data: how an operator names and changes them, and how a change of them is told."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from openmind_llm.classes import dataclass
from openmind_llm.domain import money
from openmind_llm.domain.catalogue import Row

type Key = tuple[str, str]
"""Provider and name."""
type Rows = dict[Key, Row]

FIELDS = frozenset(
    {
        "aliases",
        "capabilities",
        "ceiling",
        "context_window",
        "fallbacks",
        "image_tokens",
        "max_output_tokens",
        "name",
        "note",
        "prefix",
        "prices",
        "profile",
        "provider",
        "replacement",
        "shutdown",
        "snapshots",
        "status",
        "upstream_id",
    }
)
"""Of a row. A misspelt one must not be taken for a change."""


@dataclass(frozen=True, slots=True)
class NewPrice:
    """From a day on, in micro-USD and OMCU for a million tokens, by class. What is not named costs what it did."""

    since: str
    usd: dict[str, int]
    omcu: dict[str, int]


class PriceHistoryError(ValueError):
    """A price that may have been charged by would be written over."""


class SharedNameError(ValueError):
    """Two rows would answer to one name, and only one of them could set its price."""


def key(name: str) -> Key:
    """Of `provider/model`. Raises ValueError."""
    provider, slash, model = name.partition("/")
    if not (provider and slash and model):
        raise ValueError(f"'{name}' is no name of the form provider/model")
    return provider, model


def of(row: Row) -> Key:
    """Raises ValueError for a row that has no name, or a field that no row has."""
    unknown = sorted(row.keys() - FIELDS)
    if unknown:
        raise ValueError(f"a row has no {', '.join(unknown)}; it may have {', '.join(sorted(FIELDS))}")
    provider, name = row.get("provider"), row.get("name")
    if not (isinstance(provider, str) and isinstance(name, str) and provider and name):
        raise ValueError("every row needs a provider and a name")
    return provider, name


def told(name: Key) -> str:
    return "/".join(name)


def read(text: str) -> Rows:
    """What `text` made."""
    return {(row["provider"], row["name"]): row for row in json.loads(text)}


def text(rows: Rows) -> str:
    """Always the same for the same rows."""
    return json.dumps([rows[name] for name in sorted(rows)], sort_keys=True, separators=(",", ":"))


def priced(row: Row, price: NewPrice) -> list[Row]:
    """The prices of a row, and a new one after them. Raises ValueError."""
    prices: list[Row] = row["prices"]
    newest = prices[-1]
    if price.usd and newest["usd"].get("tiers"):
        raise ValueError("the price has tiers: set a new one as JSON, see `models show`")
    entry = {**newest, "since": price.since, "omcu_basis": "set by the operator"}
    entry.pop("source", None)
    return [*prices, entry | {"usd": newest["usd"] | price.usd, "omcu": newest["omcu"] | price.omcu}]


def require_prices_kept(before: Rows, after: Rows) -> None:
    """A price is added after those that are there. Raises PriceHistoryError."""
    for name in before.keys() & after.keys():
        old, new = (row.get("prices", []) for row in (before[name], after[name]))
        if [_amounts(one) for one in old] != [_amounts(one) for one in new[: len(old)]]:
            raise PriceHistoryError(
                f"{told(name)}: its prices from {', '.join(one['since'] for one in old)} must stay as they are, "
                "with new ones after them"
            )
        was, now = before[name].get("ceiling"), after[name].get("ceiling")
        if was and now and _amounts(was) != _amounts(now) and now["since"] <= was["since"]:
            raise PriceHistoryError(f"{told(name)}: another ceiling needs a later date than {was['since']}")


def require_own_names(before: Rows, after: Rows) -> None:
    """No name comes to lead to two rows of a provider. Raises SharedNameError."""
    were, are = _owners(before), _owners(after)
    for (provider, name), owners in are.items():
        if len(owners) > 1 and not owners <= were.get((provider, name), set()):
            raise SharedNameError(f"{provider}/{name} would be a name of {' and '.join(map(told, sorted(owners)))}")


def _owners(rows: Rows) -> dict[Key, set[Key]]:
    found: dict[Key, set[Key]] = {}
    for owner, row in rows.items():
        for name in (row["name"], *row["aliases"], *row["snapshots"]):
            found.setdefault((owner[0], name), set()).add(owner)
    return found


def differences(before: Rows, after: Rows) -> Iterator[tuple[Key, list[str]]]:
    """The names of rows that differ, each with the fields that do; no fields where the row is there only once."""
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old is None or new is None:
            yield name, []
        elif old != new:
            yield name, sorted(field for field in old.keys() | new.keys() if old.get(field) != new.get(field))


def detail(before: Rows, after: Rows) -> Iterator[tuple[str, str]]:
    """Which rows that are stored change, and which of their fields."""
    for name, fields in differences(before, after):
        if name not in after:
            yield told(name), "nothing set any more"
        else:
            yield told(name), " ".join(fields or sorted(after[name].keys() - {"provider", "name"}))


def lines(before: Rows, after: Rows) -> Iterator[str]:
    """What becomes of which row, for an operator to read."""
    for name, fields in differences(before, after):
        if name not in after:
            yield f"{told(name)} is no longer there"
        elif name not in before:
            yield f"{told(name)} is new and sends {after[name]['upstream_id']}"
            yield from _price_lines(name, [], after[name]["prices"])
        else:
            yield from _row_lines(name, fields, before[name], after[name])


def _row_lines(name: Key, fields: Iterable[str], old: Row, new: Row) -> Iterator[str]:
    for field in fields:
        if field == "prices":
            yield from _price_lines(name, old.get("prices", []), new["prices"])
        else:
            yield f"{told(name)} {field}: {_json(old.get(field))} -> {_json(new.get(field))}"


def _price_lines(name: Key, old: list[Row], new: list[Row]) -> Iterator[str]:
    for price in new:
        if price not in old:
            yield f"{told(name)} price from {price['since']}: {_price(price)}"
    kept = {price["since"] for price in new}
    for price in old:
        if price["since"] not in kept:
            yield f"{told(name)} price from {price['since']} goes"


def _price(price: Row) -> str:
    dollars = "/".join(money.text(price["usd"][name]) for name in ("input", "output"))
    omcu = "/".join(str(price["omcu"][name]) for name in ("input", "output"))
    return f"{dollars} USD, {omcu} OMCU per million tokens of input/output"


def _amounts(price: Row) -> tuple[Any, ...]:
    return price["since"], price["usd"], price["omcu"]


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
