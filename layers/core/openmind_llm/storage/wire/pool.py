"""Kept connections to one peer, the last used first. Threads may ask at once: each has a connection of its own."""

from __future__ import annotations

import time
import weakref
from collections import deque
from typing import TYPE_CHECKING

from openmind_llm.storage.wire.connection import BrokenError, Connection

if TYPE_CHECKING:
    from openmind_llm.storage.wire.connection import Answer, Peer

KEPT = 10
"""Connections at most that wait to be used."""

IDLE_S = 60
"""After which a connection is not trusted: a load balancer may have forgotten it without a word."""


class Pool:
    """Raises BrokenError. Its kept connections are closed when it is forgotten."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._idle = deque[tuple[Connection, float]]()
        weakref.finalize(self, _close_all, self._idle)

    def close(self) -> None:
        """What is kept; who asks afterwards, connects anew."""
        _close_all(self._idle)

    def ask(self, request: bytes) -> Answer:
        """At once a second time where a kept connection was closed before anything of an answer came."""
        if kept := self._kept():
            try:
                return self._asked(kept, request)
            except BrokenError as error:
                if not error.is_unheard:
                    raise
        return self._asked(Connection(self._peer), request)

    def _kept(self) -> Connection | None:
        while self._idle:
            try:
                connection, since = self._idle.pop()
            except IndexError:  # another thread was faster
                return None
            if time.monotonic() - since < IDLE_S and not connection.is_dropped():
                return connection
            connection.close()
        return None

    def _asked(self, connection: Connection, request: bytes) -> Answer:
        """What breaks one connection has most often broken the others, too: none is tried after it."""
        try:
            answer = connection.ask(request)
        except BaseException:
            connection.close()
            _close_all(self._idle)
            raise
        if answer.is_last or len(self._idle) >= KEPT:
            connection.close()
        else:
            self._idle.append((connection, time.monotonic()))
        return answer


def _close_all(idle: deque[tuple[Connection, float]]) -> None:
    while idle:
        try:
            idle.pop()[0].close()
        except IndexError:
            return
