"""`python -m tests.benchmarks`: measures, prints tables, and ends with the targets. README.md tells the options."""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks import bench, machine, report
from tests.benchmarks.bench import Found, Wishes


def main() -> int:
    """Zero where everything of ours was measured, whatever the values are."""
    told = _parser().parse_args()
    parts = told.only.split(",") if told.only else tuple(bench.PARTS)
    unknown = set(parts) - set(bench.PARTS)
    if unknown:
        sys.stderr.write(f"make bench: no part {', '.join(sorted(unknown))}: there are {', '.join(bench.PARTS)}\n")
        return 2
    began = time.monotonic()

    def say(text: str) -> None:
        sys.stderr.write(f"{time.monotonic() - began:6.1f} s  {text}\n")

    load = machine.load()
    with tempfile.TemporaryDirectory(prefix="openmind-bench-") as folder:
        found = asyncio.run(bench.run(Wishes(parts, told.rounds, told.peers != "off"), Path(folder), say))
    heading = f"{machine.described()}; load before: {load:.1f}; {told.rounds} rounds; {time.monotonic() - began:.0f} s"
    _write(found, heading, told)
    return 1 if found.broken or report.ours_failing(found) else 0


def _write(found: Found, heading: str, told: argparse.Namespace) -> None:
    tables = list(report.tables(found))
    sys.stdout.write("\n\n".join((heading, *(table.aligned() for table in tables))) + "\n")
    if told.markdown:
        told.markdown.write_text("\n\n".join((heading, *(table.markdown() for table in tables))) + "\n")
    if told.json:
        told.json.write_text(json.dumps({"machine": heading, "values": found.values}, indent=2) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help=f"parts, with commas between: {', '.join(bench.PARTS)}")
    parser.add_argument("--peers", default="on", choices=["on", "off"])
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--json", type=Path)
    return parser


if __name__ == "__main__":
    sys.exit(main())
