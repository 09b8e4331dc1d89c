"""What each function loads at its start, as the lists in `modules` have it. Run as a program, it writes them anew.

Names are listed, not seconds: no busy machine changes them. Of the standard library, whose inner modules differ between
patch releases of Python, packages are listed, and no module that begins with an underscore.
"""

import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
LISTS = Path(__file__).parent / "modules"
FUNCTIONS = sorted(path.name for path in (ROOT / "functions").iterdir() if (path / "handler.py").exists())
ENVIRONMENT = {
    "TABLE_NAME": "table",
    "KEY_PEPPER_SECRET": "pepper",
    "PROVIDER_KEYS_SECRET": "keys",
    "USAGE_BUCKET": "bucket",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "POWERTOOLS_SERVICE_NAME": "test",
    "PYTHONPATH": f"{ROOT}/layers/core:{sysconfig.get_path('purelib')}",
}
NOT_DEPLOYED = ("OpenSSL", "awscrt", "click", "h2", "pygments", "rich")
"""Packages of the development environment that libraries take up where they find them."""

OWN = ("functions", "openmind_llm")
HEAD = "# What `{}` loads at its start: make modules writes it. Say in the commit why a line is new.\n"


@cache
def loaded(function: str) -> set[str]:
    """Without what the interpreter loads by itself and without `site`, which an environment may add to."""
    program = (
        f"import sys; before = set(sys.modules); sys.modules.update(dict.fromkeys({NOT_DEPLOYED})); "
        f"import functions.{function}.handler; print(*(set(sys.modules) - before - set({NOT_DEPLOYED})))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-W", "ignore", "-c", program],
        cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return set(done.stdout.split())


def listed(function: str) -> set[str]:
    lines = (LISTS / f"{function}.txt").read_text().splitlines()
    return {line for line in lines if not line.startswith("#")}


def named(modules: Iterable[str]) -> set[str]:
    """As they are listed."""
    return {_name(module) for module in modules if not _is_inner(module)}


def _name(module: str) -> str:
    top = module.partition(".")[0]
    return top if top in sys.stdlib_module_names else module


def _is_inner(module: str) -> bool:
    return module.startswith("_")


def _document(function: str) -> Iterator[str]:
    names = named(loaded(function))
    ours = {name for name in names if name.partition(".")[0] in OWN}
    standard = names & sys.stdlib_module_names
    yield HEAD.format(function)
    for title, group in (("ours", ours), ("packages", names - ours - standard), ("standard library", standard)):
        yield f"# {title}\n"
        yield from (f"{name}\n" for name in sorted(group))


if __name__ == "__main__":
    for one in FUNCTIONS:
        (LISTS / f"{one}.txt").write_text("".join(_document(one)))
