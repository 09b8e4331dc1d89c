"""Imports point inwards, and each library stays behind its one module."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "layers" / "core" / "openmind_llm"

MAY_IMPORT = {
    "redaction": set(),
    "errors": {"redaction"},
    "settings": set(),
    "tls": set(),
    "classes": set(),
    "domain": {"domain", "errors", "redaction"},
    "providers": {"providers", "domain", "errors", "redaction", "tls"},
    "plans": {"plans", "domain", "errors"},
    "storage": {"storage", "domain", "errors", "redaction", "tls"},
    "identity": {"identity", "domain", "errors", "redaction"},
    "telemetry": {"telemetry", "domain", "redaction"},
    "api": {"api", "domain", "errors", "redaction", "portal"},
    "portal": set(),
    "runtime": {"runtime"},
    "bootstrap": {
        "bootstrap",
        "api",
        "domain",
        "errors",
        "identity",
        "plans",
        "providers",
        "settings",
        "storage",
        "telemetry",
    },
    "cli": {"bootstrap", "cli", "domain", "errors", "plans", "settings", "storage"},
    "functions": {"api", "bootstrap", "domain", "errors", "settings"},
}
ONLY_IN = {
    "boto3": {"storage"},
    "botocore": {"storage", "cli"},
    "fastapi": {"api"},
    "starlette": {"api"},
    "pydantic": {"api"},
    "httptools": {"providers"},
    "jwt": {"identity"},
    "cryptography": {"identity"},
    "mangum": {"functions"},
    "aws_lambda_powertools": {"functions", "telemetry"},
    "aws_lambda_powertools.metrics": {"telemetry"},
}
FREE_OF_FASTAPI = ("api/asgi.py", "api/completions.py", "api/errors.py", "api/middleware.py")


def _modules() -> Iterator[tuple[Path, str]]:
    """Each source file with the unit of the architecture that it belongs to."""
    for path in PACKAGE.rglob("*.py"):
        yield path, path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for path in (ROOT / "functions").rglob("*.py"):
        yield path, "functions"


def _imports(path: Path) -> Iterator[str]:
    """Full dotted names; `from a import b` gives `a.b`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize(("path", "unit"), [pytest.param(*m, id=str(m[0].relative_to(ROOT))) for m in _modules()])
def test_a_module_imports_only_what_its_place_allows(path: Path, unit: str) -> None:
    if path == PACKAGE / "__init__.py":
        return
    for name in _imports(path):
        top, _, rest = name.partition(".")
        inner = rest.partition(".")[0]
        if top == "openmind_llm" and inner not in ("__version__", "classes"):
            assert inner in MAY_IMPORT[unit], f"{unit} imports {name}"
        elif top != "openmind_llm":
            for library in (top, ".".join(name.split(".")[:2])):
                assert unit in ONLY_IN.get(library, {unit}), f"{unit} imports {name}"


@pytest.mark.parametrize("units", [{"domain", "errors", "redaction", "settings"}, {"runtime"}])
def test_domain_and_runtime_need_the_standard_library_alone(units: set[str]) -> None:
    foreign = {name.partition(".")[0] for path, unit in _modules() if unit in units for name in _imports(path)}

    assert foreign - sys.stdlib_module_names == {"openmind_llm"}


@pytest.mark.parametrize("file", FREE_OF_FASTAPI)
def test_the_completions_path_runs_without_a_framework(file: str) -> None:
    names = {name.partition(".")[0] for name in _imports(PACKAGE / file)}

    assert not names & {"fastapi", "starlette", "pydantic"}


def test_only_settings_is_given_the_environment() -> None:
    """The runtime's start reads what Lambda, not the operator, sets; it runs before any of our settings are loaded."""
    readers = {str(path) for path, _ in _modules() if "os.environ" in path.read_text()}
    handlers = {str(path) for path in (ROOT / "functions").rglob("handler.py")}

    assert readers == handlers | {str(PACKAGE / "cli/__init__.py"), str(PACKAGE / "runtime/__main__.py")}


@pytest.mark.parametrize("path", [p for p, _ in _modules()], ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_stays_under_300_lines_and_a_function_under_40(path: Path) -> None:
    text = path.read_text()
    functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]

    assert len(text.splitlines()) < 300
    assert all((n.end_lineno or 0) - n.lineno < 40 for n in functions)


@pytest.mark.parametrize("path", sorted((ROOT / "functions").rglob("handler.py")), ids=lambda p: p.parent.name)
def test_a_handler_is_wiring(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 45
