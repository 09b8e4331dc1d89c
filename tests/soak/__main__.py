"""`python -m tests.soak --seconds 600 --seed 1`: runs a soak, tells of it, and fails if anything is wrong."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.soak import checks, report, soak

MOST_SHOWN = 20


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parsed = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    evidence = soak.run(parsed.seconds, parsed.seed, folder)
    problems = checks.problems(evidence)
    sys.stdout.write(report.text(evidence) + "".join(f"WRONG: {line}\n" for line in problems[:MOST_SHOWN]))
    sys.stdout.write(f"{len(problems)} in all; the logs are in {folder}\n" if problems else "")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
