"""`python -m openmind_llm.cli` is `openmind-llm`."""

import sys

from openmind_llm.cli import main

sys.exit(main())
