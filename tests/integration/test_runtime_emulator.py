"""The built functions under Lambda's own runtime interface emulator, with the environment that the template gives."""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from dev import seed
from dev.emulator import Emulator
from openmind_llm import plans
from openmind_llm.domain import keys
from openmind_llm.domain.accounts import Accounts
from openmind_llm.domain.keys import Caller
from openmind_llm.domain.ledger.ledger import Clock, Ledger
from openmind_llm.domain.ledger.seen import Seen
from openmind_llm.storage import boto
from openmind_llm.storage.accounts import DynamoAccounts
from openmind_llm.storage.ledger import DynamoLedger
from tests import canaries, processes
from tests.fake_releases import FakeReleases
from tests.fake_upstream import FakeUpstream
from tests.integration import emulators
from tests.integration.conftest import REGION, ROOT, Template
from tests.integration.ledger import racers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.processes import Running

    type Start = Callable[..., Running]

PEPPER = "pepper"
ACCOUNT, PLAN = "acct_example", "unlimited"
STAND_INS = {
    "Stage": "dev",
    "LogLevel": "INFO",
    "CorsAllowOrigin": "",
    "ModelOverrides": "[]",
    "Metrics": "model",
    "Alarms": "on",
    "BreakerFailures": "5",
    "PlanOverrides": "[]",
    "DefaultPlan": "free",
    "OidcIssuer": "",
    "OidcAudience": "",
    "RolloutModel": "openai/gpt-4o-mini",
    "Table": "table",
    "UsageBucket": "usage-bucket",
    "KeyPepperSecret": "key-pepper",
    "ProviderKeysSecret": "provider-keys",
}
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
}
INVOCATIONS = "2015-03-31/functions/function/invocations"

MANAGED = [sys.executable, "-m", "awslambdaric"]
"""What starts a function of managed Python; the handler follows."""

type Event = dict[str, Any]


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """DynamoDB, Secrets Manager and S3 on loopback, with what a deployed stack has."""
    log = tmp_path_factory.mktemp("aws") / "log"
    with Emulator(processes.free_port(), log, variables={"SERVICES": "dynamodb,secretsmanager,s3"}) as emulator:
        _fill(emulator.url)
        yield emulator


def _fill(url: str) -> None:
    session = boto3.Session("local", "local", region_name=REGION)
    dynamodb = session.client("dynamodb", endpoint_url=url)
    secrets = session.client("secretsmanager", endpoint_url=url)
    seed.create_table(dynamodb, STAND_INS["Table"])
    session.client("s3", endpoint_url=url).create_bucket(Bucket=STAND_INS["UsageBucket"])
    seed.create_secret(secrets, STAND_INS["KeyPepperSecret"], PEPPER, replace=False)
    provider_keys = json.dumps({"openai": canaries.PROVIDER_KEY})
    seed.create_secret(secrets, STAND_INS["ProviderKeysSecret"], provider_keys, replace=False)
    accounts = Accounts(
        DynamoAccounts(boto.dynamodb(dynamodb), STAND_INS["Table"]), plans.load(), PEPPER.encode, time.time
    )
    accounts.open(ACCOUNT, PLAN, "test")
    accounts.create_key(ACCOUNT, "test", key=_example_key())


def _example_key() -> str:
    """The key that the recorded events carry."""
    return str(_event("auth_x_api_key")["headers"]["x-api-key"])


def _event(name: str) -> Event:
    event: Event = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return event


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as provider:
        yield provider


