"""String formats: how to tell one, and how to make as many as are asked for."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address


@dataclass(frozen=True, slots=True)
class Format:
    """`example(n)` differs for different small n."""

    holds: Callable[[str], bool]
    example: Callable[[int], str]


def _format(pattern: str, example: Callable[[int], str]) -> Format:
    compiled = re.compile(pattern, re.IGNORECASE | re.ASCII)
    return Format(lambda text: compiled.fullmatch(text) is not None, example)


def _parsed(parse: Callable[[str], object], example: Callable[[int], str]) -> Format:
    def holds(text: str) -> bool:
        try:
            parse(text)
        except (ValueError, re.PatternError):
            return False
        return True

    return Format(holds, example)


_DATE = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_TIME = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
_HOST = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"

FORMATS: dict[str, Format] = {
    "date-time": _format(f"{_DATE}T{_TIME}", lambda n: f"2026-01-{n % 28 + 1:02}T09:30:00Z"),
    "date": _format(_DATE, lambda n: f"2026-01-{n % 28 + 1:02}"),
    "time": _format(_TIME, lambda n: f"09:{n % 60:02}:00Z"),
    "duration": _format(r"P(?=[\dT])(\d+[YMWD])*(T(\d+[HMS])+)?", lambda n: f"PT{n + 1}M"),
    "email": _format(rf"[^@\s]+@{_HOST}", lambda n: f"robot{n + 1}@example.com"),
    "idn-email": _format(r"[^@\s]+@[^@\s]+", lambda n: f"robot{n + 1}@example.com"),
    "hostname": _format(_HOST, lambda n: f"robot{n + 1}.example.com"),
    "idn-hostname": _format(r"[^\s@/]+", lambda n: f"robot{n + 1}.example.com"),
    "ipv4": _parsed(IPv4Address, lambda n: f"192.0.2.{n % 254 + 1}"),
    "ipv6": _parsed(IPv6Address, lambda n: f"2001:db8::{n + 1:x}"),
    "uuid": _format(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", lambda n: f"123e4567-e89b-42d3-a456-{n:012x}"),
    "uri": _format(r"[a-z][a-z0-9+.-]*:\S+", lambda n: f"https://example.com/{n + 1}"),
    "uri-reference": _format(r"\S*", lambda n: f"/things/{n + 1}"),
    "iri": _format(r"[a-z][a-z0-9+.-]*:\S+", lambda n: f"https://example.com/{n + 1}"),
    "iri-reference": _format(r"\S*", lambda n: f"/things/{n + 1}"),
    "uri-template": _format(r"\S*", lambda n: f"/things/{{id}}/{n + 1}"),
    "json-pointer": _format(r"(/([^~]|~[01])*)*", lambda n: f"/things/{n}"),
    "relative-json-pointer": _format(r"\d+(#|(/([^~]|~[01])*)*)", lambda n: f"{n}/things"),
    "regex": _parsed(re.compile, lambda n: f"^thing{n + 1}$"),
}
