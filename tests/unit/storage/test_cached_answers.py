"""The cache of answers in the table and in memory: both do the same."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from openmind_llm.domain.response_cache import MOST_BYTES, CachedAnswer, CacheStore, Place
from openmind_llm.domain.taping import Stored
from openmind_llm.errors import LedgerUnavailableError
from openmind_llm.storage import cached_answers
from openmind_llm.storage.cached_answers import DynamoCache
from tests.memory_cache import MemoryCache
from tests.unit.storage.conftest import TABLE

if TYPE_CHECKING:
    from openmind_llm.storage.wire.operations import DynamoDB

PLACE = Place("account-1", "hash")
STORED = Stored("request-1", is_stream=True, headers={"x-openmind-adjusted": "-seed"}, parts=[b"\x00packed\xff"])
ANSWER = CachedAnswer(STORED, stored_at=1000, expires_at=1060)


@pytest.fixture(params=["memory", "dynamo"])
def cache(request: pytest.FixtureRequest, dynamodb: "DynamoDB") -> CacheStore:
    return MemoryCache() if request.param == "memory" else DynamoCache(dynamodb, TABLE)


@pytest.mark.parametrize("is_stream", [True, False])
def test_an_answer_comes_back_as_it_was_put(cache: CacheStore, is_stream: bool) -> None:
    answer = replace(ANSWER, stored=replace(STORED, is_stream=is_stream))

    cache.put(PLACE, answer)

    assert cache.answer(PLACE) == answer


def test_an_answer_of_the_largest_size_fits_into_its_item(cache: CacheStore) -> None:
    answer = replace(ANSWER, stored=replace(STORED, parts=[b"x" * MOST_BYTES]))

    cache.put(PLACE, answer)

    assert cache.answer(PLACE) == answer


@pytest.mark.parametrize("place", [Place("account-2", "hash"), Place("account-1", "other")])
def test_an_answer_is_its_accounts_and_its_requests_alone(cache: CacheStore, place: Place) -> None:
    cache.put(PLACE, ANSWER)

    assert cache.answer(place) is None


def test_a_later_answer_takes_the_place_of_an_earlier_one(cache: CacheStore) -> None:
    later = replace(ANSWER, stored=replace(STORED, request_id="request-2"), expires_at=2000)
    cache.put(PLACE, ANSWER)

    cache.put(PLACE, later)

    assert cache.answer(PLACE) == later


def test_the_item_expires_by_the_tables_own_attribute(dynamodb: "DynamoDB") -> None:
    DynamoCache(dynamodb, TABLE).put(PLACE, ANSWER)

    found = dynamodb.get_item(TableName=TABLE, Key=cached_answers.key(PLACE))["Item"]
    assert (found["pk"]["S"], found["sk"]["S"]) == ("CACHE#account-1#hash", "ANSWER")
    assert found["ttl"] == {"N": "1060"}


def test_a_table_that_cannot_be_used_is_not_available(dynamodb: "DynamoDB") -> None:
    cache = DynamoCache(dynamodb, "no-table")

    with pytest.raises(LedgerUnavailableError):
        cache.answer(PLACE)
    with pytest.raises(LedgerUnavailableError):
        cache.put(PLACE, ANSWER)
