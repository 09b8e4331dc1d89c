"""What boto3 raises, as the one error that the domain knows."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from openmind_llm.errors import LedgerUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)


BOTO_ERRORS = (BotoCoreError, ClientError)
"""All that boto3 raises."""


def cause(error: BotoCoreError | ClientError) -> str:
    """In one word, without what a message may quote."""
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else type(error).__name__


def available[**P, R](operation: Callable[P, R]) -> Callable[P, R]:
    """Whatever boto3 raises means that the ledger cannot be used. What is read lazily is read unguarded."""

    @functools.wraps(operation)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return operation(*args, **kwargs)
        except BOTO_ERRORS as error:
            logger.error("ledger unavailable", extra={"operation": operation.__name__, "cause": cause(error)})
            raise LedgerUnavailableError from None

    return guarded
