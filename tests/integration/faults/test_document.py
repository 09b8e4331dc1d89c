"""docs/faults.md is what the matrix prints."""

from openmind_llm.domain.attempts import table
from tests.integration.faults import document
from tests.integration.faults.played import Played


def test_the_document_is_what_was_observed(seen: Played) -> None:
    assert document.PATH.read_text(encoding="utf-8") == document.text(seen), "make faults rewrites it"


def test_every_row_of_the_retry_table_has_words() -> None:
    assert document._WORDS.keys() == table.RULES.keys()
