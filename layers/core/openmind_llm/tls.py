"""Whom connections trust. Reading the system's certificates takes some 20 ms of CPU, so it is done once for all."""

import functools
import ssl


@functools.cache
def trusting(bundle: str | None = None) -> ssl.SSLContext:
    """The certificates of a file, else those that the system trusts; for HTTP/1.1."""
    context = ssl.create_default_context(cafile=bundle)
    context.set_alpn_protocols(["http/1.1"])
    return context
