"""Logins of one OIDC issuer: signed JWTs."""

import re
from collections.abc import Callable
from typing import Any

import jwt

from openmind_llm.errors import UserNotFoundError
from openmind_llm.identity import claims, fetching
from openmind_llm.identity.key_set import Fetch, Jwk, KeySet

MAX_LENGTH = 8192
"""Characters. A longer token is refused before any work is spent on it."""

KEYS = {
    "RS256": ("RSA", None),
    "RS384": ("RSA", None),
    "RS512": ("RSA", None),
    "PS256": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "EdDSA": ("OKP", "Ed25519"),
}
"""The algorithms that a token may be signed with, each with the `kty` and `crv` of its keys."""

_SHAPE = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_SIGNATURE_ALONE = jwt.PyJWT(
    {
        "enforce_minimum_key_length": True,
        "verify_exp": False,
        "verify_nbf": False,
        "verify_iat": False,
        "verify_aud": False,
        "verify_iss": False,
        "verify_sub": False,
        "verify_jti": False,
    }
)
"""PyJWT reads the system's clock and knows no `azp`: see `claims` for the rest."""


class OidcLogins:
    """See domain.ports.Logins. Without an `issuer` every login is refused; `now` is in Unix seconds."""

    def __init__(
        self, issuer: str, audience: str, now: Callable[[], float], fetch: Fetch = fetching.json_object
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        self._now = now
        self._keys = KeySet(issuer, now, fetch)

    def user(self, token: str) -> str:
        if not self._issuer or len(token) > MAX_LENGTH or not _SHAPE.fullmatch(token):
            raise UserNotFoundError
        try:
            said = self._signed(token)
        except jwt.PyJWTError:
            raise UserNotFoundError from None  # the cause may quote the token
        return claims.user(said, self._issuer, self._audience, self._now())

    def _signed(self, token: str) -> dict[str, Any]:
        """The claims of a token with a good signature. Raises PyJWTError."""
        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in KEYS:
            raise jwt.InvalidAlgorithmError
        key = next((key for key in self._keys.named(header.get("kid")) if _fits(key, algorithm)), None)
        if key is None:
            raise jwt.InvalidKeyError
        return _SIGNATURE_ALONE.decode(token, jwt.PyJWK(dict(key), algorithm), algorithms=[algorithm])


def _fits(key: Jwk, algorithm: str) -> bool:
    """Whether the key is one of this algorithm's, by what the issuer says of it."""
    kind, curve = KEYS[algorithm]
    return (
        key.get("kty") == kind
        and (curve is None or key.get("crv") == curve)
        and key.get("alg", algorithm) == algorithm
        and key.get("use", "sig") == "sig"
    )
