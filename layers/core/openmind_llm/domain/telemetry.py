"""What is told of a request once it has ended, and to whom."""

import logging
import re
from collections.abc import Mapping
from typing import Any, Protocol

from openmind_llm.classes import dataclass
from openmind_llm.domain.attempts.trail import Attempt

logger = logging.getLogger(__name__)

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")


@dataclass(frozen=True, slots=True)
class Summary:
    """`facts` are the fields of the request's line in the log: never content, never a key."""

    facts: Mapping[str, Any]
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True)
class Content:
    """What was said, as it was sent and answered: after all filters. `messages` are those of the body."""

    request_id: str
    account_id: str
    messages: Any
    answer: str


class Telemetry(Protocol):
    """Never raises, and waits for nobody."""

    def tell(self, summary: Summary) -> None:
        """Once for each request."""

    def tell_content(self, content: Content, *, is_wanted: bool) -> None:
        """Nothing at all unless the account wants it."""


class Signals(Protocol):
    """Tells what an operator has to know of, and alarms watch. Never waits."""

    def tell(self, what: str, counts: Mapping[str, float], facts: Mapping[str, Any] | None = None) -> None:
        """`counts` become metrics of these names, in seconds where a name ends so; `facts` stand beside them."""


class Unmeasured:
    """The bare line, for where no alarm watches. See Signals."""

    def tell(self, what: str, counts: Mapping[str, float], facts: Mapping[str, Any] | None = None) -> None:
        logger.warning(what, extra={**counts, **(facts or {})})


class Plainly:
    """The bare line, for where nobody measures or traces. See Telemetry."""

    def tell(self, summary: Summary) -> None:
        logger.info("completion", extra={**summary.facts, "attempts": len(summary.attempts)})

    def tell_content(self, content: Content, *, is_wanted: bool) -> None:
        """Nowhere to tell it."""


def trace_id(traceparent: str) -> str:
    """The trace of a W3C `traceparent` header, 32 hex digits; "" where it is none."""
    found = _TRACEPARENT.fullmatch(traceparent.strip())
    return found[1] if found else ""
