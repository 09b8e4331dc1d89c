"""`python -m dev.operate preflight | deploy | smoke | destroy | restore | account`: the rest by make's variables."""

import os
import sys
from collections.abc import Callable, Iterable

from botocore.exceptions import BotoCoreError, ClientError

from dev.operate import account, deploy, destroy, preflight, restore, smoke
from dev.operate.target import Target, target
from dev.start import StartError


def main(arguments: list[str]) -> int:
    if os.environ.get("AWS_REGION"):  # which boto3 does not read, while all other SDKs do
        os.environ["AWS_DEFAULT_REGION"] = os.environ["AWS_REGION"]
    try:
        if arguments == ["account"]:
            _tell(account.run(os.environ))
        else:
            ACTIONS[arguments[0]](target(os.environ))
    except StartError as error:
        return _fail(str(error))
    except (BotoCoreError, ClientError, OSError) as error:
        return _fail(f"{type(error).__name__}: {' '.join(str(error).split())}")
    except KeyboardInterrupt:
        return _fail("stopped; do the same again to go on")
    return 0


def _preflight(to: Target) -> None:
    seen = preflight.look(to)
    found = list(preflight.faults(seen, to))
    if found:
        raise StartError("\nmake: ".join(found))
    _tell([f"{to.stack} ({to.stage}) in account {seen.id}, {seen.region}"])


def _destroy(to: Target) -> None:
    destroy.confirm(to, os.environ, input)
    _tell(destroy.run(to))


def _tell(lines: Iterable[str]) -> None:
    for line in lines:
        print(line, flush=True)


def _fail(why: str) -> int:
    sys.stderr.write(f"make: {why}\n")
    return 1


ACTIONS: dict[str, Callable[[Target], None]] = {
    "preflight": _preflight,
    "deploy": lambda to: deploy.run(to, os.environ),
    "destroy": _destroy,
    "smoke": lambda to: _tell([smoke.run(to, os.environ)]),
    "restore": lambda to: _tell([restore.run(to, os.environ)]),
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