@pytest.fixture(scope="module")
def started(built: Path, template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts a built function, until the last test of this file."""
    with ExitStack() as running:

        def start(name: str, places: dict[str, str], program: list[str] = MANAGED) -> Running:
            log = tmp_path_factory.mktemp(name) / "log"
            return running.enter_context(_function(name, built, template, places, log, program))

        yield start


@pytest.fixture(scope="module")
def auth(started: Start, aws: Emulator) -> Running:
    return started("AuthFunction", {"AWS_ENDPOINT_URL": aws.url})


@pytest.fixture(scope="module")
def places(aws: Emulator, upstream: FakeUpstream) -> dict[str, str]:
    return {"AWS_ENDPOINT_URL": aws.url, "OPENAI_BASE_URL": upstream.url}


@pytest.fixture(scope="module")
def route(started: Start, places: dict[str, str]) -> Running:
    return started("RouteFunction", places)


@pytest.fixture(scope="module")
def sweep(started: Start, aws: Emulator) -> Running:
    return started("SweepFunction", {"AWS_ENDPOINT_URL": aws.url})


@pytest.fixture(scope="module")
def releases() -> Iterator[FakeReleases]:
    with FakeReleases(lambda *_: b"{}") as fake:
        yield fake


@pytest.fixture(scope="module")
def rollout(started: Start, aws: Emulator, releases: FakeReleases) -> Running:
    elsewhere = dict.fromkeys(("AWS_ENDPOINT_URL_LAMBDA", "AWS_ENDPOINT_URL_CODEDEPLOY"), releases.url)
    return started("RolloutFunction", {"AWS_ENDPOINT_URL": aws.url} | elsewhere)


@pytest.fixture(scope="module")
def export(started: Start, aws: Emulator) -> Running:
    return started("ExportFunction", {"AWS_ENDPOINT_URL": aws.url})


@pytest.fixture(scope="module")
def stream(started: Start, built: Path, places: dict[str, str]) -> Running:
    """Started by the wrapper in the built layer, as its environment says."""
    wrapper = str(built / "CoreLayer" / "python" / "openmind-llm-runtime")
    return started("StreamFunction", places, [wrapper, sys.executable])


@contextmanager
def _function(
    name: str, built: Path, template: Template, places: dict[str, str], log: Path, program: list[str]
) -> Iterator[Running]:
    """The built code; packages from this Python, since the layer's are for another processor."""
    properties = template["Resources"][name]["Properties"]
    port = processes.free_port()
    environment = {
        **_environment(properties["Environment"]["Variables"]),
        **CREDENTIALS,
        **places,
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(built / "CoreLayer" / "python"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LAMBDA_TASK_ROOT": str(built / name),
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(properties["Timeout"]),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
    }
    command = emulators.rie(port, [*program, properties["Handler"]])
    with processes.running(command, port=port, environment=environment, cwd=built / name, log=log) as function:
        yield function
        canaries.look_through(name, [function.output])


def _environment(variables: dict[str, Any]) -> dict[str, str]:
    """The template's variables, with a stand-in for each reference; a reference to nothing is no variable."""
    present = {name: value for name, value in variables.items() if value != {"Ref": "AWS::NoValue"}}
    return {name: _stand_in(v["Ref"]) if isinstance(v, dict) else str(v) for name, v in present.items()}


def _stand_in(reference: str) -> str:
    """A version stands for itself, as `AuthFunction`."""
    function, version, _ = reference.partition("Version")
    return function if version else STAND_INS[reference]


def _invoke(function: Running, event: str) -> Any:
    return json.loads(_invoke_raw(function, event))


def _invoke_raw(function: Running, event: str) -> bytes:
    answer = _sent(function, _event(event))
    canaries.look_through(event, [answer.decode()])
    return answer


def _sent(function: Running, event: Event) -> bytes:
    request = urllib.request.Request(
        f"{function.url}/{INVOCATIONS}", json.dumps(event).encode(), {"content-type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            answer: bytes = reply.read()
    except urllib.error.HTTPError as crash:
        with crash:
            raise AssertionError(function.output) from crash
    return answer


@pytest.mark.parametrize("event", ["auth_bearer", "auth_x_api_key"])
def test_auth_allows_a_good_key(auth: Running, event: str) -> None:
    """For every path of the stage, wherever the key stands."""
    policy = _invoke(auth, event)["policyDocument"]

    assert policy["Statement"] == [
        {
            "Action": "execute-api:Invoke",
            "Effect": "Allow",
            "Resource": "arn:aws:execute-api:us-east-1:123456789012:api1234567/dev/*",
        }
    ]


def test_auth_tells_who_calls(auth: Running) -> None:
    """The context reaches the other functions; API Gateway takes plain values only."""
    answer = _invoke(auth, "auth_bearer")

    proof = answer["context"].pop("proof")
    assert answer["context"] == {"key_id": answer["principalId"], "account_id": ACCOUNT}
    assert len(proof) == 16
    assert proof not in _example_key()


@pytest.mark.parametrize("event", ["auth_wrong_key", "auth_missing_key"])
def test_auth_refuses_with_the_one_text_that_means_401(auth: Running, event: str) -> None:
    """API Gateway makes a 500 of any other."""
    assert _invoke(auth, event)["errorMessage"] == "Unauthorized"


def test_auth_does_not_log_keys(auth: Running) -> None:
    """Neither good ones nor bad ones."""
    for event in ("auth_bearer", "auth_wrong_key"):
        _invoke(auth, event)

    assert "authorized" in auth.output
    assert "om1_live_" not in auth.output


@pytest.mark.parametrize("event", ["route_chat", "route_chat_x_api_key", "route_base64_body"])
def test_route_answers_a_completion(route: Running, event: str) -> None:
    """With the provider's answer."""
    answer = _invoke(route, event)

    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])["choices"][0]["message"]["content"] == "Hello!"


def test_route_sends_the_operators_key_to_the_provider(route: Running, upstream: FakeUpstream) -> None:
    """And the body as the client wrote it, whatever its script."""
    upstream.reset()
    _invoke(route, "route_base64_body")

    received = upstream.received[0]
    assert received.headers["authorization"] == f"Bearer {canaries.PROVIDER_KEY}"
    assert received.body["messages"][0]["content"] == "Grüße, 世界 👋"


@pytest.mark.parametrize("event", ["route_models", "route_provider_models"])
def test_route_lists_models(route: Running, event: str) -> None:
    """In the form of OpenAI's list."""
    answer = _invoke(route, event)

    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])["object"] == "list"


