"""Runs every few minutes: settles the holds of requests whose function died."""

import os

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging import utils

from openmind_llm.bootstrap import sweeping
from openmind_llm.settings import Settings

utils.copy_config_to_registered_loggers(Logger(), include={"openmind_llm"})
sweeper = sweeping.sweeper(Settings.from_env(os.environ))


def handler(_: object, __: object) -> dict[str, int]:
    return {"swept": sweeper.run()}
