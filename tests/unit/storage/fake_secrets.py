"""Secrets Manager, as far as it is asked."""

from typing import Any

from openmind_llm.storage.wire.errors import UnreachableError


class FakeSecretsManager:
    """Counts its calls; down while `is_down`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.is_down = False
        self.calls = 0

    def get_secret_value(self, **_: Any) -> dict[str, str]:
        self.calls += 1
        if self.is_down:
            raise UnreachableError("GetSecretValue", "ConnectTimeout")
        return {"SecretString": self.text}
