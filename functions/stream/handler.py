"""Completions, streamed and whole, as the application of the streaming runtime."""

import os

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging import utils

from openmind_llm.bootstrap import completions, telemetry
from openmind_llm.settings import Settings

utils.copy_config_to_registered_loggers(Logger(logger_formatter=telemetry.lines()), include={"openmind_llm"})
app = completions.create(Settings.from_env(os.environ))
