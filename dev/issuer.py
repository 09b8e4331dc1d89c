"""The issuer of logins that `make dev` brings along. IT EXISTS ONLY IN LOCAL DEVELOPMENT and is never deployed.

Whoever can read the state folder can log in as anybody, at this machine's `make dev`.
"""

import hashlib
import json
import re
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from jwt.algorithms import ECAlgorithm

from dev import start
from dev.start import StartError
from openmind_llm.api.asgi import Receive, Scope, Send, send_json

ALGORITHM = "ES256"
DESCRIPTION, KEYS = "/.well-known/openid-configuration", "/.well-known/jwks.json"
_OURS = re.compile(r"http://127\.0\.0\.1:([0-9]{1,5})/make-dev")
"""The path tells it from an issuer that the user runs on this machine."""


def url(port: int) -> str:
    return f"http://127.0.0.1:{port}/make-dev"


def is_ours(url: str) -> bool:
    return bool(_OURS.fullmatch(url))


def key(state: Path) -> EllipticCurvePrivateKey:
    """The key of an earlier run, or a new one. Raises ValueError for a file that holds something else."""
    file = state / "issuer.pem"
    if not (file.exists() and file.read_bytes().strip()):
        fresh = state / "issuer.pem.new"  # whole or not at all
        fresh.touch(mode=0o600)
        made = ec.generate_private_key(ec.SECP256R1())
        fresh.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        fresh.replace(file)
    kept = load_pem_private_key(file.read_bytes(), None)
    if not isinstance(kept, EllipticCurvePrivateKey):
        raise ValueError(f"{file} holds another kind of key: remove it")  # noqa: TRY004 - a file, not an argument
    return kept


def listen(state: Path) -> socket.socket:
    """On the port of the last run if it is free, so that tokens outlive a restart."""
    try:
        kept = _OURS.search((state / "environment").read_text(errors="replace"))
        return start.listen(int(kept[1]) if kept else 0)
    except (OSError, StartError):
        return start.listen(0)


def places(environ: Mapping[str, str], port: int) -> dict[str, str]:
    """An issuer of the user's own is used instead; one of ours is from an earlier run's `.dev/environment`."""
    given = environ.get("OIDC_ISSUER", "")
    return {
        "OIDC_ISSUER": given if given and not is_ours(given) else url(port),
        "OIDC_AUDIENCE": environ.get("OIDC_AUDIENCE", ""),
    }


def mint(
    key: EllipticCurvePrivateKey, issuer: str, subject: str, *, audience: str = "", lifetime_s: float = 3600
) -> str:
    """A login, as Clerk makes them: with `azp` rather than `aud`."""
    now = int(time.time())
    claims = {"iss": issuer, "sub": subject, "iat": now, "nbf": now, "exp": now + lifetime_s}
    return jwt.encode(claims | ({"azp": audience} if audience else {}), key, ALGORITHM, headers={"kid": _kid(key)})


class Issuer:
    """An ASGI application that publishes the public half of `key`. Its own address is where it is asked."""

    def __init__(self, key: EllipticCurvePrivateKey) -> None:
        self._keys = {"keys": [_jwk(key)]}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's
        own = url(scope["server"][1])
        described = {"issuer": own, "jwks_uri": own + KEYS, "id_token_signing_alg_values_supported": [ALGORITHM]}
        answers: dict[str, Any] = {DESCRIPTION: described, KEYS: self._keys}
        answer = answers.get(scope["path"].removeprefix("/make-dev"))
        if answer is None:
            await send_json(send, 404, b'{"error": "Not found"}', {})
        else:
            await send_json(send, 200, json.dumps(answer).encode(), {})


def _jwk(key: EllipticCurvePrivateKey) -> dict[str, Any]:
    public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**public, "kid": _kid(key), "alg": ALGORITHM, "use": "sig"}


def _kid(key: EllipticCurvePrivateKey) -> str:
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(public).hexdigest()[:16]
