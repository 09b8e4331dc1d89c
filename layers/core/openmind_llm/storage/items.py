"""Between plain values and DynamoDB's typed ones, and from moves of counters to update expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from openmind_llm.domain.ledger.counters import Move
    from openmind_llm.domain.ports import Plain

type Item = dict[str, Any]


def typed(values: Mapping[str, Plain]) -> Item:
    """Without those that are None or empty sets: an absent attribute says the same.

    Plain loops here, and in Update: each request writes some hundred values.
    """
    item: Item = {}
    for name, value in values.items():
        kind = type(value)
        if kind is int:
            item[name] = {"N": str(value)}
        elif kind is bool:
            item[name] = {"BOOL": value}
        elif isinstance(value, frozenset):
            if value:
                item[name] = {"SS": sorted(value)}
        elif value is not None:
            item[name] = {"S": str(value)}
    return item


def plain(item: Item) -> dict[str, Any]:
    return {name: _plain(value) for name, value in item.items()}


def key(pk: str, sk: str) -> Item:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


class Update:
    """One `Update` of a transaction, or a write of its own: see Table.updated."""

    def __init__(self, table: str, key: Item) -> None:
        self._request: Item = {"TableName": table, "Key": key}
        self._names: dict[str, str] = {}
        self._values: Item = {}
        self._set: list[str] = []
        self._remove: list[str] = []
        self._conditions: list[str] = []

    def moves(self, moves: Iterable[Move]) -> Update:
        names = self._names
        for move in moves:
            if move.to is None and not move.by and move.at_least is None and move.at_most is None:
                continue  # DynamoDB refuses a name that no expression uses
            name = names.setdefault(move.counter, f"#{len(names)}")
            self._bound(name, move.at_least, move.at_most)
            if move.to is not None:
                self._set.append(f"{name} = {self._number(move.to)}")
            elif move.by:
                self._set.append(f"{name} = {name} + {self._number(move.by)}")
        return self

    def adds(self, counters: Mapping[str, int]) -> Update:
        """To counters that may not be there yet."""
        names, values = self._names, self._values
        none = self._number(0) if counters else ""  # nor does it take a value that nothing uses
        for counter, by in counters.items():
            name, short = names.setdefault(counter, f"#{len(names)}"), f":{len(values)}"
            values[short] = {"N": str(by)}
            self._set.append(f"{name} = if_not_exists({name}, {none}) + {short}")
        return self

    def sets(self, values: Mapping[str, Plain]) -> Update:
        """What is None, or an empty set, is removed."""
        kept = typed(values)
        names, shorts = self._names, self._values
        for name, value in kept.items():
            short = f":{len(shorts)}"
            shorts[short] = value
            self._set.append(f"{names.setdefault(name, f'#{len(names)}')} = {short}")
        return self.removes(values.keys() - kept.keys())

    def removes(self, names: Iterable[str]) -> Update:
        self._remove.extend(self._name(name) for name in names)
        return self

    def only_if(self, name: str, value: Plain) -> Update:
        self._conditions.append(f"{self._name(name)} = {self._value(typed({name: value})[name])}")
        return self

    def only_without(self, name: str) -> Update:
        self._conditions.append(f"attribute_not_exists({self._name(name)})")
        return self

    def operation(self) -> Item:
        """A check alone where there is nothing to write: DynamoDB refuses an update that is empty."""
        clauses = [("SET ", self._set), ("REMOVE ", self._remove)]
        expression = " ".join(word + ", ".join(parts) for word, parts in clauses if parts)
        optional = {
            "ConditionExpression": " AND ".join(self._conditions),
            "ExpressionAttributeNames": {short: name for name, short in self._names.items()},
            "ExpressionAttributeValues": self._values,
        }
        found = {name: value for name, value in optional.items() if value}
        if not expression:
            return {"ConditionCheck": self._request | {"ConditionExpression": "attribute_exists(pk)"} | found}
        return {"Update": self._request | {"UpdateExpression": expression} | found}

    def _bound(self, name: str, at_least: int | None, at_most: int | None) -> None:
        if at_least is not None and at_least == at_most:
            self._conditions.append(f"{name} = {self._number(at_least)}")
            return
        if at_least is not None:
            self._conditions.append(f"{name} >= {self._number(at_least)}")
        if at_most is not None:
            self._conditions.append(f"{name} <= {self._number(at_most)}")

    def _name(self, name: str) -> str:
        return self._names.setdefault(name, f"#{len(self._names)}")

    def _number(self, value: int) -> str:
        short = f":{len(self._values)}"
        self._values[short] = {"N": str(value)}
        return short

    def _value(self, value: Item) -> str:
        short = f":{len(self._values)}"
        self._values[short] = value
        return short


def _plain(value: Item) -> Any:
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return int(content)
        case "SS":
            return frozenset(content)
        case _:
            return content
