"""Our own client of AWS on a real socket, whose other end does what networks and services do."""

import base64
import json
import socket

import pytest

from openmind_llm.storage.wire import place
from openmind_llm.storage.wire.errors import AwsError, ServiceError, UnreachableError
from openmind_llm.storage.wire.service import DYNAMODB, Service, Timers, Waiting
from tests.unit.storage.fake_aws import CLOSE, HANG, answer, fake_aws
from tests.unit.storage.wired import service

SECRET, TOKEN = "a-secret-of-the-role", "a-token-of-the-role"
VARIABLES = {
    "AWS_ACCESS_KEY_ID": "AKID",
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_SESSION_TOKEN": TOKEN,
    "AWS_REGION": "eu-central-1",
}
WELL = answer(b'{"Item":{"pk":{"S":"a"}}}')
FOUND = {"Item": {"pk": {"S": "a"}}}
ASKED = {"TableName": "t", "Key": {"pk": {"S": "what-was-asked"}}}
THROTTLED = answer(b'{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"slow down"}', 400)


def made(url: str, pauses: list[float] | None = None, attempts: int = 3, read_s: float = 10) -> Service:
    timers = Timers(sleep=([] if pauses is None else pauses).append, chance=lambda: 1.0)
    waiting = Waiting(10, read_s, attempts)
    return service({**VARIABLES, "AWS_ENDPOINT_URL": url}, DYNAMODB, waiting, timers)


def test_requests_in_turns_share_one_connection() -> None:
    with fake_aws([WELL] * 3) as aws:
        client = made(aws.url)

        assert [client.call("GetItem", ASKED) for _ in range(3)] == [FOUND] * 3
        assert aws.connections == 1


def test_a_kept_connection_that_was_closed_meanwhile_is_no_failure() -> None:
    pauses: list[float] = []
    with fake_aws([WELL], [WELL]) as aws:
        client = made(aws.url, pauses, attempts=1)
        client.call("GetItem", ASKED)
        assert aws.is_closed.wait(10)

        assert client.call("GetItem", ASKED) == FOUND
    assert (aws.connections, pauses) == (2, [])


def test_a_kept_connection_that_closes_instead_of_an_answer_is_replaced_at_once() -> None:
    pauses: list[float] = []
    with fake_aws([WELL, CLOSE], [WELL]) as aws:
        client = made(aws.url, pauses, attempts=1)
        client.call("GetItem", ASKED)

        assert client.call("GetItem", ASKED) == FOUND
    assert (len(aws.heads), pauses) == (3, [])


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (CLOSE, "Closed"),
        (WELL[:-5], "Closed"),
        (WELL[:20], "Closed"),
        (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", "NoHttp"),
        (answer(b"<html>"), "NoJson"),
        (answer(b"[]"), "NoJson"),
        (answer(b"{}", crc=1), "WrongChecksum"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", "NoHttp"),
    ],
    ids=["closed", "half a body", "half a head", "no http", "no json", "no object", "wrong checksum", "no chunk"],
)
def test_an_answer_that_cannot_be_used_is_asked_for_again(told: bytes, code: str) -> None:
    with fake_aws([told], [WELL]) as aws:
        assert made(aws.url).call("GetItem", ASKED) == FOUND
    with fake_aws([told]) as aws, pytest.raises(UnreachableError) as caught:
        made(aws.url, attempts=1).call("GetItem", ASKED)
    assert caught.value.code == code


@pytest.mark.parametrize("told", [answer(b"", 500), answer(b"{}", 503), answer(b"<html>", 502), THROTTLED])
def test_what_passes_is_asked_for_again(told: bytes) -> None:
    pauses: list[float] = []
    with fake_aws([told, told, WELL]) as aws:
        assert made(aws.url, pauses).call("GetItem", ASKED) == FOUND
    assert pauses == [1, 2]


def test_what_does_not_pass_is_told_after_all_attempts() -> None:
    with fake_aws([THROTTLED] * 4) as aws, pytest.raises(ServiceError) as caught:
        made(aws.url).call("GetItem", ASKED)
    assert (caught.value.code, len(aws.heads)) == ("ThrottlingException", 3)


def test_a_refusal_is_not_asked_for_again() -> None:
    told = {"__type": "x#TransactionCanceledException", "CancellationReasons": [{"Code": "None"}, {"Code": "Other"}]}
    with fake_aws([answer(json.dumps(told).encode(), 400)]) as aws, pytest.raises(ServiceError) as caught:
        made(aws.url).call("TransactWriteItems", ASKED)
    assert (caught.value.code, caught.value.reasons) == ("TransactionCanceledException", ("None", "Other"))
    assert len(aws.heads) == 1


