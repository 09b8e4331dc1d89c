"""What operators do with the catalogue of a gateway that runs."""

from typing import Any

import pytest

from openmind_llm.domain.catalogue import OverrideError
from openmind_llm.domain.catalogue_changes import AUDITED, MOST_BYTES, CatalogueMovedError
from openmind_llm.domain.catalogue_rows import SharedNameError
from openmind_llm.domain.ledger.standing import ACCOUNT_ID
from openmind_llm.providers import table
from tests.unit.domain.catalogue.changing import NOW, TODAY, Shop, row


@pytest.fixture
def shop() -> Shop:
    return Shop()


def sends(shop: Shop, name: str = "gpt-4o") -> str:
    return shop.catalogue.resolve("openai", name, TODAY).upstream_id


def test_what_is_stored_lies_over_the_parameter_and_that_over_the_package() -> None:
    shop = Shop('[{"provider": "openai", "name": "gpt-4o", "upstream_id": "gpt-5", "shutdown": "2028-01-01"}]')

    shop.set(row("openai/gpt-4o", upstream_id="gpt-6-luna"))

    model = shop.catalogue.resolve("openai", "gpt-4o", TODAY).model
    assert (model.upstream_id, model.shutdown, model.context_window) == ("gpt-6-luna", "2028-01-01", 128_000)


def test_fields_are_laid_over_those_that_were_set_before(shop: Shop) -> None:
    shop.set(row("openai/gpt-4o", upstream_id="gpt-5"))
    shop.set(row("openai/gpt-4o", shutdown="2028-01-01"), row("openai/gpt-5", shutdown=None))

    assert shop.stored == [
        row("openai/gpt-4o", upstream_id="gpt-5", shutdown="2028-01-01"),
        row("openai/gpt-5", shutdown=None),
    ]


def test_every_change_is_a_version_that_says_who_made_it(shop: Shop) -> None:
    shop.set(row("openai/gpt-4o", upstream_id="gpt-5"))
    shop.made(shop.changes.reset("openai/gpt-4o", "bob"))

    told = [(one.number, one.actor, one.action, one.at) for one in shop.changes.history()]
    assert told == [(1, "alice", "set", int(NOW * 1000)), (2, "bob", "reset", int(NOW * 1000))]


def test_every_change_is_in_the_audit_where_no_account_can_be(shop: Shop) -> None:
    shop.set(row("openai/gpt-4o", upstream_id="gpt-5", shutdown=None))

    (audit,) = shop.store.audits
    assert (audit.account_id, audit.actor, audit.action, audit.subject) == (AUDITED, "alice", "set", "version 1")
    assert audit.detail == {"openai/gpt-4o": "shutdown upstream_id"}
    assert ACCOUNT_ID.fullmatch(AUDITED) is None


def test_the_audit_tells_what_was_dropped(shop: Shop) -> None:
    shop.set(row("openai/gpt-4o", shutdown=None), row("openai/gpt-5", shutdown=None))
    shop.set(row("openai/gpt-4o", upstream_id="gpt-5"))
    shop.made(shop.changes.reset("openai/gpt-5", "bob"))

    assert [audit.detail for audit in shop.store.audits[1:]] == [
        {"openai/gpt-4o": "upstream_id"},
        {"openai/gpt-5": "nothing set any more"},
    ]


def test_what_becomes_of_which_row_can_be_read_before_it_is_done(shop: Shop) -> None:
    change = shop.changes.set([row("openai/gpt-4o", upstream_id="gpt-5", aliases=["omni"])], "alice")

    assert change.lines == ('openai/gpt-4o aliases: [] -> ["omni"]', 'openai/gpt-4o upstream_id: "gpt-4o" -> "gpt-5"')
    assert shop.store.stored == {}


