"""What the stream function asks AWS for, request by request. A line more is money and time of every request.

The breaker is off here: its own calls, one in five requests and a look every five seconds, are counted with its tests.
"""

from collections.abc import Iterator

import pytest

from tests.integration.ledger.conftest import Serve
from tests.integration.ledger.counted import Served
from tests.integration.ledger.recorded import RecordedAws

ADMIT = "TransactWriteItems Put Update Update"
"""The row, the account, the key."""

SETTLE = "TransactWriteItems Update Update Update Update"
"""And the day's sums."""

FIRST = [
    "GetSecretValue",  # the pepper
    "GetItem",  # the key
    "BatchGetItem",  # account and key, as they stand
    "GetItem",  # the newest version of the catalogue
    ADMIT,
    "GetSecretValue",  # the providers' keys
    SETTLE,
]
"""Of an environment that knows nothing yet."""

WARM = [ADMIT, SETTLE]


@pytest.fixture
def function(aws: RecordedAws, served: Serve) -> Iterator[Served]:
    with served(0) as new:
        aws.calls.clear()
        yield new


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_request_of_a_warm_environment_is_admitted_and_settled_and_nothing_else(
    function: Served, aws: RecordedAws, stream: bool
) -> None:
    function.ask(stream=stream)
    assert aws.taken() == FIRST

    for _ in range(3):
        function.ask(stream=stream)
        assert aws.taken() == WARM
