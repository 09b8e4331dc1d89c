"""How large the stream function is, with the layers that the template gives it: zipped, as it is uploaded."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dev import seed, sizes
from tests.benchmarks.ours import ROOT

FUNCTION = "StreamFunction"
_DEFAULTS = "Globals"


@dataclass(frozen=True, slots=True)
class Part:
    """A function or a layer, in megabytes."""

    name: str
    zipped: float
    unzipped: float


def stream(folder: Path) -> list[Part]:
    """Built anew in `folder`, for Lambda's processor: what lies in .aws-sam may be old. Raises CalledProcessError."""
    template = yaml.load(seed.TEMPLATE.read_text(), Loader=_Loader)  # noqa: S506 - a SafeLoader
    resources = template["Resources"]
    function = resources[FUNCTION]["Properties"]
    shared = template.get(_DEFAULTS, {}).get("Function", {}).get("Layers", [])
    layers = [*shared, *function.get("Layers", [])]
    parts = [_part(FUNCTION, ROOT / function["CodeUri"])]
    return parts + [_part(name, _built(name, resources[name], folder / name)) for name in layers]


def _built(name: str, layer: dict[str, Any], target: Path) -> Path:
    source = ROOT / layer["Properties"]["ContentUri"]
    if layer["Metadata"]["BuildMethod"] != "makefile":
        shutil.copytree(source, target / "python", ignore=shutil.ignore_patterns("__pycache__"))
        return target
    target.mkdir()
    path = f"{ROOT / '.uv' / 'bin'}:{os.environ['PATH']}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {"PATH": path}
    work = target.with_name(f"{name}-source")
    shutil.copytree(source, work)
    command = ["make", "--silent", "-f", source / "Makefile", f"build-{name}", f"ARTIFACTS_DIR={target}"]
    subprocess.run(command, cwd=work, env=environment, check=True, stdout=subprocess.DEVNULL)
    return target


def _part(name: str, folder: Path) -> Part:
    size = sizes.size(folder)
    return Part(name, size.zipped / 1e6, size.unzipped / 1e6)


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: of `!Ref X`, X."""


_Loader.add_multi_constructor("!", lambda loader, _, node: _plain(loader, node))


def _plain(loader: yaml.SafeLoader, node: Any) -> Any:
    return node.value if isinstance(node.value, str) else getattr(loader, f"construct_{node.id}")(node, deep=True)
