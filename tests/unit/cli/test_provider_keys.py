"""An operator changes the keys of a provider."""

import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from dev.seed import PROVIDER_KEYS_SECRET
from tests import canaries
from tests.fake_upstream import FakeUpstream, json_reply
from tests.unit.cli.conftest import Run

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager.client import SecretsManagerClient

OLD, NEW = "sk-old-old-old", canaries.PROVIDER_KEY


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeUpstream]:
    """Answers for all of them, and knows every key."""
    with FakeUpstream() as upstream:
        upstream.replies({"data": []})
        for name in ("OPENAI", "NEARAI"):
            monkeypatch.setenv(f"{name}_BASE_URL", upstream.url)
        yield upstream


@pytest.fixture
def secrets(run: Run) -> "SecretsManagerClient":
    client: SecretsManagerClient = boto3.client("secretsmanager")
    told = {"openai": {"key": OLD, "weight": 3, "name": "old"}, "xai": "xai-of-theirs"}
    client.create_secret(Name=PROVIDER_KEYS_SECRET, SecretString=json.dumps(told))
    return client


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


def stored(secrets: "SecretsManagerClient") -> Any:
    """By its label: moto does not notice by itself that it has moved."""
    found = secrets.get_secret_value(SecretId=PROVIDER_KEYS_SECRET, VersionStage="AWSCURRENT")
    return json.loads(found["SecretString"])


def test_keys_are_listed_by_their_names_and_never_themselves(run: Run, secrets: "SecretsManagerClient") -> None:
    said = run("provider-keys", "list")

    assert said.cells("PROVIDER", "KEY", "WEIGHT", "USED")[0] == ["openai", "old", "3", "yes"]
    assert [row[0] for row in said.rows[1:]] == ["openai", "xai"]
    assert not [key for key in (OLD, "xai-of-theirs") if key in said.out + said.error]


def test_those_of_one_provider_can_be_listed(run: Run, secrets: "SecretsManagerClient") -> None:
    assert run("provider-keys", "list", "xai").cells("PROVIDER") == [["xai"]]


def test_a_new_key_is_tried_and_put_beside_the_old_one(
    run: Run, secrets: "SecretsManagerClient", provider: FakeUpstream
) -> None:
    said = run("provider-keys", "add", "openai", "--name", "new", "--weight", "2", typed=f"{NEW}\n")

    assert said.code == 0
    assert stored(secrets)["openai"][1] == {"key": NEW, "weight": 2, "name": "new"}
    (asked,) = provider.received
    assert (asked.method, asked.path, asked.headers["authorization"]) == ("GET", "/models", f"Bearer {NEW}")
    assert "OpenAI knows the key\nopenai: added new\nundo: aws secretsmanager" in said.error
    assert NEW not in said.out + said.error


def test_a_key_that_the_provider_refuses_is_not_stored(
    run: Run, secrets: "SecretsManagerClient", provider: FakeUpstream
) -> None:
    provider.replies({"error": {"message": f"Incorrect API key: {NEW}"}}, 401)

    said = run("provider-keys", "add", "openai", typed=NEW)

    assert (said.code, said.error) == (1, "openmind-llm: OpenAI refuses the key (status 401)\n")
    assert stored(secrets)["openai"]["name"] == "old"


def test_a_provider_that_is_down_leaves_it_to_the_operator(
    run: Run, secrets: "SecretsManagerClient", provider: FakeUpstream
) -> None:
    provider.answer = lambda _: json_reply({}, 503)

    refused = run("provider-keys", "add", "openai", typed=NEW)
    told = run("provider-keys", "add", "openai", "--untried", typed=NEW)

    assert refused.code == 1
    assert "nothing was stored: try later, or say --untried" in refused.error
    assert told.code == 0
    assert stored(secrets)["openai"][1] == NEW
    assert len(provider.received) == 1


def test_where_everybody_gets_the_list_it_is_told_that_the_key_was_not_tried(
    run: Run, secrets: "SecretsManagerClient", provider: FakeUpstream
) -> None:
    said = run("provider-keys", "add", "nearai", typed=NEW)

    assert (said.code, provider.received) == (0, [])
    assert "not tried" in said.error
    assert stored(secrets)["nearai"] == NEW


