"""schemathesis against the served document: what it calls valid is taken, what it calls invalid is refused."""

from contextlib import suppress
from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection, positive_data_acceptance

from openmind_llm.domain.attempts import budget
from openmind_llm.errors import InvalidRequestError
from tests.e2e.conftest import BEARER
from tests.fake_upstream import FakeUpstream

schema = schemathesis.pytest.from_fixture("served_schema")


@schema.parametrize()
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_the_service_keeps_to_its_document(case: schemathesis.Case[Any], fake_upstream: FakeUpstream) -> None:
    # `ignored_auth` tries each of two ways to send a key without it, but leaves the header with the other one in place.
    sent: Any = case.headers or {}
    excluded = [ignored_auth]
    if case.path == "/api/core/usage" or {"Idempotency-Key", "x-openmind-fallback"} & sent.keys():
        # No schema can say that one day is not after another, or that a cursor is one that a page has given; that an
        # Idempotency-Key was not sent before with another body; nor which models there are.
        excluded.append(positive_data_acceptance)
    if sent.keys() & {"x-schemathesis-unknown-property", "Idempotency-Key", "Cache-Control"}:
        # A header that nobody knows is nobody's mistake, and a stored answer is given whatever the others ask for.
        excluded.append(negative_data_rejection)
    with suppress(InvalidRequestError):
        if budget.timeout_s(sent.get(budget.TIMEOUT_HEADER)):
            sent[budget.TIMEOUT_HEADER] = "60000"  # a shorter time may be too short, and that is a 503
    case.call_and_validate(headers=BEARER, excluded_checks=excluded)
