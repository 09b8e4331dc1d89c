"""`python -m dev.local_invoke <event> [function]`: `sam local invoke`, or why it cannot be and what to do instead."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
_ENGINE_TIMEOUT_S = 20
_USAGE = "make local-invoke: say EVENT=events/<file>.json; docs/local-invoke.md lists them\n"
_NO_ENGINE = (
    "make local-invoke: no Docker engine answers here, and `sam local invoke` runs functions in AWS's container image "
    "only. Start Docker and try again, or do without it: run `make emulator` in one shell; in another "
    "`source .dev/aws/environment`, `make deploy STAGE=dev` and\n"
    "  .venv/bin/sam remote invoke {function} --stack-name openmind-llm-dev --event-file {event}\n"
    "which sends the same event to the same built function.\n"
)


def main(event: str = "", function: str = "") -> int:
    """The exit code. The function is by default the one that the event's file is named after."""
    if not (ROOT / event).is_file():
        sys.stderr.write(_USAGE)
        return 2
    function = function or f"{Path(event).name.partition('_')[0].capitalize()}Function"
    if not _has_engine():
        sys.stderr.write(_NO_ENGINE.format(function=function, event=event))
        return 1
    built = subprocess.run(["sam", "build"], cwd=ROOT, check=False).returncode
    return built or subprocess.run(_invocation(event, function), cwd=ROOT, check=False).returncode


def _has_engine() -> bool:
    program = shutil.which("docker")
    if program is None:
        return False
    try:
        asked = subprocess.run([program, "info"], capture_output=True, timeout=_ENGINE_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return False
    return asked.returncode == 0


def _invocation(event: str, function: str) -> list[str]:
    given = ["--event", event, "--env-vars", "events/env.example.json"]
    return ["sam", "local", "invoke", function, *given, "--add-host", "host.docker.internal:host-gateway"]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
