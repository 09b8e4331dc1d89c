"""Whom a connection by TLS trusts."""

import asyncio
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from openmind_llm import tls
from openmind_llm.providers.http import client as http_client
from openmind_llm.providers.http.client import HttpClient
from openmind_llm.providers.http.errors import UnreachableError
from openmind_llm.providers.http.pool import over
from tests.unit.providers.http.playing import SHORT, provider, read


def certificate(folder: Path, host: str) -> Path:
    """The file of a key, and of a certificate that it has signed itself."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(encoding, form, serialization.NoEncryption())
    path = folder / f"{host}.pem"
    path.write_bytes(secret + signed.public_bytes(encoding))
    return path


def asked(file: Path, http: HttpClient) -> tuple[list[bytes], int, str | None]:
    """Answers of two requests, how many connections they took, and the protocol that was agreed on."""

    async def play() -> tuple[list[bytes], int, str | None]:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(file)
        context.set_alpn_protocols(["h2", "http/1.1"])
        async with provider(SHORT, context=context) as played, http:
            bodies = [await read(http, played.url) for _ in range(2)]
            agreed = played.writers[0].get_extra_info("ssl_object").selected_alpn_protocol()
            return bodies, len(played.writers), agreed

    return asyncio.run(play())


@pytest.fixture
def _certificates_are_read_anew() -> Iterator[None]:
    tls.trusting.cache_clear()
    yield
    tls.trusting.cache_clear()


@pytest.mark.usefixtures("_certificates_are_read_anew")
def test_a_provider_with_a_certificate_for_its_name_is_asked_by_one_kept_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))

    assert asked(file, http_client.client()) == ([b"hi", b"hi"], 1, "http/1.1")


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("is_trusted", [False, True], ids=["unknown", "of another name"])
def test_any_other_is_unreachable(tmp_path: Path, is_trusted: bool) -> None:
    file = certificate(tmp_path, "acme.example" if is_trusted else "localhost")
    context = ssl.create_default_context(cafile=file if is_trusted else None)

    with pytest.raises(UnreachableError):
        asked(file, HttpClient(over(context)))
