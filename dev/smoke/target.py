"""What is looked at: its doors, the key, the model; and what several rows look at, asked for once."""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from dev.smoke.loan import Loan
from dev.smoke.stack import Stack
from dev.smoke.table import NotTriedError, UnmetError
from dev.smoke.wire import Answer, Door, Streamed

LONG = "Count from 1 to 80 in English words, one number on each line, and write nothing else."
SHORT = "Say hello in three words."
LONGEST_WAIT_S = 5.0
"""For limits, which are not what is looked at."""

PASSING = {409, 429}
SIMULATED = "x-openmind-simulated"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass
class Clock:
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep

    def until(self, found: Callable[[], str | None], within_s: float, every_s: float = 1.0) -> str | None:
        """The first that `found` gives; None if it gives nothing in that time."""
        deadline = self.now() + within_s
        while (seen := found()) is None and self.now() < deadline:
            self.sleep(every_s)
        return seen


@dataclass
class Target:
    """`url_door` is None where the function URL is not known, `stack` where the stack is not."""

    api: Door
    url_door: Door | None
    key: str
    provider: str
    model: str
    stack: Stack | None = None
    loan: Loan | None = None
    clock: Clock = field(default_factory=Clock)
    started: float = field(default_factory=time.time)
    _told: set[str] = field(default_factory=set)
    """Names of headers that completions had."""

    @property
    def path(self) -> str:
        return f"/api/core/{self.provider}/chat/completions"

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.key}", "content-type": "application/json"}

    @property
    def second_door(self) -> Door:
        """Raises NotTriedError."""
        if self.url_door is None:
            raise NotTriedError("STREAM_URL is not given")
        return self.url_door

    @property
    def deployed(self) -> Stack:
        """Raises NotTriedError."""
        if self.stack is None:
            raise NotTriedError("needs STACK")
        return self.stack

    @property
    def is_emulated(self) -> bool:
        return self.api.host in LOOPBACK or (self.stack is not None and self.stack.is_emulated)

    @property
    def is_simulated(self) -> bool:
        return SIMULATED in self._told

    @cached_property
    def whole(self) -> Answer:
        return self.complete(self.api)

    def complete(self, door: Door, prompt: str = SHORT) -> Answer:
        return self.send(door, self.body(prompt, 50))

    def send(self, door: Door, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        return self._patient(lambda: door.ask("POST", self.path, {**self.headers, **(headers or {})}, body))

    def stream(self, door: Door, leave_after: int = 0) -> Streamed:
        body = self.body(LONG, 400, stream=True, stream_options={"include_usage": True})
        return self._patient(lambda: door.stream(self.path, self.headers, body, leave_after))

    def body(self, prompt: str, max_tokens: int, **more: Any) -> bytes:
        """Made new by a number in it, so that no cache of a provider's answers it."""
        messages = [{"role": "user", "content": f"{prompt} ({uuid.uuid4().hex[:8]})"}]
        return json.dumps({"model": self.model, "messages": messages, "max_tokens": max_tokens, **more}).encode()

    def usage(self, request_id: str, within_s: float) -> dict[str, Any]:
        """What the request came to, once it is settled. Raises UnmetError."""
        found: dict[str, Any] = {}

        def settled() -> str | None:
            answer = self.api.ask("GET", f"/api/core/usage/{request_id}", self.headers)
            if answer.status == 200:  # noqa: PLR2004
                found.update(answer.body)
            return "settled" if found.get("state") == "settled" else None

        if self.clock.until(settled, within_s) is None:
            raise UnmetError(f"{request_id} is {found.get('state', 'unknown')} after {within_s:g} s")
        return found

    def _patient[A: (Answer, Streamed)](self, ask: Callable[[], A]) -> A:
        """Waits where a limit asks for a little patience, or a request with the same key is about to be settled."""
        for _ in range(10):
            answer = ask()
            self._told |= answer.headers.keys()
            wait_s = _asked_patience_s(answer.headers)
            if answer.status not in PASSING or wait_s > LONGEST_WAIT_S:
                break
            self.clock.sleep(wait_s)
        return answer


def _asked_patience_s(headers: Mapping[str, str]) -> float:
    if "retry-after-ms" in headers:
        return float(headers["retry-after-ms"]) / 1000
    return float(headers.get("retry-after", "inf"))
