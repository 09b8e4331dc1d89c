"""Who changed what of keys, plans and credit: rows that are only ever added."""

from collections.abc import Mapping
from dataclasses import field

from openmind_llm.classes import dataclass

SYSTEM = "system"
"""The actor where nobody asked: a period ended."""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """`at` is in milliseconds since the epoch. `credit` is what was granted, in micro-OMCU; negative if taken back.

    `subject` is a key's id, or the account's where all of it is meant.
    """

    account_id: str
    at: int
    actor: str
    action: str
    subject: str
    credit: int = 0
    detail: Mapping[str, str] = field(default_factory=dict)
