"""What operators do with the catalogue of a gateway that runs. Every change is a version, and says who made it.

A change is reckoned first and made by `apply`, so that it can be looked at. See docs/catalogue.md.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from openmind_llm.classes import dataclass
from openmind_llm.domain import catalogue_rows, utc
from openmind_llm.domain.catalogue import Catalogue, OverrideError, Row
from openmind_llm.domain.catalogue_rows import NewPrice, Rows
from openmind_llm.domain.ledger.audit import AuditRow

MOST_BYTES = 350_000
"""Of all that is set. An item of DynamoDB has 400 KB at most."""

AUDITED = "/catalogue"
"""Stands in the audit where an account's id does; no account may have a slash in its."""


class CatalogueMovedError(ValueError):
    """Somebody else was faster."""


@dataclass(frozen=True, slots=True)
class Version:
    """`rows` is a JSON list. `origin` is the version that they were made for: another one after an undo.

    `at` is in milliseconds since the epoch.
    """

    number: int
    rows: str
    origin: int
    at: int
    actor: str
    action: str


NOTHING_SET = Version(0, "[]", 0, 0, "", "")


@dataclass(frozen=True, slots=True)
class Change:
    """`lines` tell what becomes of which row; `detail` is for the audit."""

    version: Version
    lines: tuple[str, ...]
    detail: Mapping[str, str]


class ChangeStore(Protocol):
    """Where versions are kept. Blocking; each raises LedgerUnavailableError."""

    def latest(self) -> int:
        """The number of the version that holds; 0 where nothing was ever set."""

    def version(self, number: int) -> Version | None: ...

    def versions(self) -> list[Version]:
        """All, oldest first."""

    def add(self, version: Version, audit: AuditRow) -> bool:
        """It holds from now on. False, and nothing is written, unless it follows the one that holds."""


@dataclass(frozen=True, slots=True)
class Layers:
    """What lies below the stored rows: both take those as text, and raise OverrideError.

    `rows` are all of the catalogue as data, `build` checks them as functions do.
    """

    rows: Callable[[str], Rows]
    build: Callable[[str], Catalogue]


