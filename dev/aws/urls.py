"""`python -m dev.aws.urls`: where the doors of the stack $STACK are on the emulator, as exports to source."""

import os
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from dev.outputs import outputs
from dev.start import StartError

STACK = "openmind-llm-dev"


def urls(stack: str, session: boto3.Session, endpoint: str) -> dict[str, str]:
    """The stack's outputs name hosts of AWS. Both URLs end without a slash. Raises StartError."""
    told = outputs(stack, session.client("cloudformation", endpoint_url=endpoint))
    try:
        api, url = (told[name].partition("//")[2].partition(".")[0] for name in ("ApiUrl", "StreamUrl"))
    except KeyError:
        raise StartError(f"{stack} is not a stack of this gateway, or its StreamUrl is off") from None
    stage = told["ApiUrl"].rpartition("/")[2]
    return {
        "API_URL": f"{endpoint}/_aws/execute-api/{api}/{stage}",
        "STREAM_URL": f"{endpoint}/_aws/lambda-url/{url}",
    }


def main() -> int:
    try:
        found = urls(os.environ.get("STACK") or STACK, boto3.Session(), os.environ["AWS_ENDPOINT_URL"])
    except KeyError:
        sys.stderr.write("make emulator-urls: `source .dev/aws/environment` first\n")
        return 1
    except (StartError, BotoCoreError, ClientError) as error:
        sys.stderr.write(f"make emulator-urls: {error}\n")
        return 1
    print(*(f"export {name}={value}" for name, value in found.items()), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