@pytest.mark.parametrize(("event", "what"), [("route_key", "key"), ("route_usage", "usage"), ("route_quote", "quote")])
def test_route_tells_what_was_used_and_what_it_would_cost(route: Running, event: str, what: str) -> None:
    """Usage without an authorizer's word: the function checks the key itself."""
    answer = _invoke(route, event)

    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])["object"] == what


@pytest.mark.parametrize("event", ["route_health", "route_openapi"])
def test_route_answers_public_paths(route: Running, event: str) -> None:
    """Without an authorizer's word."""
    assert _invoke(route, event)["statusCode"] == 200


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ("route_invalid_json", 400),
        ("route_unknown_path", 404),
        ("route_unsupported_model", 404),
        ("route_unsupported_provider", 404),
    ],
)
def test_route_refuses_in_the_contracts_form(route: Running, event: str, status: int) -> None:
    """With the status of the error table."""
    answer = _invoke(route, event)

    assert answer["statusCode"] == status
    assert list(json.loads(answer["body"])) == ["error"]


def test_route_logs_its_own_id_beside_that_of_the_gateway(route: Running) -> None:
    """The one is in the answer, the other in API Gateway's log and in what it answers by itself."""
    answer = _invoke(route, "route_chat")

    lines = [json.loads(line) for line in route.output.splitlines() if '"message":"completion"' in line]
    ours = answer["headers"]["x-request-id"]
    (logged,) = (line["gateway_request_id"] for line in lines if line["request_id"] == ours)
    assert logged == _event("route_chat")["requestContext"]["requestId"]


