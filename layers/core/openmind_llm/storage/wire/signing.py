"""Signature Version 4 for the one form of request that the JSON protocols have: POST to `/`, without a query."""

from __future__ import annotations

import hashlib
import hmac
import time

_ALGORITHM = "AWS4-HMAC-SHA256"


class Credentials:
    """Not to be told by accident: it has no text of its own."""

    __slots__ = ("access_key", "secret_key", "token")

    def __init__(self, access_key: str, secret_key: str, token: str = "") -> None:
        self.access_key = access_key
        self.secret_key = secret_key
        self.token = token


class Signer:
    """Of one service in one region. The key is derived once a day."""

    def __init__(self, credentials: Credentials, region: str, service: str, host: str, content_type: str) -> None:
        token = credentials.token
        self._access_key = credentials.access_key
        self._secret = f"AWS4{credentials.secret_key}".encode()
        self._derived_from = region, service, "aws4_request"
        self._scope = f"{region}/{service}/aws4_request"
        self._token_line = f"X-Amz-Security-Token: {token}\r\n" if token else ""
        self._names = f"content-type;host;x-amz-date;{'x-amz-security-token;' if token else ''}x-amz-target"
        self._before_date = f"POST\n/\n\ncontent-type:{content_type}\nhost:{host}\nx-amz-date:"
        self._before_target = f"\n{f'x-amz-security-token:{token}\n' if token else ''}x-amz-target:"
        self._key = "", b""

    def lines(self, target: str, body: bytes, now: float) -> str:
        """The lines of a head that sign it, which has Content-Type, Host and X-Amz-Target beside them."""
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        canonical = (
            f"{self._before_date}{moment}{self._before_target}{target}\n\n"
            f"{self._names}\n{hashlib.sha256(body).hexdigest()}"
        )
        scope = f"{moment[:8]}/{self._scope}"
        to_sign = f"{_ALGORITHM}\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(self._key_of(moment[:8]), to_sign.encode(), "sha256").hex()
        return (
            f"X-Amz-Date: {moment}\r\n{self._token_line}"
            f"Authorization: {_ALGORITHM} Credential={self._access_key}/{scope}, "
            f"SignedHeaders={self._names}, Signature={signature}\r\n"
        )

    def _key_of(self, day: str) -> bytes:
        known_day, key = self._key
        if known_day != day:
            key = hmac.digest(self._secret, day.encode(), "sha256")
            for part in self._derived_from:
                key = hmac.digest(key, part.encode(), "sha256")
            self._key = day, key  # as one: threads may meet here
        return key
