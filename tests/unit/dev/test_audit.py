"""The audit of deployed packages, against a vulnerability service of our own."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from dev import audit, deployed
from tests import processes

VULNERABLE = {
    "vulns": [
        {
            "id": "PYSEC-2026-1",
            "summary": "Anybody may do anything",
            "affected": [
                {
                    "package": {"name": "fastapi", "ecosystem": "PyPI"},
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.0"}]}],
                }
            ],
        }
    ]
}


class Service:
    """What OSV does. `vulnerable` are packages, `status` is that of every answer, `asked` are names and versions."""

    def __init__(self) -> None:
        self.vulnerable: set[str] = set()
        self.status = 200
        self.asked: list[tuple[str, str]] = []
        self.url = ""

    def answer(self, question: Any) -> bytes:
        name = question["package"]["name"]
        self.asked.append((name, question["version"]))
        return json.dumps(VULNERABLE if name in self.vulnerable else {}).encode()


@pytest.fixture
def service() -> Iterator[Service]:
    told = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer = told.answer(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(told.status)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        told.url = f"http://127.0.0.1:{server.server_address[1]}/v1/query"
        yield told
        server.shutdown()


def test_every_deployed_package_is_asked_for_by_its_version(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    components = json.loads(deployed.exported("cyclonedx1.5"))["components"]

    code = audit.main({"OSV_URL": service.url, "STRICT": "1"})

    assert (code, capsys.readouterr().out) == (0, "audit: No known vulnerabilities found\n")
    assert sorted(service.asked) == sorted((one["name"], one["version"]) for one in components)


@pytest.mark.parametrize("environ", [{}, {"STRICT": "1"}])
def test_a_vulnerability_is_told_and_fails(
    service: Service, environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    service.vulnerable = {"fastapi"}

    code = audit.main(environ | {"OSV_URL": service.url})

    told = capsys.readouterr().out
    assert code == 1
    assert "Found 1 known vulnerability in 1 package" in told
    assert all(word in told for word in ("fastapi", "PYSEC-2026-1", "99.0"))


@pytest.mark.parametrize(("environ", "code"), [({}, 0), ({"STRICT": "1"}, 1)])
def test_a_service_that_cannot_be_reached_fails_only_where_it_must(
    environ: dict[str, str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = f"http://127.0.0.1:{processes.free_port()}/v1/query"

    assert audit.main(environ | {"OSV_URL": nowhere}) == code

    assert "NOT ASKED, nothing is known of vulnerabilities" in capsys.readouterr().err


def test_a_service_that_fails_has_not_been_asked(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    service.status = 503

    assert audit.main({"OSV_URL": service.url, "STRICT": "1"}) == 1

    assert "NOT ASKED" in capsys.readouterr().err
