"""`python -m dev`: the whole gateway on this machine."""

import sys

from dev import serve, start

if __name__ == "__main__":
    sys.exit(start.command("dev", serve.run))
