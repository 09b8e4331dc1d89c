"""What was said, as a line of its own, for accounts that want it in the operator's log."""

import json
from typing import Any

from openmind_llm import redaction
from openmind_llm.domain.telemetry import Content

MOST = 50_000
"""Bytes of the messages, and of the answer: 100 kB in all. A line of CloudWatch Logs may have 1 MB."""


def fields(content: Content) -> dict[str, Any]:
    """`messages` is JSON text, which need not be whole where `is_cut`."""
    asked, answered = _Reader(), _Reader()
    messages = json.dumps(asked.read(content.messages), ensure_ascii=False, separators=(",", ":"))
    told = _cut(messages, MOST)
    return {
        "request_id": content.request_id,
        "account_id": content.account_id,
        "messages": told,
        "answer": answered.read(content.answer),
        "is_cut": asked.is_cut or answered.is_cut or told != messages,
    }


class _Reader:
    """Takes keys out of texts, as long as there is room: that is 0.25 ms for each kB, and a body may have 6 MB.

    Before they become JSON: an escape beside a key would hide where it begins.
    """

    def __init__(self) -> None:
        self.is_cut = False
        self._room = MOST

    def read(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            return [self.read(one) for one in value if self._has_room()]
        if isinstance(value, dict):
            return {self._text(name): self.read(one) for name, one in value.items() if self._has_room()}
        return value

    def _has_room(self) -> bool:
        self.is_cut = self.is_cut or self._room == 0
        return self._room > 0

    def _text(self, text: str) -> str:
        whole = text.encode(errors="replace")  # half a surrogate pair is legal JSON, and no UTF-8
        head = whole[: self._room].decode(errors="ignore")
        if len(whole) > self._room:
            # Between words, so that no half of a key is left that does not look like one.
            head = head[: max(head.rfind(space) for space in " \n") + 1]
            self.is_cut = True
        self._room = max(0, self._room - len(whole))
        return redaction.without_keys(head)


def _cut(text: str, most: int) -> str:
    return text.encode()[:most].decode(errors="ignore")
