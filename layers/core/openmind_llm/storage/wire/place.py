"""Where a service is, and who asks: read of the variables of AWS, if they say it all.

They do in Lambda. Where credentials come from elsewhere, or endpoints are of another kind, boto3 knows the ways.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from openmind_llm.storage.wire.signing import Credentials

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    from openmind_llm.storage.wire.service import Protocol

_SUFFIXES = (
    (re.compile(r"cn-[a-z]+-\d+"), "amazonaws.com.cn"),
    (re.compile(r"us-gov-[a-z]+-\d+|(us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d+"), "amazonaws.com"),
)
"""By region. Those of other partitions are left to boto3."""

_FOREIGN = (
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "ALL_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
)
"""What only boto3 heeds."""


class Endpoint(NamedTuple):
    """`tls` is None for http."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    host_header: str


class Place(NamedTuple):
    """`trace` gives what Lambda says of the trace of the invocation at hand, "" outside of Lambda."""

    region: str
    credentials: Credentials
    suffix: str
    variables: Mapping[str, str]
    trace: Callable[[], str]

    def endpoint(self, protocol: Protocol) -> Endpoint:
        url = self.variables.get(protocol.variable) or self.variables.get("AWS_ENDPOINT_URL")
        parts = urlsplit(url or f"https://{protocol.name}.{self.region}.{self.suffix}")
        is_https = parts.scheme == "https"
        tls = _tls(self.variables.get("AWS_CA_BUNDLE") or None) if is_https else None
        return Endpoint(parts.hostname or "", parts.port or (443 if is_https else 80), tls, _host_header(parts.netloc))


def read(variables: Mapping[str, str], trace: Callable[[], str]) -> Place | None:
    """None where the variables do not say it all, or something that is not done here."""
    region = variables.get("AWS_DEFAULT_REGION") or variables.get("AWS_REGION") or ""
    access_key, secret_key = variables.get("AWS_ACCESS_KEY_ID"), variables.get("AWS_SECRET_ACCESS_KEY")
    suffix = next((suffix for pattern, suffix in _SUFFIXES if pattern.fullmatch(region)), None)
    if not access_key or not secret_key or suffix is None or not _is_plain(variables):
        return None
    credentials = Credentials(access_key, secret_key, variables.get("AWS_SESSION_TOKEN", ""))
    return Place(region, credentials, suffix, variables, trace if variables.get("AWS_LAMBDA_FUNCTION_NAME") else str)


def _is_plain(variables: Mapping[str, str]) -> bool:
    urls = [urlsplit(url) for name, url in variables.items() if name.startswith("AWS_ENDPOINT_URL") and url]
    is_usual = all(url.scheme in {"http", "https"} and url.path in {"", "/"} and url.hostname for url in urls)
    return is_usual and not any(variables.get(name, "").lower() not in {"", "false"} for name in _FOREIGN)


def _host_header(netloc: str) -> str:
    """Without what may stand before it."""
    return netloc.rpartition("@")[2]


def _tls(bundle: str | None) -> ssl.SSLContext:
    """Loaded only where it is needed."""
    from openmind_llm import tls  # noqa: PLC0415

    return tls.trusting(bundle)