class CatalogueChanges:
    """`now` gives seconds since the epoch. Blocking. All raise ValueError and OverrideError for what cannot be done."""

    def __init__(self, store: ChangeStore, layers: Layers, now: Callable[[], float]) -> None:
        self._store = store
        self._layers = layers
        self._now = now

    def latest(self) -> Version:
        return self._version(self._store.latest())

    def history(self) -> list[Version]:
        """Oldest first."""
        return self._store.versions()

    def rows(self) -> Rows:
        """All of the catalogue, as it holds."""
        return self._layers.rows(self.latest().rows)

    def set(self, asked: Iterable[Row], actor: str, *, rewrites_prices: bool = False) -> Change:
        """Lays fields over what is stored of each row. Raises PriceHistoryError."""
        return self._laid(self.latest(), asked, "set", actor, rewrites_prices=rewrites_prices)

    def reprice(self, name: str, price: NewPrice, fields: Row, actor: str) -> Change:
        """Adds a price to a row, and sets other fields of it with it."""
        latest, (provider, model) = self.latest(), catalogue_rows.key(name)
        prices = catalogue_rows.priced(self._row(latest, name), price)
        return self._laid(latest, [fields | {"provider": provider, "name": model, "prices": prices}], "set", actor)

    def retire(self, name: str, on: str, fallbacks: list[str], actor: str) -> Change:
        """From a day on, `YYYY-MM-DD`, its fallbacks are asked first: these, or those that it has."""
        latest, (provider, model) = self.latest(), catalogue_rows.key(name)
        row = self._row(latest, name)
        status = "retired" if on <= utc.day(self._now()) else "deprecated"
        asked = {"provider": provider, "name": model, "shutdown": on, "status": status}
        change = self._laid(latest, [asked | ({"fallbacks": fallbacks} if fallbacks else {})], "retire", actor)
        return replace(change, lines=(*change.lines, *self._left_alone(latest, row, fallbacks)))

    def reset(self, name: str, actor: str) -> Change:
        """Drops what is stored of a row."""
        latest, key = self.latest(), catalogue_rows.key(name)
        stored = catalogue_rows.read(latest.rows)
        if stored.pop(key, None) is None:
            raise ValueError(f"nothing is set of {name}: see `models list --changes`")
        return self._change(latest, catalogue_rows.text(stored), "reset", actor)

    def undo(self, actor: str, to: int | None = None) -> Change:
        """Back to the version before, or to the one that is named: as a new version."""
        latest = self.latest()
        if to is None and latest.origin == 0:
            raise ValueError("nothing is set that could be undone")
        back = self._version(latest.origin - 1 if to is None else to)
        return self._change(latest, back.rows, f"undo to {back.origin}", actor, origin=back.origin)

    def apply(self, change: Change) -> None:
        """Raises CatalogueMovedError, and LedgerUnavailableError."""
        version = change.version
        subject = f"version {version.number}"
        audit = AuditRow(AUDITED, version.at, version.actor, version.action, subject, detail=change.detail)
        if not self._store.add(version, audit):
            raise CatalogueMovedError("somebody else has changed the catalogue meanwhile: look again and repeat yours")

    def _laid(
        self, latest: Version, asked: Iterable[Row], action: str, actor: str, *, rewrites_prices: bool = False
    ) -> Change:
        stored = catalogue_rows.read(latest.rows)
        for row in asked:
            key = catalogue_rows.of(row)
            stored[key] = stored.get(key, {}) | row
        text = catalogue_rows.text(stored)
        change = self._change(latest, text, action, actor)
        if not rewrites_prices:
            catalogue_rows.require_prices_kept(self._before(latest), self._layers.rows(text))
        return change

    def _change(self, latest: Version, text: str, action: str, actor: str, origin: int | None = None) -> Change:
        """Checked as a function would check it; and that names are apart, unless it was that way before."""
        if text == latest.rows:
            raise ValueError("nothing would change")
        if len(text) > MOST_BYTES:
            raise ValueError(f"all that is set would have {len(text)} bytes, of {MOST_BYTES} at most: reset some rows")
        self._layers.build(text)
        number = latest.number + 1
        version = Version(number, text, number if origin is None else origin, int(self._now() * 1000), actor, action)
        before, after = self._before(latest), self._layers.rows(text)
        if origin is None:
            catalogue_rows.require_own_names(before, after)
        lines = tuple(catalogue_rows.lines(before, after))
        detail = dict(catalogue_rows.detail(catalogue_rows.read(latest.rows), catalogue_rows.read(text)))
        return Change(version, lines or ("what is stored changes, and nothing that holds",), detail)

    def _before(self, latest: Version) -> Rows:
        """What was set may fit no more, which is why it is changed."""
        try:
            return self._layers.rows(latest.rows)
        except OverrideError:
            return self._layers.rows("")

    def _version(self, number: int) -> Version:
        if number == 0:
            return NOTHING_SET
        found = self._store.version(number)
        if found is None:
            raise ValueError(f"there is no version {number}: see `models list --versions`")
        return found

    def _row(self, latest: Version, name: str) -> Row:
        row = self._before(latest).get(catalogue_rows.key(name))
        if row is None:
            raise ValueError(f"there is no row {name}: see `models list`")
        return row

    def _left_alone(self, latest: Version, row: Row, fallbacks: list[str]) -> Iterable[str]:
        """What an operator may not expect of a retirement."""
        names, own = {row["name"], *row["aliases"], *row["snapshots"]}, (row["provider"], row["name"])
        if not fallbacks and not row["fallbacks"]:
            yield "note: it has no fallbacks: from that day on nothing answers for it"
        if row["upstream_id"] not in names:
            yield f"note: it sends {row['upstream_id']}, which is asked before its fallbacks until that is retired"
        for key, other in self._before(latest).items():
            if key != own and key[0] == own[0] and other["upstream_id"] in names:
                told, fallback = catalogue_rows.told(key), " ".join(other["fallbacks"]) or "none"
                yield f"note: {told} sends it, too; its fallbacks: {fallback}"
