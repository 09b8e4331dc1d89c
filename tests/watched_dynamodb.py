"""The client of the request path, with an onlooker at each attempt of a call, who may answer in DynamoDB's place."""

import os
from collections.abc import Callable

from openmind_llm.storage.wire import place
from openmind_llm.storage.wire.connection import Answer
from openmind_llm.storage.wire.operations import DynamoDB
from openmind_llm.storage.wire.service import DYNAMODB, Service, Waiting

type Look = Callable[[str, bytes], Answer | None]
"""Of an operation and its body, as they would be sent. What it answers is read as if it had come; None sends them."""

PATIENT = Waiting(60, 60, 1)
"""How fast an emulator is does not matter, and what fails is not hidden by a second attempt."""


class Watched(Service):
    """Of the environment's DynamoDB."""

    def __init__(self, look: Look, waiting: Waiting = PATIENT) -> None:
        where = place.read(os.environ, str)
        assert where is not None
        super().__init__(DYNAMODB, where, waiting)
        self._look = look

    def _tried(self, operation: str, body: bytes) -> dict[str, object]:
        answer = self._look(operation, body)
        return super()._tried(operation, body) if answer is None else self._read(operation, answer)


def watched(look: Look) -> DynamoDB:
    return DynamoDB(Watched(look))


def unwatched() -> DynamoDB:
    """As patient."""
    return watched(lambda _operation, _body: None)
