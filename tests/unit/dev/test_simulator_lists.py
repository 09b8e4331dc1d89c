"""The simulator lists what our catalogue sends, in each provider's form."""

import pytest

from openmind_llm.domain import utc
from openmind_llm.domain.inspections import lists
from openmind_llm.domain.listing import Listed
from openmind_llm.providers import listed, table
from tests.unit.dev.asking import NOW, PROVIDERS, send

TODAY = utc.day(NOW)
CATALOGUE = table.load()


def read(provider: str) -> tuple[Listed, ...]:
    listing = CATALOGUE.provider(provider).listing
    reply = send(f"/{provider}{listing.path}", b"", method="GET")
    assert reply.status == 200
    return listed.read(listing, reply.json)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_each_list_is_read_by_its_providers_row_and_holds_what_we_send_at_our_prices(provider: str) -> None:
    found = read(provider)

    assert lists.missing(CATALOGUE, provider, found, TODAY) == []
    assert lists.drifts(CATALOGUE, provider, found, TODAY) == []
    assert lists.shutdown_drifts(CATALOGUE, provider, found) == []


@pytest.mark.parametrize("provider", ["xai", "nearai", "openrouter"])
def test_those_that_state_prices_state_them_of_every_model(provider: str) -> None:
    assert all({"input", "output"} <= one.prices.keys() for one in read(provider))


def test_a_list_has_its_providers_own_form() -> None:
    assert send("/gemini/models", b"", method="GET").json["data"][0]["id"].startswith("models/")
    assert "shutdown_date" in send("/openai/models", b"", method="GET").json["data"][0]
    assert send("/xai/language-models", b"", method="GET").json["models"][0]["prompt_text_token_price"] == 12500


def test_openrouter_says_of_a_key_whose_it_is() -> None:
    assert "label" in send("/openrouter/key", b"", method="GET").json["data"]


@pytest.mark.parametrize("path", ["/acme/models", "/openai/language-models", "/openai", "/models"])
def test_there_are_no_other_lists(path: str) -> None:
    assert send(path, b"", method="GET").status == 404


def test_a_list_is_announced_as_simulated() -> None:
    assert send("/openai/models", b"", method="GET").headers["x-openmind-simulated"] == "true"
