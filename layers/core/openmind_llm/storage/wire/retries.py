"""What is tried again, and when: the numbers and names of botocore's mode "standard"."""

from __future__ import annotations

STATUSES = frozenset({500, 502, 503, 504})

CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)

LONGEST_S = 20.0


def pause_s(attempt: int, chance: float) -> float:
    """After the attempt of this number, from 1. `chance`: from 0 to 1."""
    return min(chance * 2.0 ** (attempt - 1), LONGEST_S)
