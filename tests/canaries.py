"""Secrets that must not come out anywhere, and the watch that looks for them in all that comes out of the suite."""

from collections.abc import Iterable

KEY_ID = "c0ffee00c0ffee00"
_KEY_SECRET = "cafe5ec2e7" * 6 + "cafe"
API_KEY = f"om1_live_{KEY_ID}{_KEY_SECRET}"
PROVIDER_KEY = "sk-proj-canaryProviderSecret0123456789abcdef"
LOGIN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1c2VyX2NhbmFyeSJ9.canaryLoginSignature0123456789"

_TRACES = ("cafe5ec2e7", "canaryProviderSecret", "canaryLoginSignature")
"""Any part of a canary that is long enough to be of use to a thief."""

leaks: list[str] = []


def look_through(where: str, texts: Iterable[str]) -> None:
    """Remembers each place where a canary shows."""
    for text in texts:
        leaks.extend(f"{where}: {trace}" for trace in _TRACES if trace in text)
