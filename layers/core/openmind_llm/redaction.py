"""Makes text from outside fit to be shown: in an error, a header or a log line."""

import re

MAX_SHOWN = 200
_KEY_LIKE = re.compile(
    r"om1_(?:live|test)_\w*"
    r"|\b(?:sk|xai|rk|pk)-[\w*.-]{4,}"
    r"|\bAIza[\w-]{4,}"
    r"|(?i:\bbearer)\s+\S+"
    r"|\w{32,}"
)


def without_keys(text: str) -> str:
    """The same text with everything that could be a key blotted out."""
    return _KEY_LIKE.sub("[redacted]", text)


def shown(text: str, limit: int = MAX_SHOWN) -> str:
    """At most `limit` printable characters, none of them a key's."""
    printable = "".join(character if character.isprintable() else "?" for character in text[: limit * 4])
    clean = without_keys(printable)
    return clean if len(clean) <= limit else f"{clean[: limit - 1]}…"
