"""The matrix is played once."""

import pytest

from tests.integration.faults import played
from tests.integration.faults.played import Played


@pytest.fixture(scope="session")
def seen() -> Played:
    return played.all_of_it()
