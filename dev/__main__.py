"""`python -m dev`: the whole gateway on this machine."""

import argparse
import os
import sys
from pathlib import Path

from dev import serve

STATE = Path(__file__).parent.parent / ".dev"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m dev", description="Serve the gateway on loopback.")
    parser.add_argument("--state", type=Path, default=STATE, help="folder that survives a restart")
    try:
        serve.run(os.environ, parser.parse_args().state)
    except serve.StartError as error:
        sys.stderr.write(f"make dev: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
