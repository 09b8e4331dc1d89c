"""Completions, streamed and whole, as the application of the streaming runtime."""

import os

from openmind_llm.bootstrap import completions, telemetry
from openmind_llm.settings import Settings

settings = Settings.from_env(os.environ)
telemetry.log(settings)
app = completions.create(settings)
