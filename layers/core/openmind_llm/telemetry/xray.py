"""Traces: one subsegment for each attempt, handed to the X-Ray daemon that Lambda runs beside the function.

By hand, because it is a datagram of JSON; why neither aws-xray-sdk nor OpenTelemetry: docs/adr/0011. Format: the X-Ray
developer guide, "Segment documents" and "Sending trace data".
"""

import ipaddress
import json
import re
import secrets
import socket
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from openmind_llm.classes import dataclass
from openmind_llm.domain.attempts.trail import Attempt
from openmind_llm.domain.telemetry import Summary

HEADER = b'{"format": "json", "version": 1}\n'
_ROOT = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")
_PARENT = re.compile(r"[0-9a-f]{16}")
_FAULT: Mapping[str, Any] = MappingProxyType({"fault": True})
_OURS = (
    "input",
    "provider_key",
    "provider_credit",
    "forbidden",
    "too_dear",
    "too_large",
    "model",
    "passing",
    "refused",
)
_ERROR: Mapping[str, Any] = MappingProxyType({"error": True})
_MARKS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "": {"http": {"response": {"status": 200}}},
        "rate": {"error": True, "throttle": True, "http": {"response": {"status": 429}}},
        **dict.fromkeys(("outage", "unreachable", "broken", "timeout"), _FAULT),
        **dict.fromkeys(_OURS, _ERROR),
        "stopped": {},
    }
)
"""What X-Ray is to make of an attempt, by what it means (domain.attempts.table).

"fault" is the provider's, "error" ours or the client's. One that was stopped failed nobody.
"""


@dataclass(frozen=True, slots=True)
class Trace:
    """Of one invocation. `root` is X-Ray's id of the trace, `parent` the segment that the function is."""

    root: str
    parent: str
    is_sampled: bool

    @property
    def trace_id(self) -> str:
        """As W3C and OpenTelemetry write it: 32 hex digits."""
        return self.root[2:].replace("-", "")


def read(header: str) -> Trace | None:
    """Of `_X_AMZN_TRACE_ID`: `Root=1-…;Parent=…;Sampled=1`. None without an id that is one."""
    fields = dict(part.strip().partition("=")[::2] for part in header.split(";"))
    root, parent = fields.get("Root", ""), fields.get("Parent", "")
    if not _ROOT.fullmatch(root):
        return None
    return Trace(root, parent, fields.get("Sampled") == "1" and _PARENT.fullmatch(parent) is not None)


def address(variable: str) -> tuple[str, int] | None:
    """Of `AWS_XRAY_DAEMON_ADDRESS`: `<ip>:<port>`, or `tcp:<ip>:<port> udp:<ip>:<port>`. None for no such address.

    A name would have to be looked up, and that may take its time.
    """
    places = [part.removeprefix("udp:") for part in variable.split() if not part.startswith("tcp:")]
    host, _, port = places[0].rpartition(":") if places else ("", "", "")
    try:
        return str(ipaddress.IPv4Address(host)), int(port)
    except ValueError:
        return None


class Segments:
    """Without a daemon nothing is sent."""

    def __init__(self, daemon: tuple[str, int] | None) -> None:
        self._daemon = daemon

    def send(self, summary: Summary, trace: Trace | None) -> None:
        """Of a sampled trace. What the socket does not take at once is lost. Raises OSError."""
        if self._daemon is None or trace is None or not trace.is_sampled or not summary.attempts:
            return
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.setblocking(False)
            for attempt in summary.attempts:
                document = _subsegment(attempt, trace, str(summary.facts.get("request_id", "")))
                out.sendto(HEADER + json.dumps(document).encode(), self._daemon)


def _subsegment(attempt: Attempt, trace: Trace, request_id: str) -> dict[str, Any]:
    return {
        "type": "subsegment",
        "trace_id": trace.root,
        "parent_id": trace.parent,
        "id": secrets.token_hex(8),
        "name": attempt.provider,
        "namespace": "remote",
        "start_time": attempt.started,
        "end_time": attempt.started + attempt.duration_ms / 1000,
        "annotations": {
            "model": attempt.model,
            "key_id": attempt.key_id,
            "means": attempt.means or "answered",
            "request_id": request_id,
        },
        **_MARKS.get(attempt.means, _FAULT),
    }
