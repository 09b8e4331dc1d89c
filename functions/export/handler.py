"""Runs on changes of the table: writes the rows of the ledger that have been settled to the stack's bucket.

Whatever fails makes Lambda try the whole batch again, and the files are then written anew.
"""

import os
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging import utils

from openmind_llm.bootstrap import exports
from openmind_llm.settings import Settings

utils.copy_config_to_registered_loggers(Logger(), include={"openmind_llm"})
export = exports.batches(Settings.from_env(os.environ))


def handler(event: dict[str, Any], _: object) -> dict[str, int]:
    return {"exported": export(event)}
