"""Where it was measured."""

import os
import platform
import subprocess
from pathlib import Path


def described() -> str:
    where = f"Linux {platform.release()}, Python {platform.python_version()}"
    return f"{_model()}, {os.cpu_count()} cores, {_memory_gb():.0f} GB, {where}"


def load() -> float:
    """Of the last minute, before the bench adds its own."""
    return os.getloadavg()[0]


def _model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def commit() -> str:
    """Of this gateway."""
    command = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "?"
