"""`python -m dev.token`: a login of the local account, for the gateway that `make dev` serves."""

import sys
from collections.abc import Mapping
from pathlib import Path

from dev import issuer, seed, start
from dev.start import StartError


def run(_: Mapping[str, str], state: Path) -> None:
    """Prints it. Raises StartError."""
    left = start.environment_of_dev(state)
    trusted = left.get("OIDC_ISSUER", "")
    if not issuer.is_ours(trusted):
        raise StartError(f"`make dev` trusts the logins of {trusted or 'nobody'}: get one there")
    print(issuer.mint(issuer.key(state), trusted, seed.ACCOUNT, audience=left.get("OIDC_AUDIENCE", "")))


if __name__ == "__main__":
    sys.exit(start.command("dev-token", run))
