"""`python -m dev.aws.emulator`: ministack with the patches, as dev.emulator starts it."""

import sys

from ministack import app

from dev.aws import functions, resources, rest_api, transforms
from dev.aws.patches import PatchError


def change_ministack() -> None:
    """Raises PatchError."""
    functions.apply()
    resources.apply()
    rest_api.apply()
    transforms.apply()


def main() -> int:
    try:
        change_ministack()
    except PatchError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    app.main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
