"""Secrets Manager, asked rarely: a value once read serves on while the service is down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmind_llm.domain.telemetry import Unmeasured
from openmind_llm.storage.wire.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from openmind_llm.domain.telemetry import Signals
    from openmind_llm.storage.wire.operations import SecretsManager

RETRY_S = 30
"""Seconds before a failed read is tried again, so that an outage does not slow every request."""


class SecretUnreadableError(Exception):
    """The service failed, or has no such secret, and nothing was ever read."""


class Secret:
    """One secret's text, read at most every `max_age_s` seconds: a rotated value is in use within that time.

    A read that fails is told to `signals`, so at most every RETRY_S.
    """

    def __init__(
        self,
        client: SecretsManager,
        secret_id: str,
        max_age_s: int,
        now: Callable[[], float],
        signals: Signals | None = None,
    ) -> None:
        self._client = client
        self._secret_id = secret_id
        self._max_age_s = max_age_s
        self._now = now
        self._signals = signals or Unmeasured()
        self._last_good: str | None = None
        self._read_again_at = 0.0

    def is_at_hand(self) -> bool:
        """Whether `text` does not have to ask the service."""
        return self._last_good is not None and self._now() < self._read_again_at

    def text(self) -> str:
        """Raises SecretUnreadableError."""
        if self._last_good is not None and self._now() < self._read_again_at:
            return self._last_good
        self._read_again_at = self._now() + RETRY_S  # while one request asks, the others go on with what there is
        try:
            self._last_good = str(self._client.get_secret_value(SecretId=self._secret_id)["SecretString"])
        except (AwsError, KeyError) as error:  # a secret may be of bytes alone
            return self._serve_on(error)
        self._read_again_at = self._now() + self._max_age_s
        return self._last_good

    def _serve_on(self, error: AwsError | KeyError) -> str:
        """The cause is what the service said, such as AccessDeniedException; else what kept it from being asked."""
        cause = error.code if isinstance(error, AwsError) else type(error).__name__
        self._signals.tell("secret unreadable", {"SecretUnreadable": 1}, {"secret_id": self._secret_id, "cause": cause})
        if self._last_good is None:
            raise SecretUnreadableError(f"the secret {self._secret_id} cannot be read") from error
        return self._last_good
