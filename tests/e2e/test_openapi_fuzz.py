"""schemathesis against the served document: what it calls valid is taken, what it calls invalid is refused."""

from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from tests.e2e.conftest import BEARER
from tests.fake_upstream import FakeUpstream

schema = schemathesis.pytest.from_fixture("served_schema")


@schema.parametrize()
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_the_service_keeps_to_its_document(case: schemathesis.Case[Any], fake_upstream: FakeUpstream) -> None:
    # `ignored_auth` tries each of two ways to send a key without it, but leaves the header with the other one in place.
    excluded = [ignored_auth]
    if case.path == "/api/core/usage" or "Idempotency-Key" in (case.headers or {}):
        # No schema can say that one day is not after another, or that a cursor is one that a page has given; nor that
        # an Idempotency-Key was not sent before with another body.
        excluded.append(positive_data_acceptance)
    case.call_and_validate(headers=BEARER, excluded_checks=excluded)
