"""Called by CodeDeploy before requests reach new versions: checks them, and says whether they may."""

import os
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging import utils

from openmind_llm.bootstrap import rollouts

utils.copy_config_to_registered_loggers(Logger(), include={"openmind_llm"})


def handler(event: dict[str, str], context: Any) -> dict[str, bool]:
    return {"good": rollouts.report(os.environ, event, lambda: context.get_remaining_time_in_millis() / 1000)}
