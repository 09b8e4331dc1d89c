"""Keeps what is relayed of an answer, for whoever asks for it again. Only with an `Idempotency-Key`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from openmind_llm.domain import taping
from openmind_llm.domain.idempotency import KEPT_OUTCOMES, MOST_BYTES, PART_BYTES, Kept
from openmind_llm.domain.taping import Tape
from openmind_llm.errors import LedgerUnavailableError

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from openmind_llm.domain.completions import Reply
    from openmind_llm.domain.idempotency import AnswerStore, Claim

logger = logging.getLogger(__name__)


class Recorder:
    """Of one answer. Keeps MOST_BYTES at most, compressed."""

    def __init__(self, store: AnswerStore, record_id: str, body_hash: str) -> None:
        self.record_id = record_id
        self.body_hash = body_hash
        self.tape = Tape(MOST_BYTES)
        self._store = store

    def keep(self, claim: Claim, outcome: str) -> Kept | None:
        """Stores the answer, to be called before the request is settled. Blocking.

        None where there is nothing to keep, or it could not be stored: then the claim is to be given up.
        """
        tape = self.tape
        if not tape.is_whole or outcome not in KEPT_OUTCOMES:
            return None
        content = tape.content()
        if content is None:
            return Kept(tape.is_stream, tape.headers, parts=0)
        parts = [content[at : at + PART_BYTES] for at in range(0, len(content), PART_BYTES)]
        try:
            self._store.write_parts(claim, parts)
        except LedgerUnavailableError:
            logger.error("answer not kept", extra={"request_id": claim.request_id, "account_id": claim.account_id})
            return None
        return Kept(tape.is_stream, tape.headers, len(parts))


def of(reply: Reply, recorder: Recorder) -> AbstractAsyncContextManager[None]:
    """While the reply is relayed."""
    return taping.of(reply, recorder.tape)
