"""A minute of what `make soak` does for ten."""

import sys
from pathlib import Path

from tests.soak import checks, report, soak

SECONDS = 60
SEED = 20_261_125


def test_after_a_minute_of_faults_every_request_has_ended_every_charge_is_right_and_nothing_is_left(
    tmp_path: Path,
) -> None:
    evidence = soak.run(SECONDS, SEED, tmp_path)

    sys.stdout.write(f"\n{report.text(evidence)}")
    assert checks.problems(evidence) == []
