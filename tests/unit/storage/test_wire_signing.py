"""Our signatures are those that botocore makes of the same request at the same moment."""

from datetime import UTC, datetime
from unittest import mock

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given
from hypothesis import strategies as st

from openmind_llm.storage.wire.signing import Credentials, Signer

PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1)
TYPE = "application/x-amz-json-1.0"


@given(
    body=st.binary(),
    target=st.from_regex(r"[A-Za-z0-9_]{1,30}\.[A-Za-z]{1,30}", fullmatch=True),
    host=st.from_regex(r"[a-z0-9.-]{1,40}(:[1-9][0-9]{0,3})?", fullmatch=True).filter(
        lambda host: host[0].isalnum() and not host.endswith((":80", ":443"))
    ),
    secret=PRINTABLE,
    token=st.just("") | PRINTABLE,
    at=st.integers(0, 4_000_000_000),
)
def test_signatures_are_those_of_botocore(
    body: bytes, target: str, host: str, secret: str, token: str, at: int
) -> None:
    headers = {"Content-Type": TYPE, "X-Amz-Target": target}
    request = AWSRequest("POST", f"https://{host}/", headers=headers, data=body)
    with mock.patch("botocore.auth.get_current_datetime", return_value=datetime.fromtimestamp(at, UTC)):
        SigV4Auth(BotoCredentials("AKID", secret, token or None), "dynamodb", "eu-west-1").add_auth(request)

    lines = Signer(Credentials("AKID", secret, token), "eu-west-1", "dynamodb", host, TYPE).lines(target, body, at)

    ours = dict(line.split(": ", 1) for line in lines.split("\r\n") if line)
    assert ours == {name: request.headers[name] for name in ours}
    assert ("X-Amz-Security-Token" in ours) == bool(token)


def test_a_key_is_derived_anew_on_another_day() -> None:
    def lines(signer: Signer, at: float) -> str:
        return signer.lines("x.Y", b"", at)

    kept = Signer(Credentials("AKID", "secret"), "eu-west-1", "dynamodb", "h", TYPE)
    days = [0.0, 86_400.0, 86_401.0, 0.0]

    anew = [lines(Signer(Credentials("AKID", "secret"), "eu-west-1", "dynamodb", "h", TYPE), at) for at in days]

    assert [lines(kept, at) for at in days] == anew
