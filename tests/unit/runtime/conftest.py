"""The Runtime API that each test of the runtime talks to."""

from collections.abc import Iterator

import pytest

from tests.fake_runtime_api import FakeRuntimeApi


@pytest.fixture
def api() -> Iterator[FakeRuntimeApi]:
    with FakeRuntimeApi() as fake:
        yield fake
