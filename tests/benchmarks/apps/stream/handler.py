"""The stream function's own handler, without what apps/like_for_like.py switches off."""

import runpy
from pathlib import Path

from openmind_llm.bootstrap import completions
from tests.benchmarks.apps import like_for_like

like_for_like.switch_off(completions)
app = runpy.run_path(str(Path(__file__).parents[4] / "functions" / "stream" / "handler.py"))["app"]
