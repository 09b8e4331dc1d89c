"""The stream function's own handler, with another composition: see apps/like_for_like.py."""

import runpy
from pathlib import Path

from openmind_llm.bootstrap import completions
from tests.benchmarks.apps import like_for_like

completions.create = like_for_like.create
app = runpy.run_path(str(Path(__file__).parents[4] / "functions" / "stream" / "handler.py"))["app"]
