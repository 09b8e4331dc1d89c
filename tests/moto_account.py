"""An empty AWS account in this process, by moto: for single calls. Races want ministack."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from moto import mock_aws

REGION = "us-east-1"
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}


@contextmanager
def account() -> Iterator[None]:
    """Whatever emulator or profile the shell points to."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
            patch.delenv(name, raising=False)
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        with mock_aws():
            yield
