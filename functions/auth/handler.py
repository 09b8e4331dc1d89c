"""The authorizer: an API key in, an IAM policy and what is known of the caller out."""

import os
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging import utils

from openmind_llm.bootstrap import credentials
from openmind_llm.domain import keys
from openmind_llm.errors import AuthenticationError
from openmind_llm.settings import Settings

logger = Logger()
utils.copy_config_to_registered_loggers(logger, include={"openmind_llm"})
authenticate = credentials.authorizer(Settings.from_env(os.environ))


def handler(event: dict[str, Any], _: object) -> dict[str, Any]:
    """Raises Exception("Unauthorized"), the one text that API Gateway turns into a 401."""
    headers = event.get("multiValueHeaders") or {}
    pairs = ((name.lower(), value) for name, values in headers.items() for value in values)
    try:
        caller = authenticate(keys.presented(pairs))
    except AuthenticationError:
        raise Exception("Unauthorized") from None  # noqa: TRY002 - API Gateway compares this very text
    logger.info("authorized", key_id=caller.key_id, account_id=caller.account_id)
    return {
        "principalId": caller.key_id,
        "policyDocument": _allow(event["methodArn"]),
        "context": {"key_id": caller.key_id, "account_id": caller.account_id, "proof": caller.proof},
    }


def _allow(method_arn: str) -> dict[str, Any]:
    """Every path of the stage: a policy may be cached, and then holds for all of the caller's requests."""
    api, stage = method_arn.split("/")[:2]
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": f"{api}/{stage}/*"}
    return {"Version": "2012-10-17", "Statement": [statement]}
