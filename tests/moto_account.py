"""An empty AWS account in this process, by moto: for single calls. Races want ministack.

DynamoDB and Secrets Manager are served on a socket, too, since not all that asks them is boto3.
"""

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber

REGION = "us-east-1"
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}
HOSTS = {"DynamoDB_20120810": "dynamodb", "secretsmanager": "secretsmanager"}
"""By what the target of a request begins with."""


class Moto(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        host = HOSTS[self.headers["X-Amz-Target"].partition(".")[0]]
        url = f"https://{host}.{REGION}.amazonaws.com/"
        asked = AWSPreparedRequest(
            "POST", url, HTTPHeaders.from_dict(dict(self.headers.items())), body, stream_output=False
        )
        found: Any = BotocoreStubber().process_request(asked)
        status, told, answer = found
        content = answer.encode() if isinstance(answer, str) else answer
        self.send_response_only(status)
        for name, value in told.items():
            if name.lower() not in {"content-length", "connection"}:
                self.send_header(name, str(value))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@functools.cache
def _url() -> str:
    """Of a server that lives as long as this process."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Moto)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


@contextmanager
def account() -> Iterator[None]:
    """Whatever emulator or profile the shell points to."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
            patch.delenv(name, raising=False)
        for name in ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_SECRETS_MANAGER"):
            patch.setenv(name, _url())
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        with mock_aws():
            yield
