"""How large the built layers are, and each function with its layers: bytes as uploaded (zipped) and as unpacked."""

import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from dev import translation
from dev.deployed import PROJECT

BUILT = PROJECT / ".aws-sam" / "build"


@dataclass(frozen=True, slots=True)
class Size:
    zipped: int
    unzipped: int
    files: int


def size(folder: Path) -> Size:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    with TemporaryFile() as archive:
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            for path in files:
                packed.write(path, path.relative_to(folder))
        return Size(archive.tell(), sum(path.stat().st_size for path in files), len(files))


def total(sizes: Iterable[Size]) -> Size:
    each = list(sizes)
    return Size(*(sum(getattr(one, name) for one in each) for name in Size.__slots__))


def sizes(built: Path) -> dict[str, Size]:
    """By layer, then by function: itself and its layers."""
    folders = {path.name: size(path) for path in sorted(built.iterdir()) if path.is_dir()}
    layers = translation.layers(translation.TEMPLATE.read_text())
    functions = {name: total(folders[part] for part in (name, *own)) for name, own in sorted(layers.items())}
    return {name: one for name, one in folders.items() if name not in functions} | functions


def _lines(built: Path) -> Iterator[str]:
    yield f"{'':20}{'zipped MB':>12}{'unzipped MB':>13}{'files':>8}"
    for name, one in sizes(built).items():
        yield f"{name:20}{one.zipped / 1e6:12.2f}{one.unzipped / 1e6:13.2f}{one.files:8}"


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in _lines(BUILT))
