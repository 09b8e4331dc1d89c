"""`openmind-llm models`, over a table in moto."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from dev.seed import TABLE
from openmind_llm.providers import table
from openmind_llm.storage import boto
from openmind_llm.storage.catalogue import DynamoCatalogue
from tests.unit.cli.conftest import Run

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_dynamodb.client import DynamoDBClient

REPOINT = ("models", "set", "openai/gpt-4o", "--field", "upstream_id=gpt-5")


def stored(dynamodb: DynamoDBClient) -> Any:
    store = DynamoCatalogue(boto.dynamodb(dynamodb), TABLE)
    return json.loads(store.rows(store.latest()) or "[]")


def test_every_model_is_listed_with_todays_price(run: Run) -> None:
    listed = run("models", "list")

    assert len(listed.rows) == len(table.load().models()) + 1
    assert ["openai/gpt-4o", "42500/170000", "-"] in listed.cells("MODEL", "OMCU IN/OUT", "SET BY")
    assert listed.error == "version 0\n"


def test_a_model_is_repointed_and_it_is_told_what_becomes_of_it(run: Run, dynamodb: DynamoDBClient) -> None:
    said = run(*REPOINT)

    assert said.out == 'openai/gpt-4o upstream_id: "gpt-4o" -> "gpt-5"\n'
    assert said.error == "version 1: in every environment within 60 s\n"
    assert stored(dynamodb) == [{"provider": "openai", "name": "gpt-4o", "upstream_id": "gpt-5"}]


def test_a_dry_run_checks_and_changes_nothing(run: Run, dynamodb: DynamoDBClient) -> None:
    said = run(*REPOINT, "--dry-run")

    assert said.error == "it fits; nothing was changed\n"
    assert stored(dynamodb) == []
    assert run("models", "set", "openai/gpt-4o", "--field", "status=gone", "--dry-run").code == 1


@pytest.mark.parametrize("form", ["row", "list"])
def test_rows_come_from_a_file_or_from_standard_input(run: Run, tmp_path: Path, form: str) -> None:
    row = {"provider": "openai", "name": "gpt-4o", "shutdown": None}
    text = json.dumps(row if form == "row" else [row])
    (tmp_path / "rows.json").write_text(text)

    run("models", "set", "--file", str(tmp_path / "rows.json"))
    run("models", "undo")
    run("models", "set", "--file", "-", typed=text)

    assert json.loads(run("models", "show").out) == [row]


def test_what_was_shown_can_be_set_elsewhere(run: Run) -> None:
    run(*REPOINT)
    kept = run("models", "show").out
    run("models", "undo")

    run("models", "set", "--file", "-", typed=kept)

    assert run("models", "list", "--changes").cells("MODEL", "FIELDS") == [["openai/gpt-4o", "upstream_id"]]


def test_a_row_is_shown_as_it_holds(run: Run) -> None:
    run(*REPOINT)

    shown = json.loads(run("models", "show", "openai/gpt-4o").out)

    assert (shown["upstream_id"], shown["context_window"]) == ("gpt-5", 128_000)
    assert (
        run("models", "show", "openai/none").error == "openmind-llm: there is no row openai/none: see `models list`\n"
    )


def test_a_value_may_be_json_or_a_plain_text(run: Run, dynamodb: DynamoDBClient) -> None:
    fields = ("shutdown=null", 'fallbacks=["gpt-5"]', "replacement=gpt-5", "context_window=1000")
    run("models", "set", "openai/gpt-4o", *(word for field in fields for word in ("--field", field)))

    (row,) = stored(dynamodb)
    assert (row["shutdown"], row["fallbacks"], row["replacement"]) == (None, ["gpt-5"], "gpt-5")
    assert row["context_window"] == 1000


def test_a_price_is_added_in_dollars_and_omcu(run: Run, dynamodb: DynamoDBClient) -> None:
    said = run(
        "models", "set", "openai/gpt-4o", "--price-from", "2027-01-01", "--usd", "input=1.25", "--omcu", "output=7"
    )

    assert said.out.startswith("openai/gpt-4o price from 2027-01-01: 1.25/10 USD, 42500/7 OMCU")
    (row,) = stored(dynamodb)
    assert [price["since"] for price in row["prices"]] == ["2026-11-23", "2027-01-01"]
    assert row["prices"][-1]["usd"]["input"] == 1_250_000


def test_a_model_is_retired_with_who_answers_for_it(run: Run) -> None:
    said = run("models", "retire", "openai/gpt-5", "--on", "2030-01-01", "--fallback", "gemini/gemini-3.8-flash")

    assert 'openai/gpt-5 shutdown: "2026-12-11" -> "2030-01-01"' in said.out
    listed = run("models", "list").cells("MODEL", "SHUTDOWN", "FALLBACKS", "SET BY")
    assert ["openai/gpt-5", "2030-01-01", "gemini/gemini-3.8-flash", "models set"] in listed


def test_what_the_stacks_parameter_set_is_listed_as_such(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_OVERRIDES", '[{"provider": "openai", "name": "gpt-4o", "shutdown": null}]')
    run("models", "set", "openai/gpt-5", "--field", "shutdown=null")

    assert run("models", "list", "--changes").rows[1:] == [
        ["openai/gpt-4o", "ModelOverrides", "shutdown"],
        ["openai/gpt-5", "models set", "shutdown"],
    ]


def test_every_version_tells_who_made_it_and_of_which_models(run: Run) -> None:
    run(*REPOINT)
    run("models", "reset", "openai/gpt-4o")
    run("models", "undo")
    run("models", "undo", "--to", "0")

    assert run("models", "list", "--versions").cells("VERSION", "WHO", "WHAT", "OF") == [
        ["1", "operator alice", "set", "openai/gpt-4o"],
        ["2", "operator alice", "reset", "openai/gpt-4o"],
        ["3", "operator alice", "undo to 1", "openai/gpt-4o"],
        ["4", "operator alice", "undo to 0", "openai/gpt-4o"],
    ]


def test_the_audit_has_the_changes_of_the_catalogue(run: Run) -> None:
    run(*REPOINT)

    assert run("audit", "/catalogue").cells("WHO", "WHAT", "OF", "DETAIL") == [
        ["operator alice", "set", "version 1", "openai/gpt-4o='upstream_id'"]
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("set",), "name a model and what to set of it, or a file"),
        (("set", "openai/gpt-4o"), "name a model and what to set of it, or a file"),
        (("set", "gpt-4o", "--field", "shutdown=null"), "'gpt-4o' is no name of the form provider/model"),
        (("set", "openai/gpt-4o", "--file", "-"), "name a file, or a model with its fields"),
        (("set", "--file", "-"), "- is no JSON"),
        (("set", "--file", "/none"), "/none: No such file or directory"),
        (("set", "openai/gpt-4o", "--field", "x=1", "--usd", "input=1"), "say from which day the price holds"),
        (("set", "openai/gpt-4o", "--price-from", "today", "--usd", "input=x"), "not an amount: 'x'"),
        (("set", "openai/gpt-4o", "--field", "profile=x"), "model override of openai/gpt-4o: KeyError: 'x'"),
        (("reset", "openai/gpt-4o"), "nothing is set of openai/gpt-4o"),
        (("undo",), "nothing is set that could be undone"),
        (("retire", "openai/none", "--on", "today"), "there is no row openai/none"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(
    run: Run, dynamodb: DynamoDBClient, words: tuple[str, ...], told: str
) -> None:
    said = run("models", *words)

    assert said.code == 1
    assert said.error.startswith(f"openmind-llm: {told}")
    assert said.error.count("\n") == 1
    assert DynamoCatalogue(boto.dynamodb(dynamodb), TABLE).latest() == 0


@pytest.mark.parametrize(
    "words", [("retire", "openai/gpt-5"), ("retire", "x/y", "--on", "soon"), ("set", "--field", "x")]
)
def test_a_line_that_is_not_understood_ends_with_two(run: Run, words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        run("models", *words)

    assert ended.value.code == 2


def test_a_deployed_stacks_parameter_is_what_a_change_is_laid_over(run: Run) -> None:
    overrides = json.dumps([{"provider": "openai", "name": "gpt-4o", "upstream_id": "gpt-5-mini"}])
    outputs = ("TableName", "KeyPepperSecret", "ProviderKeysSecret")
    template = {
        "Parameters": {"ModelOverrides": {"Type": "String"}, "PlanOverrides": {"Type": "String"}},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {name: {"Value": TABLE} for name in outputs},
    }
    boto3.client("cloudformation").create_stack(
        StackName="gateway",
        TemplateBody=json.dumps(template),
        Parameters=[
            {"ParameterKey": "ModelOverrides", "ParameterValue": overrides},
            {"ParameterKey": "PlanOverrides", "ParameterValue": '[{"name": "free", "monthly_credit": 12.5}]'},
        ],
    )

    said = run("--stack", "gateway", *REPOINT)

    assert said.out == 'openai/gpt-4o upstream_id: "gpt-5-mini" -> "gpt-5"\n'
    assert ["free", "12.5"] in run("--stack", "gateway", "plans", "list").cells("PLAN", "OMCU/MONTH")
