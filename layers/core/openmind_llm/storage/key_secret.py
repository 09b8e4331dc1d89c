"""The provider keys' secret, as an operator changes it: each change is a new version of it, made by compare and swap.

Secrets Manager has no conditional write. But it moves the label AWSCURRENT only away from the version that it is told
to, and only if that version has the label. So a new text is put as a version that nobody reads, and is made the
current one in place of the one that was read; if somebody was faster, nothing has changed.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from openmind_llm.classes import dataclass
from openmind_llm.storage.wire.errors import ServiceError

if TYPE_CHECKING:
    from openmind_llm.storage.wire.operations import SecretsManager

CURRENT = "AWSCURRENT"
DRAFT = "openmind-llm-draft"
"""The label of a version until it is the current one. Without any label Secrets Manager deletes it by and by."""


class SecretChangedError(ValueError):
    """Somebody else has changed the secret since it was read; nothing was written."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the secret."""

    version_id: str
    text: str


class KeySecret:
    """Raises AwsError."""

    def __init__(self, client: SecretsManager, secret_id: str) -> None:
        self.secret_id = secret_id
        self._client = client

    def read(self) -> Version:
        """The current version."""
        found = self._client.get_secret_value(SecretId=self.secret_id, VersionStage=CURRENT)
        return Version(found["VersionId"], found["SecretString"])

    def write(self, text: str, instead_of: Version) -> Version:
        """Raises SecretChangedError if that is not the current version any more."""
        put = self._client.put_secret_value(SecretId=self.secret_id, SecretString=text, VersionStages=[DRAFT])
        version_id = put["VersionId"]
        try:
            self._move(instead_of.version_id, version_id)
        finally:
            with contextlib.suppress(ServiceError):  # an idle label harms nobody
                self._client.update_secret_version_stage(
                    SecretId=self.secret_id, VersionStage=DRAFT, RemoveFromVersionId=version_id
                )
        return Version(version_id, text)

    def _move(self, away_from: str, to: str) -> None:
        try:
            self._client.update_secret_version_stage(
                SecretId=self.secret_id, VersionStage=CURRENT, MoveToVersionId=to, RemoveFromVersionId=away_from
            )
        except ServiceError:
            current = self.read().version_id
            if current == away_from:
                raise
            if current != to:  # else it is the repeat of a call whose answer was lost
                raise SecretChangedError("somebody else has changed the secret just now: look, and repeat") from None
