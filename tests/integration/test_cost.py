"""docs/cost.md is what `make cost` writes."""

from dev.cost import data, document


def test_the_document_is_what_is_reckoned() -> None:
    assert document.PATH.read_text(encoding="utf-8") == document.current(data.load()), "make cost rewrites it"
