"""The provider keys' secret is changed by compare and swap."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from openmind_llm.storage.boto import Boto
from openmind_llm.storage.key_secret import DRAFT, KeySecret, SecretChangedError
from openmind_llm.storage.wire.errors import ServiceError
from openmind_llm.storage.wire.operations import SecretsManager
from tests.moto_account import account
from tests.unit.storage.wired import wired_secrets

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager.client import SecretsManagerClient

NAME = "provider-keys"


@pytest.fixture
def client() -> "Iterator[SecretsManagerClient]":
    with account():
        client = boto3.client("secretsmanager")
        client.create_secret(Name=NAME, SecretString="first")
        yield client


@pytest.fixture(params=["boto3", "wire"])
def operations(request: pytest.FixtureRequest, client: "SecretsManagerClient") -> SecretsManager:
    return SecretsManager(Boto(client)) if request.param == "boto3" else wired_secrets()


def current(client: "SecretsManagerClient", stage: str = "AWSCURRENT") -> str:
    return client.get_secret_value(SecretId=NAME, VersionStage=stage)["SecretString"]


def labels(client: "SecretsManagerClient") -> set[str]:
    versions = client.describe_secret(SecretId=NAME)["VersionIdsToStages"]
    return {label for of_version in versions.values() for label in of_version}


def test_a_write_is_a_new_version_and_the_one_before_can_be_gone_back_to(
    client: "SecretsManagerClient", operations: SecretsManager
) -> None:
    secret = KeySecret(operations, NAME)

    written = secret.write("second", instead_of=secret.read())

    assert secret.read() == written
    assert (current(client), current(client, "AWSPREVIOUS")) == ("second", "first")
    assert DRAFT not in labels(client)


def test_a_write_after_somebody_elses_changes_nothing(
    client: "SecretsManagerClient", operations: SecretsManager
) -> None:
    secret = KeySecret(operations, NAME)
    before = secret.read()
    client.put_secret_value(SecretId=NAME, SecretString="of somebody else")

    with pytest.raises(SecretChangedError, match="somebody else"):
        secret.write("second", instead_of=before)

    assert (current(client), current(client, "AWSPREVIOUS")) == ("of somebody else", "first")
    assert DRAFT not in labels(client)


def test_of_two_writers_who_read_the_same_the_second_is_told(
    client: "SecretsManagerClient", operations: SecretsManager
) -> None:
    one, other = KeySecret(operations, NAME), KeySecret(operations, NAME)
    read_by_one, read_by_other = one.read(), other.read()

    one.write("of one", instead_of=read_by_one)
    with pytest.raises(SecretChangedError):
        other.write("of other", instead_of=read_by_other)

    assert current(client) == "of one"


def test_a_write_whose_answer_was_lost_and_that_is_repeated_is_done(
    client: "SecretsManagerClient", operations: SecretsManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a client repeats it: the second time the label has moved already."""
    secret, move = KeySecret(operations, NAME), operations.update_secret_version_stage

    def twice(**arguments: Any) -> Any:
        if arguments["VersionStage"] != DRAFT:
            move(**arguments)
        return move(**arguments)

    monkeypatch.setattr(operations, "update_secret_version_stage", twice)

    assert secret.write("second", instead_of=secret.read()) == secret.read()
    assert current(client) == "second"


def test_a_write_that_is_not_allowed_is_told_as_such(
    client: "SecretsManagerClient", operations: SecretsManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(**_: Any) -> None:
        raise ServiceError("UpdateSecretVersionStage", "AccessDeniedException", "no")

    secret = KeySecret(operations, NAME)
    before = secret.read()
    monkeypatch.setattr(operations, "update_secret_version_stage", denied)

    with pytest.raises(ServiceError, match="AccessDenied"):
        secret.write("second", instead_of=before)

    assert current(client) == "first"
