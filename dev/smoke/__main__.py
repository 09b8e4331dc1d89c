"""`python -m dev.smoke`: a look at a deployed gateway, from outside. `make smoke` says how it is called."""

import argparse
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from dev.smoke import loan, rows, table
from dev.smoke.stack import Stack
from dev.smoke.target import Target
from dev.smoke.wire import Door
from dev.start import StartError
from openmind_llm.errors import GatewayError
from openmind_llm.plans import PlanOverrideError
from openmind_llm.storage.secrets import SecretUnreadableError
from openmind_llm.storage.stack import StackNotFoundError

UNREADY = (ValueError, StartError, GatewayError, PlanOverrideError, SecretUnreadableError, StackNotFoundError)
"""What is wrong before anything is looked at."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit codes: 0 all well, 1 a row failed, 2 nothing could be looked at."""
    parsed = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that a key that was minted is revoked
    try:
        asked = rows.named(parsed.rows)
        with _target(parsed) as target:
            results = table.run(asked, target, _tell)
    except UNREADY as error:
        return _nothing(" ".join(str(error).split()))
    except (BotoCoreError, ClientError) as error:
        return _nothing(f"{type(error).__name__}: {error}")
    except KeyboardInterrupt:
        return _nothing("stopped")
    note = _note(target)
    sys.stdout.write(f"{note}{target.api.url}\n\n{table.text(results)}\n\n{table.summary(results)}\n")
    return int(table.has_failed(results))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make smoke", description="Look at a deployed gateway from outside.")
    parser.add_argument("--url", default="", help="what /api/core follows; of a stack, its output ApiUrl")
    parser.add_argument("--stream-url", default="", help="the function URL; of a stack, its output StreamUrl")
    parser.add_argument("--key", default=os.environ.get("OPENMIND_API_KEY", ""), help="else one is minted by the stack")
    parser.add_argument("--stack", default="", help="name of a CloudFormation stack; needs an operator's credentials")
    parser.add_argument("--provider", default="openai")
    parser.add_argument("--model", default="gpt-4o-mini")
    parser.add_argument("--rows", default="", help="only these")
    return parser


@contextmanager
def _target(parsed: argparse.Namespace) -> Iterator[Target]:
    """Raises ValueError, and what AWS and the storage raise."""
    if not parsed.stack and not (parsed.url and parsed.key):
        raise ValueError("say URL and KEY, or STACK")
    stack = Stack(parsed.stack) if parsed.stack else None
    api_url, stream_url = stack.doors if stack else ("", "")
    api = Door(parsed.url or api_url)
    second = parsed.stream_url or stream_url
    target = Target(api, Door(second) if second else None, parsed.key, parsed.provider, parsed.model, stack)
    if stack is None or parsed.key:
        yield target
        return
    with loan.lent(stack) as lent:
        target.loan, target.key = lent, lent.key
        yield target


def _note(target: Target) -> str:
    notes = []
    if target.is_emulated:
        notes.append("AN EMULATOR WAS TALKED TO: this says nothing of AWS.")
    if target.is_simulated:
        notes.append("THE PROVIDER WAS SIMULATED: nobody's model was asked.")
    return "".join(f"{note}\n" for note in notes)


def _tell(name: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{name} ")


def _nothing(why: str) -> int:
    sys.stderr.write(f"make smoke: {why}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
