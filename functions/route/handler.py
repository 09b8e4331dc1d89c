"""The application behind API Gateway, buffered."""

import asyncio
import os

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging import utils
from mangum import Mangum

from openmind_llm.bootstrap import application
from openmind_llm.settings import Settings

utils.copy_config_to_registered_loggers(Logger(), include={"openmind_llm"})
# Mangum takes the current event loop, and Python no longer makes one by itself.
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
handler = Mangum(application.create(Settings.from_env(os.environ)), lifespan="off")