def test_the_line_of_a_request_has_its_metrics(route: Running) -> None:
    """As the function writes it, with its own Logger."""
    answer = _invoke(route, "route_chat")

    lines = [json.loads(line) for line in route.output.splitlines() if '"message":"completion"' in line]
    (made,) = (line for line in lines if line["request_id"] == answer["headers"]["x-request-id"])
    assert made["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "OpenMind"
    assert (made["Requests"], made["attempts"], made["tried"][0]["means"]) == (1, 1, "answered")


@pytest.mark.parametrize(
    ("event", "status", "ending"),
    [
        ("stream_chat", 200, b"data: [DONE]\n\n"),
        ("stream_url_chat", 200, b"data: [DONE]\n\n"),
        ("stream_url_base64_body", 200, b"data: [DONE]\n\n"),
        ("stream_chat_buffered", 200, b"}"),
        ("stream_url_x_api_key", 200, b"}"),
        ("stream_invalid_json", 400, b'{"error":"Invalid JSON"}'),
        ("stream_url_missing_key", 401, b"}"),
    ],
)
def test_stream_answers_in_the_form_of_streamed_responses(
    stream: Running, event: str, status: int, ending: bytes
) -> None:
    """The emulator hands on what it gets in one piece."""
    prelude, delimiter, body = _invoke_raw(stream, event).partition(bytes(8))

    assert json.loads(prelude)["statusCode"] == status
    assert delimiter
    assert body.endswith(ending)


def test_sweep_settles_the_hold_of_a_request_that_died(sweep: Running, aws: Emulator) -> None:
    dynamodb = boto3.Session("local", "local", region_name=REGION).client("dynamodb", endpoint_url=aws.url)
    an_hour_ago = Clock(lambda: time.time() - 3_600, time.sleep)
    ledger = Ledger(
        DynamoLedger(boto.dynamodb(dynamodb), STAND_INS["Table"]), plans.load(), an_hour_ago, Seen(0, time.monotonic)
    )
    ledger.admit(Caller(keys.key_id(_example_key()), ACCOUNT), racers.ask(time.time() - 3_600))

    assert [_invoke(sweep, "sweep_schedule") for _ in range(2)] == [{"swept": 1}, {"swept": 0}]


def test_the_check_before_a_rollout_approves_of_the_built_functions(
    rollout: Running,
    releases: FakeReleases,
    auth: Running,
    route: Running,
    stream: Running,
    upstream: FakeUpstream,
    aws: Emulator,
) -> None:
    """With a key of its own, which is refused afterwards; the completion reaches the provider, and is paid for."""
    functions = {"AuthFunction": auth, "RouteFunction": route, "StreamFunction": stream}
    shown: list[Event] = []

    def answers(name: str, event: Event) -> bytes:
        shown.append(event)
        return _sent(functions[name], event)

    releases.answers = answers
    upstream.reset()

    assert _invoke(rollout, "rollout_hook") == {"good": True}, rollout.output
    assert releases.reports.pop() == "Succeeded"
    (asked,) = upstream.received
    assert asked.body["max_tokens"] == 16
    good = shown[1]
    assert json.loads(_sent(auth, good))["errorMessage"] == "Unauthorized"
    assert good["headers"]["x-api-key"] not in rollout.output
    dynamodb = boto3.Session("local", "local", region_name=REGION).client("dynamodb", endpoint_url=aws.url)
    paid = DynamoAccounts(boto.dynamodb(dynamodb), STAND_INS["Table"]).account("rollout")
    assert paid is not None
    assert paid.counters["charged"] > 0


def test_the_check_before_a_rollout_refuses_a_version_that_is_no_good(rollout: Running, releases: FakeReleases) -> None:
    """Here one that lets a wrong key in."""
    releases.answers = lambda *_: b'{"policyDocument": {"Statement": [{"Effect": "Allow"}]}}'

    assert _invoke(rollout, "rollout_hook") == {"good": False}
    assert releases.reports.pop() == "Failed"
    assert "a wrong key at the authorizer: status 200 instead of 401" in rollout.output


def test_export_writes_what_was_settled(export: Running, aws: Emulator) -> None:
    s3 = boto3.Session("local", "local", region_name=REGION).client("s3", endpoint_url=aws.url)

    assert _invoke(export, "export_stream") == {"exported": 1}
    assert len(s3.list_objects_v2(Bucket=STAND_INS["UsageBucket"])["Contents"]) == 1


def test_every_recorded_event_of_the_managed_functions_gets_an_answer(auth: Running, route: Running) -> None:
    """Of the function that its name begins with."""
    for event in sorted(path.stem for path in (ROOT / "events").glob("*_*.json")):
        function = {"auth": auth, "route": route}.get(event.partition("_")[0])
        if function is not None:
            answer = _invoke(function, event)
            assert answer.get("errorMessage", "Unauthorized") == "Unauthorized"
            assert answer.get("statusCode", 200) < 500


def test_every_recorded_event_of_the_stream_function_gets_an_answer(stream: Running) -> None:
    """Whatever it is."""
    for event in sorted(path.stem for path in (ROOT / "events").glob("stream_*.json")):
        prelude, _, _ = _invoke_raw(stream, event).partition(bytes(8))

        assert json.loads(prelude)["statusCode"] < 500
