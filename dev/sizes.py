"""How large the built functions and layers are: in bytes as they are uploaded (zipped) and as Lambda unpacks them."""

import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

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


def _lines(built: Path) -> Iterator[str]:
    yield f"{'':20}{'zipped MB':>12}{'unzipped MB':>13}{'files':>8}"
    for folder in sorted(path for path in built.iterdir() if path.is_dir()):
        one = size(folder)
        yield f"{folder.name:20}{one.zipped / 1e6:12.2f}{one.unzipped / 1e6:13.2f}{one.files:8}"


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in _lines(BUILT))
