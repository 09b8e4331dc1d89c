"""What the canned upstream answers, and what is to be seen of it behind a gateway."""

import json
import re
import time

CHUNKS = 20
PACE_S = 0.002
MODEL = "gpt-4o-mini"
MARK = "the canned answer"
"""Stands in every whole answer: a gateway that answers by itself is found out."""

STAMP = re.compile(rb"t=(\d{9,})\b")
"""When the upstream wrote this chunk, in nanoseconds of the machine's monotonic clock."""

_ID = "chatcmpl-9pQxN3vTtY5mZkL0aWb7RcE2dUfGh"
_TEXT = (
    f"This is {MARK}. It is about as long as what a short question gets: a few sentences, no lists and no code. "
    "A gateway reads it, counts what it used, and gives it on. Nothing in it is there for its own sake."
)
_USAGE = {
    "prompt_tokens": 19,
    "completion_tokens": 48,
    "total_tokens": 67,
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
}
_CHUNK = {
    "id": _ID,
    "object": "chat.completion.chunk",
    "created": 1795521600,
    "model": MODEL,
    "system_fingerprint": "fp_44709d6fcb",
}


def whole() -> bytes:
    message = {"role": "assistant", "content": _TEXT, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    answer = {**_CHUNK, "object": "chat.completion", "choices": [choice], "usage": _USAGE}
    return json.dumps(answer, separators=(",", ":")).encode()


def piece(number: int) -> bytes:
    """One chunk of a stream as it is written now; the first names the role, the last the reason of the end."""
    content = f"t={time.monotonic_ns()} "
    delta = {"role": "assistant", "content": content} if number == 0 else {"content": content}
    reason = "stop" if number == CHUNKS - 1 else None
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
    return _event({**_CHUNK, "choices": [choice]})


def last(*, with_usage: bool) -> bytes:
    usage = _event({**_CHUNK, "choices": [], "usage": _USAGE}) if with_usage else b""
    return usage + b"data: [DONE]\n\n"


def question(*, stream: bool, size: int = 0, model: str = MODEL) -> bytes:
    """A request's body; a prompt of `size` bytes, or a short one."""
    prompt = "x" * size or "Say hello, and what you are, in a few plain sentences."
    messages = [{"role": "system", "content": "You are brief."}, {"role": "user", "content": prompt}]
    return json.dumps({"model": model, "messages": messages} | ({"stream": True} if stream else {})).encode()


def fault(body: bytes, *, stream: bool) -> str:
    """What is wrong with a body that came through a gateway; empty where nothing is."""
    if not stream:
        return "" if MARK.encode() in body else "not the canned answer"
    stamps = len(STAMP.findall(body))
    if stamps != CHUNKS:
        return f"{stamps} of {CHUNKS} chunks"
    return "" if body.rstrip().endswith(b"[DONE]") else "no [DONE] at the end"


def _event(content: object) -> bytes:
    return b"data: " + json.dumps(content, separators=(",", ":")).encode() + b"\n\n"
