"""Run by `python -I -S`: a function on nothing but what is deployed of it. Prints its answer, and what was loaded
from anywhere else.

Arguments: the function's folder, the layers' `python` folder, its handler, an event. A handler that is an
application is served by the runtime of the layer instead, until that is told to stop.
"""

import json
import runpy
import sys
import sysconfig
from importlib import import_module
from pathlib import Path
from typing import Any


def main(function: str, layers: str, handler: str, event: str) -> None:
    sys.path[:0] = [function, layers]
    answer = served() if handler == "handler.app" else called(handler, event)
    sys.stdout.write(json.dumps({"answer": answer, "foreign": foreign(function, layers)}) + "\n")


def called(handler: str, event: str) -> Any:
    """Only loads it if there is no event."""
    module, _, attribute = handler.partition(".")
    function = getattr(import_module(module), attribute)
    try:
        return function(json.loads(event), None) if event else None
    except Exception as error:  # noqa: BLE001 - the answer of a function that fails
        return str(error)


def served() -> Any:
    """The exit code of the runtime, and whether it had the event loop of the streaming layer."""
    try:
        runpy.run_module("openmind_llm.runtime", run_name="__main__")
    except SystemExit as ended:
        return {"exit": ended.code, "is_on_uvloop": "uvloop" in sys.modules}


def foreign(*own: str) -> list[str]:
    """Site-packages lie within the standard library's folder, and are none of it."""
    library = Path(sysconfig.get_path("stdlib")).resolve()
    files = {getattr(module, "__file__", None) for module in sys.modules.values()} - {__file__}
    paths = [Path(file).resolve() for file in files if file]
    ours = [Path(folder).resolve() for folder in own]
    return [str(path) for path in paths if not any(map(path.is_relative_to, ours)) and not _is_of(library, path)]


def _is_of(library: Path, path: Path) -> bool:
    return path.is_relative_to(library) and "site-packages" not in path.parts


if __name__ == "__main__":
    main(*sys.argv[1:])
