"""The issuer of local development: its logins are accepted as a real issuer's are."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from dev import issuer, serve, start
from dev.issuer import Issuer
from openmind_llm.errors import UserNotFoundError
from openmind_llm.identity.oidc import OidcLogins


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    with serve.serving(Issuer(issuer.key(tmp_path)), start.listen(0)) as port:
        yield port


def test_a_minted_login_is_accepted(tmp_path: Path, port: int) -> None:
    token = issuer.mint(issuer.key(tmp_path), issuer.url(port), "local")

    assert OidcLogins(issuer.url(port), "", time.time).user(token) == "local"


def test_a_login_may_be_for_an_audience(tmp_path: Path, port: int) -> None:
    token = issuer.mint(issuer.key(tmp_path), issuer.url(port), "local", audience="app")

    assert OidcLogins(issuer.url(port), "app", time.time).user(token) == "local"


def test_a_login_ends(tmp_path: Path, port: int) -> None:
    token = issuer.mint(issuer.key(tmp_path), issuer.url(port), "local", lifetime_s=0)

    with pytest.raises(UserNotFoundError):
        OidcLogins(issuer.url(port), "", time.time).user(token)


def test_nothing_private_is_published(port: int) -> None:
    (key,) = requests.get(issuer.url(port) + issuer.KEYS, timeout=5).json()["keys"]

    assert set(key) == {"kty", "crv", "x", "y", "kid", "alg", "use"}


def test_another_path_is_not_found(port: int) -> None:
    assert requests.get(issuer.url(port) + "/token", timeout=5).status_code == 404


def test_the_key_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    first = issuer.key(tmp_path)

    assert issuer.key(tmp_path).private_numbers() == first.private_numbers()
    assert (tmp_path / "issuer.pem").stat().st_mode & 0o777 == 0o600


def test_a_key_file_that_was_never_filled_is_filled(tmp_path: Path) -> None:
    (tmp_path / "issuer.pem").touch()

    assert issuer.key(tmp_path).key_size == 256


def test_it_comes_back_on_its_port(tmp_path: Path) -> None:
    with issuer.listen(tmp_path) as first:
        port = first.getsockname()[1]
    (tmp_path / "environment").write_text(f"export OIDC_ISSUER={issuer.url(port)}\n")

    with issuer.listen(tmp_path) as second:
        assert second.getsockname()[1] == port


def test_a_port_that_is_taken_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        (tmp_path / "environment").write_text(f"export OIDC_ISSUER={issuer.url(busy.getsockname()[1])}\n")

        with issuer.listen(tmp_path) as listener:
            assert listener.getsockname()[1] != busy.getsockname()[1]


@pytest.mark.parametrize("text", ["", "export OIDC_ISSUER=https://id.example\n"])
def test_without_a_port_of_its_own_any_will_do(tmp_path: Path, text: str) -> None:
    (tmp_path / "environment").write_text(text)

    with issuer.listen(tmp_path) as listener:
        assert listener.getsockname()[1]


def test_an_issuer_of_the_users_own_goes_first() -> None:
    assert issuer.places({"OIDC_ISSUER": "http://127.0.0.1:5000"}, 7)["OIDC_ISSUER"] == "http://127.0.0.1:5000"


def test_an_earlier_run_is_no_issuer_of_the_users_own() -> None:
    assert issuer.places({"OIDC_ISSUER": issuer.url(6)}, 7)["OIDC_ISSUER"] == issuer.url(7)
