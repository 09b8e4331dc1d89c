"""An OIDC issuer of our own on a real socket, with real keys."""

import json
from http.server import BaseHTTPRequestHandler
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from tests.fake_upstream import Reply, json_reply
from tests.loopback import LoopbackServer

type PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey

DESCRIPTION = "/.well-known/openid-configuration"
KEYS = "/keys"


def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def ec_key(curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve or ec.SECP256R1())


def jwk(key: PrivateKey, kid: str, **more: Any) -> dict[str, Any]:
    """The public half, as an issuer publishes it."""
    if isinstance(key, rsa.RSAPrivateKey):
        public = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        public = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**{name: value for name, value in public.items() if name != "key_ops"}, "kid": kid, **more}


def signed(claims: dict[str, Any], key: Any, algorithm: str, kid: str | None) -> str:
    return jwt.encode(claims, key, algorithm, headers={} if kid is None else {"kid": kid})


class FakeIssuer(LoopbackServer):
    """Serves on loopback until closed. `replies` may be changed at any time; `asked` are the paths of the requests."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.replies: dict[str, Reply] = {}
        super().__init__(type("Handler", (_Handler,), {"issuer": self}))
        self.describes()

    def describes(self, **changes: str) -> None:
        self.replies[DESCRIPTION] = json_reply({"issuer": self.url, "jwks_uri": self.url + KEYS, **changes})

    def publishes(self, *keys: dict[str, Any]) -> None:
        self.replies[KEYS] = json_reply({"keys": keys})

    def fails(self) -> None:
        self.replies = {}


class _Handler(BaseHTTPRequestHandler):
    issuer: FakeIssuer

    def do_GET(self) -> None:
        self.issuer.asked.append(self.path)
        reply = self.issuer.replies.get(self.path, Reply(500, json.dumps({"error": "down"}).encode()))
        self.send_response(reply.status)
        for name, value in (reply.headers | {"content-length": str(len(reply.body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""
