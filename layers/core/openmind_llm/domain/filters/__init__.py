"""Content filters of an account: what its models may be told, and what they may answer. Pure; off without rules.

Images, files and audio are not looked into, and each text is looked at by itself.
"""

from dataclasses import replace
from functools import lru_cache
from typing import Any

from openmind_llm.classes import dataclass
from openmind_llm.domain import messages
from openmind_llm.domain.filters import rules, texts
from openmind_llm.domain.filters.passage import Effort, whole
from openmind_llm.domain.filters.refusals import ContentBlockedError, FiltersUnreadableError
from openmind_llm.domain.filters.rules import FilterError, Search
from openmind_llm.domain.filters.streams import BLOCKED, SAID, StreamFilter
from openmind_llm.domain.ledger.standing import Account
from openmind_llm.domain.requests import ChatRequest


@dataclass(frozen=True, slots=True)
class Filters:
    """`text` is what they were read from: an admission holds only while the account still has the same."""

    searches: tuple[Search, ...] = ()
    text: str | None = None

    def read(self, request: ChatRequest) -> ChatRequest:
        """As the model may read it; the same one where nothing is changed. Raises ContentBlockedError."""
        searches = self._on("input")
        if not searches:
            return request
        effort = Effort()
        body = texts.read_by_model(request.body, lambda _, text: whole(searches, text, effort))
        return request if body == request.body else replace(request, body=body)

    def written(self, body: dict[str, Any]) -> dict[str, Any]:
        """A whole answer, as far as it may be told."""
        searches = self._on("output")
        if not searches or "choices" not in body:
            return body
        effort = Effort()
        return body | {"choices": [_told(choice, searches, effort) for choice in messages.objects(body["choices"])]}

    def stream(self) -> StreamFilter:
        """For one answer that comes in pieces."""
        return StreamFilter(self._on("output"))

    def _on(self, place: str) -> tuple[Search, ...]:
        return tuple(search for search in self.searches if search.holds_for(place))


NONE = Filters()


def of(account: Account) -> Filters:
    """Raises FiltersUnreadableError: where it is not known what to keep back, nothing passes."""
    text: Any = account.filters
    if text is None:
        return NONE
    try:
        return Filters(_read(text), text)
    except (FilterError, TypeError):
        raise FiltersUnreadableError from None


@lru_cache(maxsize=256)
def _read(text: str) -> tuple[Search, ...]:
    return rules.loads(text)


def _told(choice: dict[str, Any], searches: tuple[Search, ...], effort: Effort) -> dict[str, Any]:
    try:
        said = {
            name: texts.changed(choice[name], lambda _, text: whole(searches, text, effort))
            for name in SAID
            if name in choice
        }
    except ContentBlockedError:
        return {
            "index": choice.get("index", 0),
            "message": {"role": "assistant", "content": "", "refusal": None},
            "logprobs": None,
            "finish_reason": BLOCKED,
        }
    return choice | said | {"logprobs": None}
