"""Certificates are verified, and an operator may say by which."""

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from openmind_llm.storage.wire.errors import UnreachableError
from openmind_llm.storage.wire.service import DYNAMODB, Service, Waiting
from tests.unit.storage.fake_aws import answer, fake_aws
from tests.unit.storage.wired import service

WELL = answer(b"{}")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 127.0.0.1, by itself, with its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


def served_by(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def made(url: str, **more: str) -> Service:
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "eu-central-1"}
    variables = {**keys, "AWS_ENDPOINT_URL": url.replace("http:", "https:"), **more}
    return service(variables, DYNAMODB, Waiting(10, 10, 1))


def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Path) -> None:
    with fake_aws([WELL], tls=served_by(certificate)) as aws, pytest.raises(UnreachableError) as caught:
        made(aws.url).call("GetItem", {})
    assert (caught.value.code, aws.bodies) == ("SSLCertVerificationError", [])


def test_a_certificate_of_the_operators_bundle_is_trusted(certificate: Path) -> None:
    with fake_aws([WELL, WELL], tls=served_by(certificate)) as aws:
        client = made(aws.url, AWS_CA_BUNDLE=str(certificate))

        assert [client.call("GetItem", {}) for _ in range(2)] == [{}, {}]
    assert len(aws.bodies) == 2
