"""`python -m tests.benchmarks.apps.serve PORT [like-for-like]`: one uvicorn worker, set as `make dev` sets it."""

import os
import sys

import uvicorn

from openmind_llm.bootstrap import application
from openmind_llm.settings import Settings
from tests.benchmarks.apps import like_for_like


def main(port: int, *wishes: str) -> None:
    if wishes:
        like_for_like.switch_off(application)
    served = application.create(Settings.from_env(os.environ))
    uvicorn.run(served, host="127.0.0.1", port=port, log_level="warning", access_log=False, lifespan="off")


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
