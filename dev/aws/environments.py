"""Where a function runs: alone with what was deployed, under Lambda's own client for Python or under its wrapper."""

import hashlib
import importlib.util
import io
import sys
import tempfile
import threading
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

from ministack.core.lambda_runtime import ProvidedWorker
from ministack.services import lambda_svc

from dev.aws import streams
from dev.aws.patches import PatchError, theirs

_OPT = "/opt/"
_MODE = "Lambda-Runtime-Function-Response-Mode"
_RUNTIME = ("awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py")
"""What managed Python brings along in /var/runtime: Lambda's client, and what it needs."""
_unpacking = threading.Lock()


def wrapper(config: dict[str, Any]) -> str | None:
    """Such as /opt/python/openmind-llm-runtime."""
    return _variables(config).get("AWS_LAMBDA_EXEC_WRAPPER")


class ManagedWorker(ProvidedWorker):  # type: ignore[misc]
    """ministack's environment of a custom runtime, which is given what managed Python has."""

    def __init__(self, name: str, config: dict[str, Any], code: bytes) -> None:
        super().__init__(name, config, code)
        self._deployed = (config, code)
        self._pieces: streams.Pieces | None = None

    def invoke(self, *arguments: Any, **named: Any) -> Any:
        self._pieces = streams.listener()
        return super().invoke(*arguments, **named)

    def _spawn(self, *arguments: Any, **named: Any) -> None:
        config, code = self._deployed
        opt = _unpacked([_layer(attached) for attached in config.get("Layers", [])])
        own = {"PYTHONPATH": f"{opt}/python", "LAMBDA_RUNTIME_DIR": str(_runtime())}
        self.config = {**config, "Environment": {"Variables": {**_variables(config), **own}}}
        self.code_zip = _with_bootstrap(code, _program(config, opt))
        super()._spawn(*arguments, **named)

    def _build_handler_class(self, *arguments: Any) -> type:
        worker, original = self, super()._build_handler_class(*arguments)

        class Handler(original):  # type: ignore[misc, valid-type]
            def _read_body(self) -> bytes:
                if self.headers.get(_MODE) != "streaming":
                    return bytes(super()._read_body())
                return b"".join(streams.passed_on(self.rfile, worker._pieces))

        return Handler


def _variables(config: dict[str, Any]) -> dict[str, str]:
    return (config.get("Environment") or {}).get("Variables") or {}


def _program(config: dict[str, Any], opt: Path) -> str:
    """As Lambda calls a wrapper: with the interpreter as its first argument."""
    wrapped = wrapper(config)
    if wrapped:
        return f'exec "{opt}/{wrapped.removeprefix(_OPT)}" "{_interpreter()}"\n'
    path = 'PYTHONPATH="$LAMBDA_TASK_ROOT:$PYTHONPATH:$LAMBDA_RUNTIME_DIR"'
    return f'{path} exec "{_interpreter()}" -m awslambdaric "$_HANDLER"\n'


def _with_bootstrap(code: bytes, program: str) -> bytes:
    """What starts a custom runtime, put beside the function."""
    packed = io.BytesIO(code)
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("bootstrap", f"#!/bin/sh\n{program}")
    return packed.getvalue()


def _layer(attached: Any) -> bytes:
    found: bytes | None = theirs(lambda_svc, "_resolve_layer_zip")(attached)
    if found is None:
        raise PatchError(f"ministack does not hold the layer {attached}")
    return found


def _unpacked(layers: list[bytes]) -> Path:
    """The folder that is /opt on Lambda: all layers in one, the later over the earlier. Made once."""
    digest = hashlib.sha256(b"".join(hashlib.sha256(layer).digest() for layer in layers)).hexdigest()
    folder = _scratch() / digest
    with _unpacking:
        if not folder.exists():
            for layer in layers:
                with zipfile.ZipFile(io.BytesIO(layer)) as packed:
                    theirs(lambda_svc, "_extract_zip_preserving_mode")(packed, str(folder))
    return folder


@cache
def _interpreter() -> Path:
    """This Python without site-packages: no function finds a package of the development environment."""
    program = _scratch() / "python3.13"
    program.write_text(f'#!/bin/sh\nexec "{sys._base_executable}" -S -s "$@"\n')  # type: ignore[attr-defined] # noqa: SLF001
    program.chmod(0o755)
    return program


@cache
def _runtime() -> Path:
    folder = _scratch() / "runtime"
    folder.mkdir()
    for name in _RUNTIME:
        found = importlib.util.find_spec(name)
        if found is None or found.origin is None:
            raise PatchError(f"the package {name} of Lambda's client is missing")
        source = Path(found.origin)
        source = source.parent if found.submodule_search_locations else source
        (folder / source.name).symlink_to(source)
    return folder


@cache
def _scratch() -> Path:
    """Within TMPDIR, which is gone when the emulator ends."""
    return Path(tempfile.mkdtemp(prefix="functions-"))
