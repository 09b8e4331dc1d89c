"""SnapStart's hooks, as the managed runtime's own client runs them (awslambdaric 4.2: lambda_runtime_hooks_runner)."""

import importlib
import importlib.util
from typing import Any

from openmind_llm.runtime.api import RuntimeApi
from openmind_llm.runtime.faults import Fault

_REGISTRY = "snapshot_restore_py"
"""Where applications register their hooks; part of managed Python."""


async def taken(api: RuntimeApi) -> bool:
    """Runs the hooks before and after the snapshot; False if one failed, which has been reported then."""
    try:
        for function, positional, named in reversed(_hooks("get_before_snapshot")):
            function(*positional, **named)
    except Exception as error:  # noqa: BLE001 - a hook may raise anything
        await _report(api, "init", Fault.of(error, "Runtime.BeforeSnapshotError", "A hook before the snapshot failed"))
        return False
    await api.restored()
    try:
        for function, positional, named in _hooks("get_after_restore"):
            function(*positional, **named)
    except Exception as error:  # noqa: BLE001
        await _report(api, "restore", Fault.of(error, "Runtime.AfterRestoreError", "A hook after the restore failed"))
        return False
    return True


def _hooks(registered: str) -> list[Any]:
    """Triples of a function, its arguments and its named arguments, in the order of registration."""
    if importlib.util.find_spec(_REGISTRY) is None:
        return []
    return list(getattr(importlib.import_module(_REGISTRY), registered)())


async def _report(api: RuntimeApi, phase: str, fault: Fault) -> None:
    fault.log()
    await api.fail_phase(phase, fault)
