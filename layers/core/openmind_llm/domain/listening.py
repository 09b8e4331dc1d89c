"""Hears what is relayed of an answer, for an account that wants its content in the operator's log."""

from __future__ import annotations

import json
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

from openmind_llm.domain import messages
from openmind_llm.domain.telemetry import Content

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from openmind_llm.domain.completions import Reply
    from openmind_llm.domain.telemetry import Telemetry


@asynccontextmanager
async def of(reply: Reply, asked: Content, telemetry: Telemetry, *, is_wanted: bool) -> AsyncIterator[None]:
    """While the reply is relayed: what is heard is what the client gets, after all filters, and as far as it came.

    `asked` has no answer yet.
    """
    if not is_wanted:
        yield
        return
    heard: list[str] = []
    async with aclosing(_relayed(reply.payloads, heard)) as payloads:
        reply.payloads = payloads
        try:
            yield
        finally:
            content = Content(asked.request_id, asked.account_id, asked.messages, "".join(heard))
            telemetry.tell_content(content, is_wanted=is_wanted)


async def _relayed(payloads: AsyncIterator[bytes], heard: list[str]) -> AsyncGenerator[bytes]:
    async for payload in payloads:
        heard.extend(_said(json.loads(payload)))
        yield payload


def _said(body: Any) -> list[str]:
    """Of a whole answer, or of a chunk."""
    choices = messages.objects(body.get("choices") if isinstance(body, dict) else None)
    return [text for one in choices for text in messages.written(one.get("message") or one.get("delta"))]
