"""The tables of docs/performance.md are what `make scale` writes."""

from dev.scale import document


def test_the_document_is_what_is_reckoned() -> None:
    text = document.PATH.read_text(encoding="utf-8")

    assert document.current(text) == text, "make scale rewrites it"


def test_every_table_is_in_the_document() -> None:
    told = {found[1] for found in document.BLOCK.findall(document.PATH.read_text(encoding="utf-8"))}

    assert told == set(document.reckoned({"stream": 1.0, "auth": 0.5}).tables())
