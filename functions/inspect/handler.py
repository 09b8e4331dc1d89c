"""Runs every night: looks at the providers' lists of models, and checks the ledger of every account."""

import os
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging import utils

from openmind_llm.bootstrap import inspections
from openmind_llm.settings import Settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

utils.copy_config_to_registered_loggers(Logger(), include={"openmind_llm"})
nightly = inspections.nightly(Settings.from_env(os.environ))


def handler(_: object, context: "LambdaContext") -> dict[str, int]:
    return nightly.run(context.get_remaining_time_in_millis() / 1000)
