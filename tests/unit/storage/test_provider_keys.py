"""The operator's provider keys, as they stand in their secret."""

import hashlib
import json
from typing import Any

import pytest

from openmind_llm.domain.attempts.target import ProviderKey
from openmind_llm.storage.provider_keys import SecretProviderKeys
from openmind_llm.storage.secrets import Secret
from tests.fakes import FakeClock
from tests.unit.storage.fake_secrets import FakeSecretsManager


def keys(told: Any) -> list[ProviderKey]:
    text = told if isinstance(told, str) and told[:1] in "{[n" else json.dumps({"openai": told})
    service: Any = FakeSecretsManager(text)
    return list(SecretProviderKeys(Secret(service, "provider-keys", 300, FakeClock())).all("openai"))


def name(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()[:8]


def test_one_key_is_a_text() -> None:
    assert keys(" sk-1\n") == [ProviderKey(name("sk-1"), "sk-1", 1)]


def test_several_keys_are_a_list_with_weights_and_names() -> None:
    found = keys(["sk-1", {"key": "sk-2", "weight": 3}, {"key": "sk-3", "name": "team-b"}])

    assert found == [
        ProviderKey(name("sk-1"), "sk-1", 1),
        ProviderKey(name("sk-2"), "sk-2", 3),
        ProviderKey("team-b", "sk-3", 1),
    ]


@pytest.mark.parametrize("secret", ['{"openai": ""}', '{"openai": " "}', '{"openai": []}', '{"xai": "sk-1"}'])
def test_nothing_is_no_key(secret: str, caplog: pytest.LogCaptureFixture) -> None:
    assert keys(secret) == []
    assert not caplog.messages


@pytest.mark.parametrize(
    "told",
    [
        7,
        "sk-ключ",
        "sk-1\nsk-2",
        {"key": 7},
        {"weight": 2},
        {"key": "sk-1", "weight": 0},
        {"key": "sk-1", "weight": 1001},
        {"key": "sk-1", "weight": True},
        {"key": "sk-1", "name": "with a space"},
        {"key": "sk-1", "name": 1},
    ],
)
def test_what_cannot_be_a_key_is_left_out_and_the_log_says_so(told: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert [key.secret for key in keys([told, "sk-good"])] == ["sk-good"]
    assert "provider key unusable" in caplog.text


def test_a_secret_is_read_anew_only_where_it_has_changed(caplog: pytest.LogCaptureFixture) -> None:
    service: Any = FakeSecretsManager('{"openai": [7, "sk-1"]}')
    kept = SecretProviderKeys(Secret(service, "provider-keys", 0, FakeClock()))
    first, again = kept.all("openai"), kept.all("openai")
    service.text = '{"openai": "sk-2"}'

    assert first is again
    assert caplog.messages == ["provider key unusable"]
    assert [key.secret for key in kept.all("openai")] == ["sk-2"]


def test_of_two_keys_with_one_name_the_first_counts() -> None:
    assert [key.secret for key in keys([{"key": "a", "name": "x"}, {"key": "b", "name": "x"}, "c"])] == ["a", "c"]


@pytest.mark.parametrize("text", ["not json", "[]", "null"])
def test_a_damaged_secret_configures_no_provider(text: str) -> None:
    assert keys(text) == []


def test_a_service_that_was_never_up_configures_no_provider() -> None:
    service: Any = FakeSecretsManager("{}")
    service.is_down = True

    assert SecretProviderKeys(Secret(service, "provider-keys", 300, FakeClock())).all("openai") == ()


def test_a_key_does_not_show_its_secret() -> None:
    assert "sk-1" not in repr(keys("sk-1"))