def test_a_service_that_is_silent_is_given_up() -> None:
    with fake_aws([HANG]) as aws, pytest.raises(UnreachableError) as caught:
        made(aws.url, attempts=1, read_s=0.05).call("GetItem", ASKED)
    assert caught.value.code == "ReadTimeout"


def test_a_refused_connection_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(UnreachableError) as caught:
        made(url).call("GetItem", ASKED)
    assert caught.value.code == "ConnectionRefusedError"


def test_chunks_are_joined() -> None:
    told = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\n{"a"\r\n3\r\n:1}\r\n0\r\nt: v\r\n\r\n'
    with fake_aws([told, WELL]) as aws:
        client = made(aws.url)

        assert client.call("GetItem", ASKED) == {"a": 1}
        assert client.call("GetItem", ASKED) == FOUND
    assert aws.connections == 1


def test_bytes_go_and_come_as_base64() -> None:
    content = base64.b64encode(b"\x00content").decode()
    with fake_aws([answer(json.dumps({"Item": {"B": {"S": "x"}, "c": {"B": content}}}).encode())]) as aws:
        found = made(aws.url).call("PutItem", {"Item": {"c": {"B": b"\x00content"}}})
    assert found == {"Item": {"B": {"S": "x"}, "c": {"B": b"\x00content"}}}
    assert json.loads(aws.bodies[0]) == {"Item": {"c": {"B": content}}}


def test_all_attempts_of_a_transaction_have_one_token_and_the_next_has_another() -> None:
    with fake_aws([THROTTLED, WELL, WELL]) as aws:
        client = made(aws.url)
        client.call("TransactWriteItems", {})
        client.call("TransactWriteItems", {})
    first, again, other = (json.loads(body)["ClientRequestToken"] for body in aws.bodies)
    assert first == again != other


def test_the_trace_of_lambda_goes_with_the_request() -> None:
    with fake_aws([WELL]) as aws:
        variables = {**VARIABLES, "AWS_ENDPOINT_URL": aws.url, "AWS_LAMBDA_FUNCTION_NAME": "stream"}
        service(variables, trace=lambda: "Root=1-5759e988;Sampled=1\r\n").call("GetItem", ASKED)
    assert "\r\nX-Amzn-Trace-Id: Root=1-5759e988;Sampled=1%0D%0A\r\n" in aws.heads[0]


@pytest.mark.parametrize(
    ("told", "kind"),
    [(answer(b'{"__type":"InvalidSignatureException","message":"no\\nThe Canonical String\\nx-amz-security-token:'
             + TOKEN.encode() + b'"}', 403), ServiceError),
     (answer(TOKEN.encode()), UnreachableError)],
)  # fmt: skip
def test_no_error_tells_what_was_sent(told: bytes, kind: type[AwsError]) -> None:
    with fake_aws([told]) as aws, pytest.raises(kind) as caught:
        made(aws.url, attempts=1).call("GetItem", ASKED)
    texts = f"{caught.value} {caught.value!r} {vars(caught.value)} {caught.value.__cause__}"
    assert not any(word in texts for word in (TOKEN, SECRET, "what-was-asked", "AKID"))


PLACES: list[tuple[dict[str, str], str | None]] = [
    ({}, "dynamodb.eu-central-1.amazonaws.com"),
    ({"AWS_REGION": "cn-north-1"}, "dynamodb.cn-north-1.amazonaws.com.cn"),
    ({"AWS_REGION": "us-gov-west-1"}, "dynamodb.us-gov-west-1.amazonaws.com"),
    ({"AWS_DEFAULT_REGION": "us-east-2"}, "dynamodb.us-east-2.amazonaws.com"),
    ({"AWS_ENDPOINT_URL": "http://h:1", "AWS_ENDPOINT_URL_DYNAMODB": "http://d:2"}, "d"),
    ({"AWS_ENDPOINT_URL": "http://h:1"}, "h"),
    ({"AWS_ENDPOINT_URL": "http://h:1/path"}, None),
    ({"AWS_REGION": "us-iso-east-1"}, None),
    ({"AWS_REGION": ""}, None),
    ({"AWS_ACCESS_KEY_ID": ""}, None),
    ({"AWS_USE_FIPS_ENDPOINT": "true"}, None),
    ({"AWS_USE_DUALSTACK_ENDPOINT": "TRUE"}, None),
    ({"AWS_PROFILE": "work"}, None),
    ({"HTTPS_PROXY": "http://proxy"}, None),
]


@pytest.mark.parametrize(("more", "host"), PLACES)
def test_what_the_variables_do_not_say_plainly_is_left_to_boto3(more: dict[str, str], host: str | None) -> None:
    found = place.read(VARIABLES | more, str)

    assert (found and found.endpoint(DYNAMODB).host) == host
