"""What a call of DynamoDB raises, as the one error that the domain knows."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING

from openmind_llm.errors import LedgerUnavailableError
from openmind_llm.storage.wire.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)


def available[**P, R](operation: Callable[P, R]) -> Callable[P, R]:
    """An AwsError means that the ledger cannot be used. What is read lazily is read unguarded."""

    @functools.wraps(operation)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return operation(*args, **kwargs)
        except AwsError as error:
            logger.error("ledger unavailable", extra={"operation": operation.__name__, "cause": error.code})
            raise LedgerUnavailableError from None

    return guarded