def test_a_field_that_is_set_to_what_it_was_is_told_as_no_change_of_what_holds(shop: Shop) -> None:
    assert shop.set(row("openai/gpt-4o", upstream_id="gpt-4o")).lines == (
        "what is stored changes, and nothing that holds",
    )


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (row("openai/gpt-4o", shutdwon="2027-01-01"), "a row has no shutdwon; it may have aliases, "),
        ({"name": "gpt-4o"}, "every row needs a provider and a name"),
        ({"provider": "openai", "name": 1}, "every row needs a provider and a name"),
    ],
)
def test_a_row_that_says_nothing_that_can_be_meant_is_refused(shop: Shop, asked: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        shop.set(asked)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (row("nobody/gpt-4o"), "unknown provider: 'nobody'"),
        (row("openai/gpt-9", upstream_id="gpt-5"), "openai/gpt-9: KeyError"),
        (row("openai/gpt-4o", fallbacks=["openai/gpt-9"]), "its fallback openai/gpt-9 is no model's exact name"),
        (row("openai/gpt-4o", status="gone"), "status must be one of active, deprecated"),
        (row("openai/gpt-4o", aliases="omni"), "aliases must be a list"),
        (row("openai/gpt-4o", prefix="no"), "prefix must be true or false"),
        (row("openai/gpt-4o", context_window="1"), "context_window must be a positive integer"),
        (row("openai/gpt-4o", max_output_tokens=0), "max_output_tokens must be a positive integer, or null"),
        (row("openai/gpt-4o", capabilities={"tools": 1}), "capabilities must be true or false each"),
        (row("openai/gpt-4o", replacement="gpt 5"), "replacement must be a name, or null"),
        (row("openai/gpt-4o", upstream_id="x" * 201), "of at most 200 characters"),
    ],
)
def test_what_functions_could_not_use_is_refused_with_the_reason_and_not_stored(
    shop: Shop, asked: dict[str, Any], told: str
) -> None:
    with pytest.raises(OverrideError, match=told):
        shop.set(asked)
    assert shop.store.stored == {}


def test_a_change_that_changes_nothing_makes_no_version(shop: Shop) -> None:
    shop.set(row("openai/gpt-4o", shutdown=None))

    with pytest.raises(ValueError, match="nothing would change"):
        shop.set(row("openai/gpt-4o", shutdown=None))


def test_more_than_an_item_can_hold_is_refused_with_its_size(shop: Shop) -> None:
    with pytest.raises(ValueError, match=rf"would have 4000\d\d bytes, of {MOST_BYTES} at most"):
        shop.set(row("openai/gpt-4o", note="x" * 400_000))


def test_of_two_operators_at_once_one_is_told_to_look_again(shop: Shop) -> None:
    mine = shop.changes.set([row("openai/gpt-4o", upstream_id="gpt-5")], "alice")
    shop.set(row("openai/gpt-5", shutdown=None))

    with pytest.raises(CatalogueMovedError, match="look again"):
        shop.changes.apply(mine)
    assert shop.stored == [row("openai/gpt-5", shutdown=None)]


def test_a_reset_drops_what_was_set_of_the_row_alone(shop: Shop) -> None:
    shop.set(row("openai/gpt-4o", upstream_id="gpt-5"), row("openai/gpt-5", shutdown=None))

    shop.made(shop.changes.reset("openai/gpt-4o", "alice"))

    assert shop.stored == [row("openai/gpt-5", shutdown=None)]
    assert sends(shop) == "gpt-4o"


def test_a_reset_of_what_was_never_set_is_refused(shop: Shop) -> None:
    with pytest.raises(ValueError, match="nothing is set of openai/gpt-4o"):
        shop.changes.reset("openai/gpt-4o", "alice")


def test_undone_again_and_again_it_goes_back_to_nothing_set(shop: Shop) -> None:
    for upstream_id in ("gpt-5", "gpt-5-mini", "gpt-5-nano"):
        shop.set(row("openai/gpt-4o", upstream_id=upstream_id))

    seen = []
    for _ in range(3):
        shop.made(shop.changes.undo("alice"))
        seen.append(sends(shop))

    assert seen == ["gpt-5-mini", "gpt-5", "gpt-4o"]
    assert [one.number for one in shop.changes.history()] == [1, 2, 3, 4, 5, 6]
    with pytest.raises(ValueError, match="nothing is set that could be undone"):
        shop.changes.undo("alice")


def test_a_change_after_an_undo_is_undone_to_what_the_undo_made(shop: Shop) -> None:
    shop.set(row("openai/gpt-4o", upstream_id="gpt-5"))
    shop.set(row("openai/gpt-4o", upstream_id="gpt-5-mini"))
    shop.made(shop.changes.undo("alice"))
    shop.set(row("openai/gpt-4o", upstream_id="gpt-5-nano"))

    shop.made(shop.changes.undo("alice"))

    assert sends(shop) == "gpt-5"


