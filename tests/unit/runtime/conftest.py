"""The Runtime API that each test of the runtime talks to."""

import asyncio
from collections.abc import Iterator

import pytest
import uvloop

from tests.fake_runtime_api import FakeRuntimeApi
from tests.unit.runtime import serving


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"], autouse=True)
def _loop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both loops that it may run on."""
    monkeypatch.setattr(serving, "new_loop", request.param)


@pytest.fixture
def api() -> Iterator[FakeRuntimeApi]:
    with FakeRuntimeApi() as fake:
        yield fake
