"""`python -m tests.benchmarks.install`: other gateways, each in a folder of its own under .bench, once.

Versions are pinned: a comparison with whatever is newest could not be repeated.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence

from tests.benchmarks import peers

PYTHON_PACKAGES = {"litellm": "litellm[proxy]==1.106.2", "tensorzero": "tensorzero==2026.6.0"}
PORTKEY = "@portkey-ai/gateway@1.15.2"
NGINX = "nginx-light"
TIMEOUT_S = 900

type Command = Sequence[str]


def main() -> int:
    """Zero whatever could not be installed: the bench does without it."""
    peers.HOME.mkdir(exist_ok=True)
    for name, commands in _missing():
        fault = next(filter(None, map(_fault, commands)), "")
        sys.stderr.write(f"make bench-peers: {name}: {'left out: ' + fault if fault else 'installed'}\n")
    return 0


def _missing() -> Iterator[tuple[str, list[Command]]]:
    """With what installs it; each command goes by its exit code."""
    there = {gateway.name for gateway in peers.installed()}
    for name, requirement in PYTHON_PACKAGES.items():
        if name not in there:
            yield name, _environment(name, requirement)
    if "portkey" not in there:
        home = str(peers.HOME / "portkey")
        yield "portkey", [["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", home, PORTKEY]]
    if "nginx" not in there:
        yield "nginx", _nginx()


def _environment(name: str, requirement: str) -> list[Command]:
    """With bytecode, as a wheel that was installed before would have it: else the first start compiles it."""
    home, uv = str(peers.HOME / name), os.environ.get("UV", str(peers.ROOT / ".uv" / "bin" / "uv"))
    install = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", f"{home}/bin/python", requirement]
    return [[uv, "venv", "--quiet", "--clear", "--python", sys.executable, home], install]


def _nginx() -> list[Command]:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return [["nginx"]]  # nobody here may install it: its absence is told
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", NGINX]
    return [["apt-get", "update", "-q"], install]


def _fault(command: Command) -> str:
    """Empty where it did well."""
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(command, env=quiet, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{command[0]}: {type(error).__name__}"
    said = (done.stderr or done.stdout).strip().splitlines()
    return f"{command[0]} ended with {done.returncode}: {' '.join(said[-1:])}" if done.returncode else ""


if __name__ == "__main__":
    sys.exit(main())
