"""An operator has the catalogue compared with what the providers state."""

import json
from collections.abc import Iterator

import boto3
import pytest

from dev.seed import PROVIDER_KEYS_SECRET
from openmind_llm.domain import utc
from tests import canaries
from tests.fake_upstream import FakeUpstream
from tests.unit.cli.conftest import Run


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(utc, "day", lambda _: "2026-11-26")


@pytest.fixture
def deepseek(run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeUpstream]:
    """The one provider with a key."""
    keys = json.dumps({"deepseek": canaries.PROVIDER_KEY})
    boto3.client("secretsmanager").create_secret(Name=PROVIDER_KEYS_SECRET, SecretString=keys)
    with FakeUpstream() as upstream:
        monkeypatch.setenv("DEEPSEEK_BASE_URL", upstream.url)
        upstream.replies({"data": [{"id": "deepseek-flash"}]})
        yield upstream


def test_a_catalogue_that_is_true_is_called_so(run: Run, deepseek: FakeUpstream) -> None:
    said = run("models", "check")

    assert (said.code, said.out) == (0, "")
    assert "deepseek: 1 models listed\nopenai: not looked at: no key\n" in said.error
    assert said.error.endswith("nothing found\n")


def test_what_is_found_is_listed_and_fails(run: Run, deepseek: FakeUpstream) -> None:
    deepseek.replies({"data": [{"id": "deepseek-next"}]})

    said = run("models", "check")

    assert said.code == 1
    assert said.out == (
        "missing: deepseek/deepseek-flash is not listed; asked for by deepseek-chat, deepseek-flash\n"
    )  # fmt: skip
    assert "1 found" in said.error


def test_a_model_that_ends_with_a_fallback_is_in_order(run: Run, deepseek: FakeUpstream) -> None:
    said = run("models", "check")

    assert "in order: openai/gpt-5 ends on 2026-12-11, then openai/gpt-6.1-sol answers\n" in said.error


def test_a_provider_that_refuses_the_key_is_told_and_is_no_finding(run: Run, deepseek: FakeUpstream) -> None:
    deepseek.replies({"error": {"message": canaries.PROVIDER_KEY}}, 401)

    said = run("models", "check")

    assert said.code == 0
    assert "deepseek: not looked at: status 401, key " in said.error
    assert canaries.PROVIDER_KEY not in said.error


def test_the_operators_changes_are_looked_at_too(
    run: Run, deepseek: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = [{"provider": "deepseek", "name": "deepseek-chat", "upstream_id": "deepseek-next"}]
    monkeypatch.setenv("MODEL_OVERRIDES", json.dumps(change))

    said = run("models", "check")

    assert said.out == "missing: deepseek/deepseek-next is not listed; asked for by deepseek-chat\n"


def test_changes_that_cannot_be_read_are_told_in_one_line(
    run: Run, deepseek: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_OVERRIDES", "{")

    assert run("models", "check") == (1, "", "openmind-llm: the model overrides are not JSON\n")


def test_keys_that_cannot_be_read_are_not_taken_for_none(run: Run) -> None:
    said = run("models", "check")

    assert said.code == 1
    assert "cannot be read" in said.error