@pytest.mark.parametrize(
    ("words", "typed", "why"),
    [
        (["acme"], NEW, "unsupported model provider: acme"),
        (["openai"], "", "8 to 512 printable"),
        (["openai"], "two words", "8 to 512 printable"),
        (["openai"], OLD, "there already"),
        (["openai", "--name", "old"], NEW, "a key named old already"),
    ],
)
def test_what_cannot_be_stored_is_refused_before_anybody_is_asked(
    run: Run, secrets: "SecretsManagerClient", provider: FakeUpstream, words: list[str], typed: str, why: str
) -> None:
    before = stored(secrets)

    said = run("provider-keys", "add", *words, typed=typed)

    assert said.code == 1
    assert why in said.error
    assert (stored(secrets), provider.received) == (before, [])


def test_a_key_is_removed_by_its_name(run: Run, secrets: "SecretsManagerClient") -> None:
    run("provider-keys", "add", "openai", "--untried", typed=NEW)

    said = run("provider-keys", "remove", "openai", "old")

    assert said.code == 0
    assert stored(secrets)["openai"] == NEW
    assert "openai: removed old\nundo: aws" in said.error
    assert "no request is made with it from " in said.error


def test_the_last_key_is_removed_only_by_force(run: Run, secrets: "SecretsManagerClient") -> None:
    refused = run("provider-keys", "remove", "openai", "old")
    forced = run("provider-keys", "remove", "openai", "old", "--force")

    assert (refused.code, forced.code) == (1, 0)
    assert "the last key of openai" in refused.error
    assert stored(secrets) == {"xai": "xai-of-theirs"}


def test_an_undo_as_it_is_told_brings_the_version_before_back(run: Run, secrets: "SecretsManagerClient") -> None:
    before = stored(secrets)
    said = run("provider-keys", "add", "openai", "--untried", typed=NEW)
    told = next(line for line in said.error.splitlines() if line.startswith("undo:")).split()

    secrets.update_secret_version_stage(
        SecretId=told[told.index("--secret-id") + 1].strip("'"),
        VersionStage=told[told.index("--version-stage") + 1],
        MoveToVersionId=told[told.index("--move-to-version-id") + 1],
        RemoveFromVersionId=told[told.index("--remove-from-version-id") + 1],
    )

    assert stored(secrets) == before


def test_a_rotation_waits_for_every_environment_and_every_request_before_it_removes_the_old_key(
    run: Run, secrets: "SecretsManagerClient", provider: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[float, Any]] = []
    monkeypatch.setattr(time, "sleep", lambda seconds: seen.append((seconds, stored(secrets)["openai"])))

    said = run("provider-keys", "rotate", "openai", "--name", "new", typed=NEW)

    assert said.code == 0
    ((waited_s, meanwhile),) = seen
    assert waited_s == 300 + 900
    assert [row["name"] for row in meanwhile] == ["old", "new"]
    assert stored(secrets)["openai"] == [{"key": NEW, "weight": 3, "name": "new"}]


def test_a_rotation_without_a_wait_leaves_both_and_tells_what_is_left_to_do(
    run: Run, secrets: "SecretsManagerClient", provider: FakeUpstream, slept: list[float]
) -> None:
    said = run("provider-keys", "rotate", "openai", "--wait", "0", typed=NEW)

    assert slept == []
    assert len(stored(secrets)["openai"]) == 2
    assert said.error.splitlines()[-1].endswith("openmind-llm provider-keys remove openai old")


def test_a_rotation_that_is_stopped_leaves_both(
    run: Run, secrets: "SecretsManagerClient", provider: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", stopped)

    said = run("provider-keys", "rotate", "openai", typed=NEW)

    assert said.code == 1
    assert "both keys are in use; later: openmind-llm provider-keys remove openai old" in said.error
    assert len(stored(secrets)["openai"]) == 2


def test_of_several_keys_the_one_to_replace_has_to_be_named(
    run: Run, secrets: "SecretsManagerClient", provider: FakeUpstream, slept: list[float]
) -> None:
    run("provider-keys", "add", "openai", "--name", "second", "--untried", typed="sk-second-key")

    refused = run("provider-keys", "rotate", "openai", typed=NEW)
    done = run("provider-keys", "rotate", "openai", "--old", "second", "--name", "third", typed=NEW)

    assert (refused.code, done.code) == (1, 0)
    assert "name the key to replace by --old; openai has: old, second" in refused.error
    assert [row["name"] for row in stored(secrets)["openai"]] == ["old", "third"]


def test_a_secret_that_is_not_there_is_told_in_one_line(run: Run) -> None:
    said = run("provider-keys", "list")

    assert said.code == 1
    assert said.error.count("\n") == 1
    assert "ResourceNotFoundException" in said.error