def test_any_version_can_be_gone_back_to(shop: Shop) -> None:
    for upstream_id in ("gpt-5", "gpt-5-mini", "gpt-5-nano"):
        shop.set(row("openai/gpt-4o", upstream_id=upstream_id))

    shop.made(shop.changes.undo("alice", to=1))
    assert sends(shop) == "gpt-5"
    shop.made(shop.changes.undo("alice", to=0))
    assert sends(shop) == "gpt-4o"
    with pytest.raises(ValueError, match="there is no version 99"):
        shop.changes.undo("alice", to=99)


def test_what_fits_no_more_can_still_be_mended(shop: Shop) -> None:
    """A deployment may take away what a stored row hangs on."""
    shop.store.put('[{"provider":"gone","name":"x"}]')
    with pytest.raises(OverrideError):
        table.load(shop.changes.latest().rows)

    shop.made(shop.changes.undo("alice"))

    assert sends(shop) == "gpt-4o"


@pytest.mark.parametrize(("on", "status"), [(TODAY, "retired"), ("2026-11-29", "deprecated")])
def test_a_retired_model_has_its_last_day_and_who_answers_then(shop: Shop, on: str, status: str) -> None:
    shop.made(shop.changes.retire("openai/gpt-5", on, ["openai/gpt-6-luna", "gemini/gemini-3.8-flash"], "alice"))

    model = shop.catalogue.resolve("openai", "gpt-5", TODAY).model
    assert (model.shutdown, model.status) == (on, status)
    assert model.fallbacks == ("openai/gpt-6-luna", "gemini/gemini-3.8-flash")


def test_a_retired_model_keeps_the_fallbacks_that_it_has(shop: Shop) -> None:
    before = shop.catalogue.resolve("openai", "gpt-4o", TODAY).model.fallbacks
    shop.made(shop.changes.retire("openai/gpt-4o", "2027-02-01", [], "alice"))

    assert before
    assert shop.catalogue.resolve("openai", "gpt-4o", TODAY).model.fallbacks == before


def test_an_operator_is_told_what_a_retirement_leaves_alone(shop: Shop) -> None:
    shop.set(row("openai/gpt-5", upstream_id="gpt-5.9", fallbacks=[]))

    lines = shop.changes.retire("openai/gpt-5", "2027-02-01", [], "alice").lines
    assert "note: it has no fallbacks: from that day on nothing answers for it" in lines
    assert "note: it sends gpt-5.9, which is asked before its fallbacks until that is retired" in lines

    shop.set(row("openai/gpt-5", upstream_id="gpt-4o"))
    lines = shop.changes.retire("openai/gpt-4o", "2027-02-01", [], "alice").lines
    assert "note: openai/gpt-5 sends it, too; its fallbacks: none" in lines


def test_a_model_that_is_no_row_cannot_be_retired(shop: Shop) -> None:
    with pytest.raises(ValueError, match="there is no row openai/gpt-9: see `models list`"):
        shop.changes.retire("openai/gpt-9", TODAY, [], "alice")
    with pytest.raises(ValueError, match="'gpt-4o' is no name of the form provider/model"):
        shop.changes.retire("gpt-4o", TODAY, [], "alice")


@pytest.mark.parametrize("field", ["aliases", "snapshots"])
def test_a_name_of_another_row_is_not_taken(shop: Shop, field: str) -> None:
    """Of two rows with one name the last would be asked: `gpt-4o` at the price of the mini, and nobody told."""
    with pytest.raises(SharedNameError, match="openai/gpt-4o would be a name of openai/gpt-4o and openai/gpt-4o-mini"):
        shop.changes.set([row("openai/gpt-4o-mini", **{field: ["gpt-4o"]})], "alice")


def test_a_name_may_move_from_row_to_row_in_one_change_and_back(shop: Shop) -> None:
    shop.set(row("openai/gpt-4o", aliases=["omni"]))
    shop.set(row("openai/gpt-4o", aliases=[]), row("openai/gpt-5", aliases=["omni"]))
    assert sends(shop, "omni") == "gpt-5"

    shop.made(shop.changes.undo("alice"))
    assert sends(shop, "omni") == "gpt-4o"


def test_a_name_that_the_parameter_gave_to_two_rows_keeps_nobody_from_other_changes() -> None:
    shop = Shop('[{"provider": "openai", "name": "gpt-5", "aliases": ["gpt-4o"]}]')

    shop.set(row("openai/gpt-4o-mini", shutdown="2028-01-01"))

    assert shop.stored == [row("openai/gpt-4o-mini", shutdown="2028-01-01")]
