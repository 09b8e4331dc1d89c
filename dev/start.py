"""How the programs of local development start, and how they say why they cannot."""

import argparse
import os
import shlex
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from openmind_llm.errors import AuthenticationError

STATE = Path(__file__).parent.parent / ".dev"


class StartError(Exception):
    """Something on this machine is in the way; the text is one line that says what to do."""


def command(name: str, run: Callable[[Mapping[str, str], Path], None]) -> int:
    """The exit code of the program that `make <name>` runs, until it is interrupted."""
    parser = argparse.ArgumentParser(prog=f"make {name}")
    parser.add_argument("--state", type=Path, default=STATE, help="folder that survives a restart")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends it, what it started ends first
    try:
        run(os.environ, parser.parse_args().state)
    except StartError as error:
        sys.stderr.write(f"make {name}: {error}\n")
        return 1
    except (OSError, ValueError, AuthenticationError, BotoCoreError, ClientError) as error:
        # Whatever it is, it is in the environment or in the state: a trace would hide it.
        sys.stderr.write(f"make {name}: {type(error).__name__}: {' '.join(str(error).split())}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
    return 0


def use_alone(aws: Mapping[str, str]) -> None:
    """From here on boto3 knows nothing but `aws`: neither the user's account nor another endpoint."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(aws)


def environment_of_dev(state: Path) -> dict[str, str]:
    """What the last `make dev` has left for programs beside it. Raises StartError."""
    try:
        lines = (state / "environment").read_text().splitlines()
    except OSError:
        raise StartError("start `make dev` first, and leave it running") from None
    return dict(shlex.split(line)[1].split("=", 1) for line in lines)


def write_exports(file: Path, variables: Mapping[str, str]) -> None:
    """To be sourced, or read by environment_of_dev."""
    file.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items()))


def port(environ: Mapping[str, str], default: int) -> int:
    """Raises StartError."""
    text = environ.get("PORT") or str(default)
    if not (text.isascii() and text.isdigit()) or int(text) not in range(65536):
        raise StartError(f"PORT is '{text}': it must be a number up to 65535")
    return int(text)


def listen(port: int) -> socket.socket:
    """Raises StartError."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise StartError(f"port {port} cannot be used ({error.strerror}): try PORT={port + 1}") from None
    listener.listen(2048)
    return listener


def answers(port: int) -> bool:
    """Whether something listens."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
