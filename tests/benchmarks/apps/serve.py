"""`python -m tests.benchmarks.apps.serve PORT [like-for-like]`: one uvicorn worker, set as `make dev` sets it."""

import os
import sys

import uvicorn

from openmind_llm.bootstrap import application
from openmind_llm.settings import Settings
from tests.benchmarks.apps import like_for_like


def main(port: int, create_of: str) -> None:
    create = like_for_like.create_whole if create_of else application.create
    served = create(Settings.from_env(os.environ))
    uvicorn.run(served, host="127.0.0.1", port=port, log_level="warning", access_log=False, lifespan="off")


if __name__ == "__main__":
    main(int(sys.argv[1]), "".join(sys.argv[2:]))
