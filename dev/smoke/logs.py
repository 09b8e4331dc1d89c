"""What the functions of a stack have logged, as CloudWatch Logs has it."""

import json
import re
from collections.abc import Iterator
from typing import Any

from dev.smoke.stack import Stack

_TEXT = re.compile(r"Init Duration: ([0-9.]+) ms")


def lines(stack: Stack, group: str, since_s: float, pattern: str = "") -> Iterator[str]:
    """`group` is a logical id. Without a pattern, all lines. Raises UnmetError, and what boto3 raises."""
    asked: dict[str, Any] = {"logGroupName": stack.physical(group), "startTime": int(since_s * 1000)}
    if pattern:
        asked["filterPattern"] = pattern
    pages = stack.client("logs").get_paginator("filter_log_events").paginate(**asked)
    return (event["message"] for page in pages for event in page["events"])


def quoted(term: str) -> str:
    """A pattern that finds the term as it stands."""
    return json.dumps(term)


def parsed(line: str) -> dict[str, Any]:
    """The fields of a line in JSON; none of another."""
    try:
        fields = json.loads(line)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def init_ms(line: str) -> float | None:
    """What a REPORT tells of a new environment, in either of Lambda's log formats; None for a warm one."""
    metrics = parsed(line).get("record", {}).get("metrics", {})
    if "initDurationMs" in metrics:
        return float(metrics["initDurationMs"])
    found = _TEXT.search(line)
    return float(found[1]) if found else None
